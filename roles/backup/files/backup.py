#!/usr/bin/env python3
"""Takes one backup: a consistent copy of the SQLite database and the files, into a restic repository.

Order: lock, copy through SQLite's backup API, integrity check, restic, retention, result file. The copy comes
before the files: a document is on disk before its row is, so each row of the copy has its file.

Python 3.8 with the standard library alone: it runs with the host's own interpreter.
Exit status: 0 done, 1 failed (the result file and standard error say why), 75 another one is running.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator, NamedTuple, NoReturn

EXIT_FAILED = 1
EXIT_BUSY = 75
RESTIC_INCOMPLETE = 3
SPARE_BYTES = 16 << 20


class BackupError(Exception):
    """The backup failed; the message says why, in words for the operator."""


class BusyError(Exception):
    """Another backup is running."""


class Settings(NamedTuple):
    """The configuration file; `keep` maps restic's periods (last, hourly, daily ...) to numbers."""

    database: str
    files: str
    state_directory: str
    repository: str
    password_file: str
    host: str
    tag: str
    keep: dict[str, int]


class Snapshot(NamedTuple):
    """What restic stored: sizes in bytes; `vanished` counts the files deleted while it read them."""

    identity: str
    total_bytes: int
    added_bytes: int
    files: int
    vanished: int


def main() -> int:
    parser = argparse.ArgumentParser(description="Take one backup now.")
    parser.add_argument("--config", required=True, help="JSON file with the settings")
    settings = Settings(**json.loads(Path(parser.parse_args().config).read_text(encoding="utf-8")))
    signal.signal(signal.SIGTERM, _stopped)
    try:
        with _lock(settings):
            return _run(settings)
    except BusyError as error:
        sys.stderr.write(f"another backup is running ({error}); this one is left out\n")
        return EXIT_BUSY


def _run(settings: Settings) -> int:
    started = time.time()
    try:
        snapshot = back_up(settings)
    except (BackupError, OSError, sqlite3.Error) as error:
        _record(settings, started, None, str(error))
        sys.stderr.write(f"backup failed: {error}\n")
        return EXIT_FAILED
    result = _record(settings, started, snapshot, "")
    sys.stdout.write(
        f"snapshot {snapshot.identity[:8]}: {snapshot.files} files, {snapshot.total_bytes} bytes"
        f" ({snapshot.added_bytes} new) in {result['seconds']} s\n"
    )
    return 0


def back_up(settings: Settings) -> Snapshot:
    """Return the snapshot that was taken. Raises BackupError, OSError or sqlite3.Error."""
    copy = copy_database(settings)
    _open_repository(settings)
    snapshot = _take_snapshot(settings, [str(copy.parent), settings.files])
    _forget(settings)
    return snapshot


def copy_database(settings: Settings) -> Path:
    """Return the path of a checked, consistent copy of the database; writers go on meanwhile."""
    source = Path(settings.database)
    if not source.exists():
        raise BackupError(f"there is no database {source}: has the service been deployed?")
    directory = Path(settings.state_directory, "copy")
    directory.mkdir(mode=0o700, exist_ok=True)
    target = directory / source.name
    unfinished = directory.parent / f"{source.name}.unfinished"
    needed = source.stat().st_size + SPARE_BYTES
    with contextlib.suppress(FileNotFoundError):
        needed += Path(f"{source}-wal").stat().st_size
        unfinished.unlink()
    usage = os.statvfs(str(directory))
    if usage.f_bavail * usage.f_frsize < needed:
        raise BackupError(
            f"{directory} has no room for the copy: {needed >> 20} MB are needed; free some disk space"
        )
    with contextlib.closing(_connect(source, "ro")) as reader, contextlib.closing(
        _connect(unfinished, "rwc")
    ) as writer:
        # All pages in one step: a step of fewer starts again with each write of the service.
        reader.backup(writer, pages=-1)
        problems = [row[0] for row in writer.execute("PRAGMA integrity_check(5)")]
    if problems != ["ok"]:
        raise BackupError(f"the copy of {source} is damaged: {'; '.join(problems)}")
    unfinished.rename(target)
    return target


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{quoted}?mode={mode}", uri=True, timeout=60)


