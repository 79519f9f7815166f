"""The copy of the database that a backup takes; restic itself is exercised by the Molecule scenario."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/backup/files/backup.py"


@pytest.fixture(scope="module")
def backup() -> ModuleType:
    spec = importlib.util.spec_from_file_location("backup_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["backup_script"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def settings(backup: ModuleType, tmp_path: Path) -> Any:
    (tmp_path / "state").mkdir()
    return backup.Settings(
        database=str(tmp_path / "documents.db"),
        files=str(tmp_path / "files"),
        state_directory=str(tmp_path / "state"),
        repository=str(tmp_path / "repository"),
        password_file=str(tmp_path / "password"),
        host="host1",
        tag="tag1",
        keep={"daily": 7},
    )


def open_database(settings: Any) -> sqlite3.Connection:
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


def test_copies_taken_under_writes_are_consistent_and_hold_what_was_committed(
    backup: ModuleType, settings: Any
) -> None:
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
            copy = backup.copy_database(settings)
            assert count(copy, "ledger") == count(copy, "mirror")
            assert count(copy, "ledger") >= before
    finally:
        stop.set()
        writer.join()
        database.close()


def test_rows_that_are_only_in_the_log_are_copied(backup: ModuleType, settings: Any) -> None:
    """A copy of the main file alone would miss them."""
    database = open_database(settings)
    database.execute("PRAGMA wal_autocheckpoint = 0")
    for _ in range(5):
        write(database)
    assert count(backup.copy_database(settings), "ledger") == 5
    database.close()


def test_the_copy_is_for_its_owner_alone(backup: ModuleType, settings: Any) -> None:
    open_database(settings).close()
    copy = backup.copy_database(settings)
    assert copy.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in Path(settings.state_directory).iterdir()] == ["copy"], (
        "nothing unfinished is left"
    )


def test_a_damaged_database_leaves_the_last_good_copy(backup: ModuleType, settings: Any) -> None:
    database = open_database(settings)
    for _ in range(200):
        write(database)
    database.close()
    good = backup.copy_database(settings).read_bytes()
    with Path(settings.database).open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xff" * 4096 * 20)
    with pytest.raises((backup.BackupError, sqlite3.DatabaseError)):
        backup.copy_database(settings)
    assert Path(settings.state_directory, "copy", "documents.db").read_bytes() == good


def test_a_missing_database_is_named(backup: ModuleType, settings: Any) -> None:
    with pytest.raises(backup.BackupError, match=r"there is no database .*documents\.db"):
        backup.copy_database(settings)


def test_names_with_signs_of_addresses_work(backup: ModuleType, settings: Any, tmp_path: Path) -> None:
    odd = settings._replace(database=str(tmp_path / "a %41?mode=ro#b.db"))
    database = open_database(odd)
    write(database)
    database.close()
    assert count(backup.copy_database(odd), "ledger") == 1


def test_the_last_success_outlives_a_failure(backup: ModuleType, settings: Any) -> None:
    taken = backup.Snapshot("abc123", 100, 10, 3, 0)
    first = backup._record(settings, 1_700_000_000.0, taken, "")
    second = backup._record(settings, 1_700_086_400.0, None, "no room")
    assert first["last_success"] == {"time": "2023-11-14T22:13:20Z", "snapshot": "abc123"}
    assert second["last_success"] == first["last_success"]
    read = json.loads(Path(settings.state_directory, "last.json").read_text())
    assert (read["ok"], read["error"], read["snapshot"]) == (False, "no room", None)
