"""Is a migration due, the copy before it, and the way back; on real SQLite databases."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from roles.app.files.release import data
from roles.app.files.release.failure import ReleaseError
from roles.app.files.release.settings import Settings
from tests.unit.release.conftest import MakeRelease

STEPS = ("app/migrations/versions/0001_first.py", "app/migrations/versions/0010_tenth.py", "app/x/0099_no.py")


def fill(path: Path, revision: str, rows: int = 3) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
        connection.execute("DELETE FROM alembic_version")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        connection.execute("CREATE TABLE IF NOT EXISTS documents (name TEXT)")
        connection.executemany("INSERT INTO documents VALUES (?)", [(str(number),) for number in range(rows)])


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])


@pytest.mark.parametrize(
    ("revision", "pending"), [(None, True), ("0001", True), ("0010", False), ("0011", False)]
)
def test_a_migration_is_due_when_the_database_is_older(
    settings: Settings, make_release: MakeRelease, revision: str | None, pending: bool
) -> None:
    release = make_release("r", *STEPS)
    if revision:
        fill(settings.database, revision)
    assert data.migration_pending(settings.database, release) is pending


def test_an_empty_database_is_one_to_migrate(settings: Settings, make_release: MakeRelease) -> None:
    settings.database.touch()
    assert data.migration_pending(settings.database, make_release("r", *STEPS))


def test_a_release_without_a_wheel_says_so(settings: Settings) -> None:
    fill(settings.database, "0001")
    settings.release("r").mkdir()
    with pytest.raises(ReleaseError, match="0 wheels, expected one"):
        data.migration_pending(settings.database, settings.release("r"))


def test_a_snapshot_is_whole_and_private_while_somebody_writes(
    settings: Settings, make_release: MakeRelease
) -> None:
    fill(settings.database, "0001", 1000)
    over = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(settings.database, timeout=10)) as connection:
            while not over.is_set():
                with connection:
                    connection.execute("INSERT INTO documents VALUES ('a'), ('b')")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copy = data.snapshot(settings.database, make_release("r"))
    finally:
        over.set()
        writer.join()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert count(copy) % 2 == 0, "a transaction was torn"
    assert [path.name for path in copy.parent.glob("*snapshot*")] == ["snapshot.db"]


def test_a_restore_is_seen_by_who_has_the_database_open(
    settings: Settings, make_release: MakeRelease
) -> None:
    fill(settings.database, "0001", 5)
    copy = data.snapshot(settings.database, make_release("r"))
    fill(settings.database, "0002", 700)
    with closing(sqlite3.connect(settings.database)) as reader:
        assert reader.execute("SELECT count(*) FROM documents").fetchone() == (705,)
        data.restore(copy, settings.database)
        assert reader.execute("SELECT count(*) FROM documents").fetchone() == (5,)
    assert data.revision(settings.database) == "0001"


def test_no_writer_waits_for_the_one_there_is(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(settings.database, "0001")
    monkeypatch.setattr(data, "LOCK_WAIT_S", 0.2)
    with closing(sqlite3.connect(settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(ReleaseError, match="a writer kept the database"),
            data.no_writer(settings.database),
        ):
            pass
        other.execute("ROLLBACK")
        other.execute("PRAGMA busy_timeout=50")
        with data.no_writer(settings.database), pytest.raises(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