def _open_repository(settings: Settings) -> None:
    """Make sure that the repository is there and that the password opens it; make it the first time."""
    opened = _restic(settings, "cat", "config")
    if opened.returncode == 0:
        # A lock whose process is gone; those of living processes stay.
        _checked(_restic(settings, "unlock"), "remove a stale lock")
        return
    # init refuses to touch a repository that exists, so a wrong password or a damaged one ends here.
    made = _restic(settings, "init")
    if made.returncode != 0:
        raise BackupError(f"the repository {settings.repository} cannot be opened: {_reason(opened)}")


def _take_snapshot(settings: Settings, paths: list[str]) -> Snapshot:
    done = _restic(settings, "backup", "--json", "--host", settings.host, "--tag", settings.tag, *paths)
    vanished = 0
    if done.returncode == RESTIC_INCOMPLETE:
        unread = [message.get("item", "") for message in _messages(done.stderr, "error")]
        if not unread or any(os.path.lexists(item) for item in unread):
            raise BackupError(f"files could not be read: {_reason(done)}")
        vanished = len(unread)
    elif done.returncode != 0:
        raise BackupError(f"restic backup failed: {_reason(done)}")
    summaries = _messages(done.stdout, "summary")
    if not summaries or not summaries[-1].get("snapshot_id"):
        raise BackupError("restic ended without a summary")
    summary = summaries[-1]
    return Snapshot(
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
    _checked(_restic(settings, "forget", "--prune", *chosen, *keep), "remove old snapshots")


def _restic(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "RESTIC_REPOSITORY": settings.repository,
        "RESTIC_PASSWORD_FILE": settings.password_file,
        "RESTIC_CACHE_DIR": str(Path(settings.state_directory, "cache")),
        "RESTIC_PROGRESS_FPS": "0.01",
    }
    return subprocess.run(["restic", *words], env=environment, capture_output=True, text=True, check=False)


def _checked(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode != 0:
        raise BackupError(f"restic could not {what}: {_reason(done)}")


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Return restic's own words, from its JSON or its plain lines."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    said = []
    for line in lines:
        try:
            message = json.loads(line)
            said.append(str(message.get("message") or message.get("error")))
        except (ValueError, AttributeError):
            said.append(line)
    return " | ".join(said[:4]) or f"exit status {done.returncode}"


def _messages(output: str, kind: str) -> list[dict[str, Any]]:
    found = []
    for line in output.splitlines():
        with contextlib.suppress(ValueError):
            message = json.loads(line)
            if isinstance(message, dict) and message.get("message_type") == kind:
                found.append(message)
    return found


def _record(settings: Settings, started: float, snapshot: Snapshot | None, error: str) -> dict[str, Any]:
    """Write the result file and return its content; `last_success` outlives failures."""
    path = Path(settings.state_directory, "last.json")
    result: dict[str, Any] = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "ok": snapshot is not None,
        "error": error,
        "snapshot": snapshot.identity if snapshot else None,
        "seconds": round(time.time() - started, 1),
        "bytes": snapshot.total_bytes if snapshot else None,
        "added_bytes": snapshot.added_bytes if snapshot else None,
        "files": snapshot.files if snapshot else None,
        "vanished_files": snapshot.vanished if snapshot else None,
    }
    result["last_success"] = (
        {"time": result["time"], "snapshot": result["snapshot"]} if snapshot else _last_success(path)
    )
    temporary = path.with_name("last.json.new")
    temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    temporary.chmod(0o644)
    temporary.replace(path)
    return result


def _last_success(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8")).get("last_success")
    except (OSError, ValueError, AttributeError):
        return None


@contextlib.contextmanager
def _lock(settings: Settings) -> Iterator[None]:
    with Path(settings.state_directory, "lock").open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            raise BusyError(held.read().strip() or "unknown process") from None
        held.truncate(0)
        held.write(f"process {os.getpid()} since {time.strftime('%Y-%m-%d %H:%M:%S')}")
        held.flush()
        yield


def _stopped(number: int, _frame: object) -> NoReturn:
    raise BackupError(f"stopped by signal {signal.Signals(number).name}")


if __name__ == "__main__":
    sys.exit(main())
