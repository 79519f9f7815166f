"""The copy of the database that a backup takes while the service writes."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from tdm_backup import database as program
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings


@pytest.fixture(autouse=True)
def directory(settings: Settings) -> None:
    Path(settings.database).parent.mkdir()


def open_database(settings: Settings) -> sqlite3.Connection:
    database = sqlite3.connect(settings.database, timeout=30, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")
    for table in ("ledger", "mirror"):
        database.execute(f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, text TEXT)")
    return database


def write(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")
    row = database.execute("INSERT INTO ledger (text) VALUES (hex(randomblob(500)))").lastrowid
    database.execute("INSERT INTO mirror SELECT * FROM ledger WHERE id = ?", (row,))
    database.execute("COMMIT")


def count(path: Path | str, table: str) -> int:
    database = sqlite3.connect(path)
    found = int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 (own names)
    database.close()
    return found


def test_copies_taken_under_writes_are_consistent_and_hold_what_was_committed(settings: Settings) -> None:
    database = open_database(settings)
    for _ in range(200):
        write(database)
    stop = threading.Event()

    def go_on() -> None:
        mine = open_database(settings)
        while not stop.is_set():
            write(mine)
        mine.close()

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        for _ in range(10):
            before = count(settings.database, "ledger")
            copy = program.copy(settings)
            assert count(copy, "ledger") == count(copy, "mirror")
            assert count(copy, "ledger") >= before
    finally:
        stop.set()
        writer.join()
        database.close()


def test_rows_that_are_only_in_the_log_are_copied(settings: Settings) -> None:
    """A copy of the main file alone would miss them."""
    database = open_database(settings)
    database.execute("PRAGMA wal_autocheckpoint = 0")
    for _ in range(5):
        write(database)
    assert count(program.copy(settings), "ledger") == 5
    database.close()


def test_the_copy_is_for_its_owner_alone(settings: Settings) -> None:
    open_database(settings).close()
    copy = program.copy(settings)
    assert copy.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in Path(settings.state_directory).iterdir()] == ["copy"], (
        "nothing unfinished is left"
    )


def test_a_damaged_database_leaves_the_last_good_copy(settings: Settings) -> None:
    database = open_database(settings)
    for _ in range(200):
        write(database)
    database.close()
    good = program.copy(settings).read_bytes()
    with Path(settings.database).open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xff" * 4096 * 20)
    with pytest.raises((Problem, sqlite3.DatabaseError)):
        program.copy(settings)
    assert Path(settings.state_directory, "copy", "tencent_docs.db").read_bytes() == good


def test_a_missing_database_is_named(settings: Settings) -> None:
    with pytest.raises(Problem, match=r"there is no database .*tencent_docs\.db"):
        program.copy(settings)


def test_names_with_signs_of_addresses_work(settings: Settings, tmp_path: Path) -> None:
    odd = settings._replace(database=str(tmp_path / "a %41?mode=ro#b.db"))
    database = open_database(odd)
    write(database)
    database.close()
    assert count(program.copy(odd), "ledger") == 1
