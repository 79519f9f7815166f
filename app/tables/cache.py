"""The rows of one stored file in a SQLite file of their own, made once, read by page.

A cache can be thrown away at any time: it is made again from the stored file. One that is there is
complete, for it gets its name only at the end. The verdict on a file that is no table is kept as well.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.models import new_id
from app.tables.cells import Row
from app.tables.limits import LIMITS, Limits, TableRefused
from app.tables.source import open_table

# Raised whenever what is stored changes its form: older caches are then made anew.
FORMAT = 1
_REPORT_EVERY = 1000
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

Report = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` and `columns` reach to the last one that holds something."""

    name: str
    rows: int
    columns: int


def cache_path(directory: Path, stored: str) -> Path:
    """Where the cache of a stored file (its path relative to the files directory) is."""
    return directory / f"{Path(stored).name}.v{FORMAT}.db"


class TableCache:
    """An open cache; reading only. Raises TableRefused when the file was found to be no table."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        try:
            refusal = self._connection.execute("SELECT message FROM refusal").fetchone()
            if refusal is not None:
                raise TableRefused(refusal[0])
            self.sheets = [
                Sheet(*row)
                for row in self._connection.execute("SELECT name, rows, columns FROM sheets ORDER BY number")
            ]
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> TableCache:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def rows(self, sheet: int, offset: int = 0, limit: int | None = None) -> Iterator[tuple[int, Row]]:
        """(zero-based row number, cells) of the filled rows among the `limit` positions from `offset` on."""
        end = self.sheets[sheet].rows if limit is None else offset + limit
        for position, text in self._connection.execute(
            "SELECT position, cells FROM rows WHERE sheet = ? AND position >= ? AND position < ?"
            " ORDER BY position",
            (sheet, offset, end),
        ):
            yield position, json.loads(text)


def find(directory: Path, stored: str) -> TableCache | None:
    """The cache of a stored file; None when there is none that can be read. Raises TableRefused."""
    path = cache_path(directory, stored)
    try:
        cache = TableCache(path)
        os.utime(path)
    except (sqlite3.DatabaseError, FileNotFoundError):
        return None
    return cache


def build(stored: Path, target: Path, report: Report, limits: Limits = LIMITS) -> None:
    """Reads the stored file into a new cache at `target`; a refusal is kept in it, and raised."""
    target.parent.mkdir(mode=0o750, exist_ok=True)
    unfinished = target.with_name(f".{new_id()}.db")
    refusal: TableRefused | None = None
    try:
        with closing(_new(unfinished)) as connection:
            try:
                _fill(connection, stored, report, limits)
            except TableRefused as error:
                refusal = error
                connection.rollback()
                with connection:
                    connection.execute("DELETE FROM rows")
                    connection.execute("DELETE FROM sheets")
                    connection.execute("INSERT INTO refusal VALUES (?)", (str(error),))
        _sync(unfinished)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    if refusal is not None:
        raise refusal


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _new(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o640))
    connection = sqlite3.connect(path)
    # A file that is not complete is thrown away, so nothing has to survive a crash.
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(
        "CREATE TABLE sheets (number INTEGER PRIMARY KEY, name TEXT, rows INTEGER, columns INTEGER)"
    )
    connection.execute(
        "CREATE TABLE rows (sheet INTEGER, position INTEGER, cells TEXT, PRIMARY KEY (sheet, position))"
        " WITHOUT ROWID"
    )
    connection.execute("CREATE TABLE refusal (message TEXT)")
    return connection


def _fill(connection: sqlite3.Connection, stored: Path, report: Report, limits: Limits) -> None:
    written = done = 0
    with open_table(stored, limits) as source:
        expected = sum(source.declared_size(number)[0] for number in range(len(source.sheet_names)))
        for number, name in enumerate(source.sheet_names):
            rows = columns = 0
            batch: list[tuple[int, int, str]] = []
            for position, row in source.rows(number):
                text = _encode(row)
                written += len(text)
                if written > limits.output_bytes:
                    raise TableRefused("the table holds more text than can be shown")
                batch.append((number, position, text))
                rows, columns = position + 1, max(columns, len(row))
                if len(batch) >= _REPORT_EVERY:
                    done += len(batch)
                    report(min(done / max(expected, done + 1), 0.99))
                    connection.executemany("INSERT INTO rows VALUES (?, ?, ?)", batch)
                    connection.commit()
                    batch.clear()
            connection.executemany("INSERT INTO rows VALUES (?, ?, ?)", batch)
            connection.execute("INSERT INTO sheets VALUES (?, ?, ?, ?)", (number, name, rows, columns))
            connection.commit()


@contextmanager
def opened(directory: Path, files_dir: Path, stored: str, report: Report) -> Iterator[TableCache]:
    """The cache of a stored file, made now when there is none. Raises TableRefused."""
    cache = find(directory, stored)
    if cache is None:
        path = cache_path(directory, stored)
        build(files_dir / stored, path, report)
        cache = TableCache(path)
    with cache:
        yield cache


def sweep(directory: Path, live: set[str], keep_bytes: int, unfinished_before: float) -> int:
    """Removes caches of files that are gone, then the least used above `keep_bytes`; returns how many."""
    if not directory.is_dir():
        return 0
    removed, kept = 0, []
    for entry in os.scandir(directory):
        status = entry.stat(follow_symlinks=False)
        if entry.name.startswith("."):
            stale = status.st_mtime < unfinished_before
        else:
            stale = not entry.name.endswith(f".v{FORMAT}.db") or entry.name.partition(".")[0] not in live
        if stale:
            Path(entry.path).unlink(missing_ok=True)
            removed += 1
        elif not entry.name.startswith("."):
            kept.append((status.st_mtime, status.st_size, entry.path))
    total = sum(size for _, size, _ in kept)
    for _, size, path in sorted(kept):
        if total <= keep_bytes:
            break
        Path(path).unlink(missing_ok=True)
        total -= size
        removed += 1
    return removed
