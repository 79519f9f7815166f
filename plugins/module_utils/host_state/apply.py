"""Carrying out a survey: each path is whole at every moment, and the next run finishes an interrupted one."""

from __future__ import annotations

import os
import shutil
import time

from . import disk, sysctl, units
from .changes import Change, Removal
from .manifest import Link, StateError
from .record import Record, Records
from .survey import Survey


def apply(survey: Survey, record: Record, records: Records) -> None:
    """Write, link and remove what the survey found. The caller has validated it.

    The record names beforehand every path that is about to be touched, so that what an interruption
    leaves is known to the next run.
    """
    for path in record.pending:
        disk.remove_temp(path)
    _announce(survey, record, records)
    _retire_units(survey)
    touched: list[str] = []
    for change in survey.changes:
        if change.kind == "directory":
            touched += _make_directory(change)
    for change in survey.changes:
        if change.kind == "secret":
            touched += _write_secret(change)
    try:
        touched += _write_files(survey, records)
    except (OSError, StateError):
        # A full disk, say: what was written so far must not stay to fill it.
        for path in record.pending:
            disk.remove_temp(path)
        raise
    for removal in survey.removals:
        touched += _remove(removal, records)
    disk.sync_directories(touched)
    if record.daemon_reload:
        units.daemon_reload()


def set_sysctl(survey: Survey, record: Record) -> list[str]:
    """Set the live values that differ; return the keys that could not be. Refused values are remembered."""
    wanted = survey.manifest.sysctl
    record.refused = {key: value for key, value in record.refused.items() if wanted.get(key) == value}
    drift, unavailable = sysctl.sysctl_drift(wanted, record.refused)
    for key in drift:
        if not sysctl.set_live(key, wanted[key]):
            record.refused[key] = wanted[key]
            unavailable.append(key)
    return sorted(unavailable)


def _announce(survey: Survey, record: Record, records: Records) -> None:
    paths = [change.path for change in survey.changes] + [removal.path for removal in survey.removals]
    record.pending = sorted(set(paths))
    record.daemon_reload = record.daemon_reload or any(units.is_unit_file(path) for path in paths)
    for path, entry in survey.entries.items():
        # Until the rename the old content stands there: it keeps its old hash, or none.
        record.paths.setdefault(path, dict(entry, hash=""))
    records.save(record)


def _retire_units(survey: Survey) -> None:
    for removal in survey.removals:
        folder, name = os.path.split(removal.path)
        if removal.kind == "file" and units.is_unit_file(removal.path) and folder.endswith("/system"):
            units.retire(name)


def _make_directory(change: Change) -> list[str]:
    path = change.path
    if change.found is None or change.found.kind != "directory":
        if change.found is not None:
            os.unlink(path)
        os.mkdir(path, 0o700)
    _attributes(change)
    return [path, os.path.dirname(path)]


def _write_secret(change: Change) -> list[str]:
    if change.content is not None:
        disk.write_atomic(change.path, change.content, *_numbers(change), change.mode)
    else:
        _attributes(change)
    return [os.path.dirname(change.path)]


def _write_files(survey: Survey, records: Records) -> list[str]:
    """Write all new content beside the old, then rename all of it."""
    changes = [change for change in survey.changes if change.kind in ("file", "link")]
    renames = []
    for change in changes:
        if isinstance(change.item, Link):
            disk.link_temp(change.path, change.item.target)
        elif not change.new_content:
            _attributes(change)
            continue
        elif change.content is None:
            raise StateError(f"{change.item.label} {change.path}: its content was not transferred")
        else:
            disk.write_temp(change.path, change.content, *_numbers(change), change.mode)
        renames.append(change)
    for change in renames:
        if change.found is not None and change.found.kind == "directory":
            os.rmdir(change.path)
        elif change.adopts:
            keep_aside(change.path, records.directory)
        disk.replace(change.path)
    return [os.path.dirname(change.path) for change in changes]


def _remove(removal: Removal, records: Records) -> list[str]:
    path = removal.path
    if not os.path.lexists(path):
        return []
    if removal.aside:
        keep_aside(path, records.directory)
    if removal.kind == "directory" and removal.listed:
        shutil.rmtree(path)
    elif removal.kind == "directory":
        os.rmdir(path)
    else:
        os.unlink(path)
    return [os.path.dirname(path)]


def keep_aside(path: str, directory: str) -> None:
    """Copy a file under `kept` in the state directory, with the time in its name."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    target = os.path.join(directory, "kept", f"{path.lstrip('/')}.{stamp}")
    disk.make_private(os.path.dirname(target))
    shutil.copyfile(path, target)
    os.chmod(target, 0o600)


def _attributes(change: Change) -> None:
    uid, gid = _numbers(change)
    os.chown(change.path, uid, gid, follow_symlinks=False)
    os.chmod(change.path, change.mode)


def _numbers(change: Change) -> tuple[int, int]:
    if change.uid is None or change.gid is None:
        raise StateError(f"{change.item.label} {change.path}: its owner or group does not exist")
    return change.uid, change.gid
