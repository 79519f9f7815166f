"""What can be told from files: the database's size, the results of backup and rehearsal, a due restart."""

from __future__ import annotations

import calendar
import json
import time
from pathlib import Path
from typing import Any

from monitoring.config import FilesConfig
from monitoring.sample import Database, Result

MEBIBYTE = 1048576


def database(config: FilesConfig, results: tuple[Result, ...]) -> Database | None:
    """Return the sizes of the SQLite file and of its log; None when there is no file to be seen.

    Each backup checks the integrity of the copy it takes, so the last good one is the last good check.
    """
    if not config.database:
        return None
    path = Path(config.database)
    try:
        size = path.stat().st_size
    except OSError:
        return None
    try:
        wal = path.with_name(path.name + "-wal").stat().st_size
    except OSError:
        wal = 0
    checks = [result.last_success for result in results if result.last_success is not None]
    return Database(size / MEBIBYTE, wal / MEBIBYTE, max(checks) if checks else None)


def results(config: FilesConfig) -> tuple[Result, ...]:
    """Return the last result of each kind that is watched ("backup", "rehearsal")."""
    return tuple(_result(kind, Path(path)) for kind, path in sorted(config.results.items()))


def _result(kind: str, path: Path) -> Result:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Result(kind, "missing", error=f"{path} is not there yet")
    except (OSError, ValueError) as error:
        return Result(kind, "missing", error=f"{path} cannot be read: {error}")
    if not isinstance(document, dict):
        return Result(kind, "missing", error=f"{path} does not hold an object")
    succeeded = document.get("ok") is True or document.get("status") in ("ok", "success", "succeeded", "done")
    started = moment(document.get("started_at", document.get("time")))
    finished = moment(document.get("finished_at"))
    seconds = document.get("seconds")
    if finished is None and started is not None:
        finished = started + (seconds if isinstance(seconds, (int, float)) else 0)
    last = document.get("last_success")
    if isinstance(last, dict):
        last = last.get("finished_at", last.get("time"))
    return Result(
        kind=kind,
        status="ok" if succeeded else "failed",
        started_at=started,
        finished_at=finished,
        snapshot=document.get("snapshot"),
        error=str(document.get("error") or ""),
        cause=str(document.get("cause") or ""),
        last_success=finished if succeeded else moment(last),
    )


def moment(value: Any) -> float | None:
    """Return seconds since the epoch, given as such or as ISO 8601 in UTC ("...Z" or "...+00:00")."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    try:
        return float(calendar.timegm(time.strptime(str(value)[:19], "%Y-%m-%dT%H:%M:%S")))
    except ValueError:
        return None


def reboot_required(path: str) -> bool:
    """Return whether the package system asks for a restart of the host."""
    return Path(path).exists()
