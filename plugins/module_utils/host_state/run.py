"""The calls that the controller makes: compare, apply, commit and acknowledge."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator, Sequence

from . import containers, disk, packages, sysctl, units
from .accounts import group_drift, user_drift
from .manifest import Manifest, StateError, Unit, read_manifest
from .record import Record, Records
from .survey import Survey
from .watch import View

LOCK_WAIT_S = 60
DUE = "due"  # instead of a fingerprint: no content will match it


@dataclass(frozen=True)
class Call:
    """One call of the module, as the action plugin sends it."""

    op: str
    state_directory: str
    manifest: dict[str, Any]
    check: bool = False
    diff: bool = False
    blobs: dict[str, str] | None = None
    started: dict[str, dict[str, str]] | None = (
        None  # commit: {unit: fingerprints} that the units now run with
    )
    names: Sequence[str] = ()  # acknowledge


def run(call: Call) -> dict[str, Any]:
    """Carry out a call. Raises StateError."""
    manifest = read_manifest(call.manifest)
    records = Records(call.state_directory)
    if call.op == "compare":
        return _compare(call, manifest, records)
    with _lock(call.state_directory):
        if call.op == "apply":
            return _apply(call, manifest, records)
        if call.op == "commit":
            return _commit(manifest.name, records, call.started or {})
        if call.op == "acknowledge":
            return _acknowledge(manifest.name, records, call.names)
    raise StateError(f"unknown call {call.op!r}")


def _compare(call: Call, manifest: Manifest, records: Records) -> dict[str, Any]:
    record = records.load(manifest.name)
    missing, present = packages.package_drift(manifest.packages, manifest.packages_absent)
    groups, users = group_drift(manifest.groups), user_drift(manifest.users)
    lenient = call.check or bool(missing or groups or users)
    survey = Survey(manifest, record, records.claims(manifest.name), call.blobs or {}, lenient)
    drift, unavailable = sysctl.sysctl_drift(manifest.sysctl, record.refused)
    result = _seen(survey, record, survey.view, lenient)
    result.update(
        packages_missing=missing,
        packages_present=present,
        groups=groups,
        users=users,
        sysctl=sorted(drift),
        unavailable=sorted(unavailable),
        wanted_blobs=sorted(set(survey.wanted_blobs)),
    )
    work = bool(survey.changes or survey.removals or drift or record.pending or record.daemon_reload)
    result["needs_apply"] = work or _remember(survey, record, result).text() != record.text()
    result["interrupted"] = bool(record.pending)
    if call.diff:
        from .diffs import diffs

        result["diff"] = diffs(survey) + [
            {"before_header": key, "after_header": key, "before": f"{live}\n", "after": f"{value}\n"}
            for key, (live, value) in sorted(drift.items())
        ]
    if call.check and not missing:
        from .staging import validate

        result["not_validated"] = validate(survey, call.state_directory, only_if_possible=True)
    return result


def _apply(call: Call, manifest: Manifest, records: Records) -> dict[str, Any]:
    from .apply import apply, set_sysctl
    from .diffs import diffs
    from .staging import validate

    record = records.load(manifest.name)
    survey = Survey(manifest, record, records.claims(manifest.name), call.blobs or {})
    shown = diffs(survey) if call.diff else []
    validate(survey, call.state_directory)
    live = sorted(sysctl.sysctl_drift(manifest.sysctl, record.refused)[0])
    apply(survey, record, records)
    unavailable = set_sysctl(survey, record)
    result = _seen(survey, record, View())
    record.pending, record.daemon_reload = [], False
    records.save(_remember(survey, record, result))
    result.update(
        unavailable=unavailable,
        sysctl=[key for key in live if key not in unavailable],
    )
    if call.diff:
        result["diff"] = shown
    return result


def _seen(survey: Survey, record: Record, view: View, lenient: bool = False) -> dict[str, Any]:
    """Return what compare and apply both report: paths, units to mend, triggers, containers."""
    manifest = survey.manifest
    shown = units.show([unit.name for unit in manifest.units])
    fingerprints = {unit.name: _watched(unit, view, record.salt) for unit in manifest.units}
    coming = {os.path.basename(path) for path, mark in survey.view.overlay.items() if mark is not None}
    actions = []
    for unit in manifest.units:
        to_come = lenient or _file_name(unit.name) in coming
        action = units.unit_action(
            unit, shown[unit.name], record.units.get(unit.name, {}), fingerprints[unit.name], to_come
        )
        if action is not None:
            actions.append(action)
    triggers = {name: view.fingerprint(paths, record.salt) for name, paths in manifest.triggers.items()}
    return {
        "changed_paths": survey.paths,
        "removed": survey.removed,
        "units": actions,
        "fingerprints": fingerprints,
        "triggered": sorted(name for name, now in triggers.items() if now != record.triggers.get(name, "")),
        "containers_down": containers.containers_down(manifest.containers),
    }


def _file_name(unit: str) -> str:
    """Return the name of the file that brings a unit: the template's for an instance."""
    name, dot, kind = unit.rpartition(".")
    stem, at, _ = name.partition("@")
    return f"{stem}{at}{dot}{kind}"


def _watched(unit: Unit, view: View, salt: str) -> dict[str, str]:
    """Return the fingerprints of what a unit watches: none when it watches nothing."""
    watched = {"restart": unit.restart_on, "reload": unit.reload_on}
    return {kind: view.fingerprint(paths, salt) for kind, paths in watched.items() if paths}


def _remember(survey: Survey, record: Record, result: dict[str, Any]) -> Record:
    """Return the record for when the survey is carried out and the units of `result` are still to mend."""
    acting = {action["name"] for action in result["units"]}
    seen = {
        name: _due(record.units.get(name, {}), now) if name in acting else now
        for name, now in result["fingerprints"].items()
    }
    triggers = {name: now for name, now in record.triggers.items() if name in survey.manifest.triggers}
    triggers.update((name, DUE) for name in result["triggered"])
    return Record(
        owner=record.owner,
        salt=record.salt,
        paths=survey.entries,
        units=seen,
        triggers=triggers,
        watched=dict(survey.manifest.triggers),
        refused=record.refused,
    )


def _due(seen: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    """Return what a unit has read, marking what it has yet to: the old files coming back is no way out."""
    return {kind: was if was == now.get(kind) else DUE for kind, was in seen.items()}


def _commit(owner: str, records: Records, started: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Remember with which files the units now run."""
    record = records.load(owner)
    record.units.update(started)
    records.save(record)
    return {}


def _acknowledge(owner: str, records: Records, names: Sequence[str]) -> dict[str, Any]:
    """Remember that the consequences of triggers were drawn."""
    record = records.load(owner)
    unknown = [name for name in names if name not in record.watched]
    if unknown:
        raise StateError(
            f"acknowledge: host_state {owner} has no trigger {', '.join(unknown)}; it has:"
            f" {', '.join(sorted(record.watched)) or 'none'}"
        )
    view = View()
    for name in names:
        record.triggers[name] = view.fingerprint(record.watched[name], record.salt)
    records.save(record)
    return {"acknowledged": list(names)}


@contextmanager
def _lock(directory: str) -> Iterator[None]:
    """Hold the state directory for this process. Raises StateError when another keeps it for LOCK_WAIT_S."""
    disk.make_private(directory)
    with open(os.path.join(directory, ".lock"), "w", encoding="ascii") as handle:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise StateError(
                        f"another run has held {directory}/.lock for {LOCK_WAIT_S} s: wait until it ends"
                    ) from None
                time.sleep(0.2)
        yield
