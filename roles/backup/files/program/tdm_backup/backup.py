"""One backup: a consistent copy of the database and the files, into the repository.

The copy comes before the files: a document is on disk before its row is, so each row of the copy has its
file. A document that was removed in between is found afterwards, and the backup is taken again.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, NamedTuple

from tdm_backup import database, restic, restore
from tdm_backup.problems import DAMAGED, Problem
from tdm_backup.settings import Settings

_INCOMPLETE = 3
_ATTEMPTS = 3


class Taken(NamedTuple):
    """What restic stored: sizes in bytes; `vanished` counts the files deleted while it read them."""

    identity: str
    total_bytes: int
    added_bytes: int
    files: int
    vanished: int


def take(settings: Settings) -> dict[str, Any]:
    """Return the fields of the result file. Raises Problem, OSError or sqlite3.Error."""
    restic.open_or_make_repository(settings)
    for _ in range(_ATTEMPTS):
        copy = database.copy(settings)
        taken = _store(settings, [str(copy.parent), settings.files])
        lost = _without_file(settings, copy)
        if not lost:
            break
    _forget(settings)
    details = {
        "snapshot": taken.identity,
        "bytes": taken.total_bytes,
        "added_bytes": taken.added_bytes,
        "files": taken.files,
        "vanished_files": taken.vanished,
    }
    if lost:
        raise Problem(
            f"snapshot {taken.identity[:8]} was taken, but {len(lost)} documents of the service have no file"
            f" any more; the first: {lost[0]}; an older snapshot may have it"
        )
    restore.drop_replaced(settings)
    return details


def _without_file(settings: Settings, copy: Path) -> list[str]:
    with contextlib.closing(database.connect(copy)) as opened:
        files = database.files_of(opened)
    return [file.path for file in files if not Path(settings.files, file.path).is_file()]


def _store(settings: Settings, paths: list[str]) -> Taken:
    done = restic.run(settings, "backup", "--json", "--host", settings.host, "--tag", settings.tag, *paths)
    vanished = 0
    if done.status == _INCOMPLETE:
        unread = [message.get("item", "") for message in done.messages("error")]
        there = [item for item in unread if os.path.lexists(item)]
        if there and all(Path(item).is_dir() for item in there):
            # No file failed, but what restic remembers of its directory.
            raise Problem("restic cannot read what it stored of earlier snapshots", DAMAGED)
        if there or not unread:
            raise done.problem("files could not be read")
        vanished = len(unread)
    elif done.status != 0:
        raise done.problem("restic backup failed")
    summaries = done.messages("summary")
    if not summaries or not summaries[-1].get("snapshot_id"):
        raise Problem("restic ended without a summary")
    summary = summaries[-1]
    return Taken(
        identity=str(summary["snapshot_id"]),
        total_bytes=int(summary["total_bytes_processed"]),
        added_bytes=int(summary["data_added"]),
        files=int(summary["total_files_processed"]),
        vanished=vanished,
    )


def _forget(settings: Settings) -> None:
    keep = [
        word
        for period, number in settings.keep.items()
        if number
        for word in (f"--keep-{period}", str(number))
    ]
    chosen = ("--host", settings.host, "--tag", settings.tag, "--group-by", "host,tags")
    restic.checked(settings, "remove old snapshots", "forget", "--prune", *chosen, *keep)
