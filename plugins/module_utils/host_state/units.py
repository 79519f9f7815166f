"""systemd units: what they are, and what has to change through ansible.builtin.systemd_service."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any, Sequence

from .manifest import StateError, Unit

UNIT_DIRECTORIES = (
    "/etc/systemd/system/",
    "/run/systemd/system/",
    "/usr/local/lib/systemd/system/",
    "/usr/lib/systemd/system/",
    "/lib/systemd/system/",
)
_PROPERTIES = "Id,LoadState,ActiveState,SubState,UnitFileState"
# What `systemctl enable` cannot improve: the unit starts without it, or is pulled in by another.
_ENABLED = ("enabled", "static", "generated", "alias", "indirect", "transient", "linked")
_DISABLED = (
    "disabled",
    "static",
    "generated",
    "indirect",
    "masked",
    "masked-runtime",
    "transient",
    "linked",
    "",
)
_STOPPED = ("inactive", "failed", "deactivating")


def is_unit_file(path: str) -> bool:
    """Tell whether systemd must be reloaded after a change of `path`."""
    return path.startswith(UNIT_DIRECTORIES)


def show(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return {unit: {property: value}}, all of one call. Raises StateError when systemd does not answer."""
    if not names:
        return {}
    _need_systemctl(names)
    command = ["systemctl", "show", "--no-pager", "--property", _PROPERTIES, "--", *names]
    run = subprocess.run(command, capture_output=True, check=False)
    if run.returncode != 0:
        raise StateError(f"systemctl show failed: {run.stderr.decode(errors='replace').strip()}")
    return read_shown(names, run.stdout.decode(errors="replace"))


def read_shown(names: Sequence[str], text: str) -> dict[str, dict[str, str]]:
    """Return each unit's properties from the output of `systemctl show`, which keeps the order asked for."""
    blocks = [block for block in text.strip().split("\n\n") if block.strip()]
    if len(blocks) != len(names):
        raise StateError(
            f"systemctl show answered for {len(blocks)} of {len(names)} units: {', '.join(names)}"
        )
    return {
        name: dict(line.partition("=")[::2] for line in block.splitlines() if "=" in line)
        for name, block in zip(names, blocks)
    }


def unit_action(
    unit: Unit,
    shown: dict[str, str],
    seen: dict[str, str],
    now: dict[str, str],
    to_come: bool = False,
) -> dict[str, Any] | None:
    """Return the arguments for ansible.builtin.systemd_service that mend the unit, None when it is as wanted.

    `seen` holds the fingerprints of the watched files when the unit last read them, `now` today's. `to_come`
    tells that the unit's file is not there yet but will be.
    """
    load, active = shown.get("LoadState", ""), shown.get("ActiveState", "")
    file_state = shown.get("UnitFileState", "")
    if load == "not-found" and not to_come:
        if unit.enabled or unit.state == "started" or unit.masked is False:
            raise StateError(
                f"{unit.label}: systemd knows no unit {unit.name}: list the package or file that brings it"
            )
        if not unit.masked:
            return None
    action: dict[str, Any] = {}
    is_masked = load == "masked" or file_state.startswith("masked")
    if unit.masked is not None and unit.masked != is_masked:
        action["masked"] = unit.masked
    elif is_masked and unit.masked is None and (unit.enabled or unit.state == "started"):
        raise StateError(f"{unit.label}: {unit.name} is masked: add `masked: false` to let it start")
    if unit.enabled is True and file_state not in _ENABLED:
        action["enabled"] = True
    if unit.enabled is False and file_state not in _DISABLED:
        action["enabled"] = False
    state = _state_change(unit, active, shown.get("SubState", ""), seen, now)
    if state:
        action["state"] = state
    return dict(action, name=unit.name) if action else None


def _state_change(unit: Unit, active: str, sub: str, seen: dict[str, str], now: dict[str, str]) -> str | None:
    running = active in ("active", "reloading", "activating", "refreshing") and sub != "auto-restart"
    if unit.state == "stopped":
        return None if active in _STOPPED or not active else "stopped"
    if unit.state == "started" and not running:
        return "started"
    if running and "restart" in now and seen.get("restart", "") != now["restart"]:
        return "restarted"
    if running and "reload" in now and seen.get("reload", "") != now["reload"]:
        return "reloaded"
    return None


def daemon_reload() -> None:
    """Make systemd read its unit files again."""
    _run("daemon-reload")


def retire(name: str) -> None:
    """Stop and disable a unit whose file is about to be removed."""
    if "@." in name:
        _run("stop", name.replace("@.", "@*."))
        _run("disable", name)
    else:
        _run("disable", "--now", name)


def _run(*arguments: str) -> None:
    _need_systemctl(arguments)
    run = subprocess.run(
        ["systemctl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if run.returncode != 0:
        text = run.stdout.decode(errors="replace").strip()
        raise StateError(f"systemctl {' '.join(arguments)} failed: {text}")


def _need_systemctl(wanted: Sequence[str]) -> None:
    if shutil.which("systemctl") is None:
        raise StateError(f"this host has no systemd, needed for: {', '.join(wanted)}")
