"""The database around a release: is a migration pending, a consistent copy, and bringing one back."""

from __future__ import annotations

import os
import re
import sqlite3
import zipfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Iterator

from .failure import ReleaseError
from .links import sync

SNAPSHOT = "snapshot.db"
LOCK_WAIT_S = 30.0
SPARE_BYTES = 64 << 20
_STEP = re.compile(r"app/migrations/versions/(\d+)_[^/]*\.py$")


def wanted_revision(release: Path) -> str:
    """The newest migration in a release's wheel. Raises ReleaseError when it cannot be told."""
    wheels = sorted(release.glob("*.whl"))
    if len(wheels) != 1:
        raise ReleaseError(f"{release} holds {len(wheels)} wheels, expected one: deploy the release again")
    try:
        with zipfile.ZipFile(wheels[0]) as archive:
            steps = [match[1] for match in map(_STEP.search, archive.namelist()) if match]
    except (OSError, zipfile.BadZipFile) as error:
        raise ReleaseError(f"{wheels[0]} cannot be read: {error}: deploy the release again") from error
    if not steps:
        raise ReleaseError(f"{wheels[0]} holds no migration")
    return max(steps)


def revision(database: Path) -> str | None:
    """The database's revision; None when there is no database or nothing in it yet."""
    if not database.exists():
        return None
    with closing(_connect(database, "ro")) as connection:
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
    return str(found[0]) if found else None


def migration_pending(database: Path, release: Path) -> bool:
    """Whether the database is older than what the release needs."""
    found = revision(database)
    return found is None or found < wanted_revision(release)


def snapshot(database: Path, directory: Path) -> Path:
    """A checked copy of the database as of one moment, in `directory`; writers go on. Raises ReleaseError."""
    target = directory / SNAPSHOT
    fresh = directory / f".{SNAPSHOT}.new"
    _need_room(directory, database)
    for leftover in directory.glob(f".{SNAPSHOT}.new*"):
        leftover.unlink()
    try:
        with closing(_connect(database, "ro")) as source, closing(_connect(fresh, "rwc")) as copy:
            copy.execute("PRAGMA journal_mode=OFF")
            source.backup(copy)
            verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        raise ReleaseError(f"no snapshot of {database} could be taken: {error}") from error
    if verdict != "ok":
        raise ReleaseError(f"the snapshot of {database} is damaged: {verdict}")
    fresh.chmod(0o600)
    with fresh.open("rb") as handle:
        os.fsync(handle.fileno())
    os.rename(fresh, target)  # noqa: PTH104 - Path.rename of 3.7 returns None
    sync(directory)
    return target


def restore(copy: Path, database: Path) -> None:
    """Brings a snapshot back in one transaction: readers see the old or the new data, whole."""
    try:
        with closing(_connect(copy, "ro")) as source, closing(_connect(database, "rw")) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise ReleaseError(f"{copy} could not be restored, the database is as it was: {error}") from error


@contextmanager
def no_writer(database: Path) -> Iterator[None]:
    """Holds the write lock, so that nobody is in the middle of a transaction."""
    with closing(_connect(database, "rw")) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise ReleaseError(f"a writer kept the database for {LOCK_WAIT_S:.0f} s: {error}") from error
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # As root SQLite gives its -wal and -shm files the owner of the database.
    return sqlite3.connect(f"file:{path}?mode={mode}", uri=True, timeout=LOCK_WAIT_S, isolation_level=None)


def _need_room(directory: Path, database: Path) -> None:
    wal = Path(f"{database}-wal")
    needed = database.stat().st_size + (wal.stat().st_size if wal.exists() else 0) + SPARE_BYTES
    usage = os.statvfs(directory)
    if usage.f_bavail * usage.f_frsize < needed:
        raise ReleaseError(
            f"{directory} has no room for a snapshot of the database: {needed >> 20} MB are needed"
        )
