"""The hourly figures on the disk, and how far each log has been read: one SQLite file, so one commit for
both.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any, Iterable

from monitoring.logs.endpoints import OTHER
from monitoring.logs.figures import (
    HOURLY_CAPS,
    SLOW_KEPT,
    ErrorGroup,
    Figures,
    QueryGroup,
    Traffic,
)
from monitoring.logs.histogram import merge, pack, unpack
from monitoring.logs.tail import Mark

FILE_NAME = "logs.db"

# One script per schema version, applied in order; never edit one that was released.
MIGRATIONS = (
    """
    CREATE TABLE marks (
        log TEXT NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, position INTEGER NOT NULL,
        head BLOB NOT NULL, tail BLOB NOT NULL, skipping INTEGER NOT NULL, size INTEGER NOT NULL,
        compressed INTEGER NOT NULL, ordinal INTEGER NOT NULL, PRIMARY KEY (log, ordinal)) WITHOUT ROWID;
    CREATE TABLE logs (log TEXT PRIMARY KEY, last REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE hours (hour INTEGER PRIMARY KEY, entries INTEGER NOT NULL, broken INTEGER NOT NULL,
        warnings INTEGER NOT NULL, errors INTEGER NOT NULL);
    CREATE TABLE traffic (
        hour INTEGER NOT NULL, origin TEXT NOT NULL, method TEXT NOT NULL, endpoint TEXT NOT NULL,
        statuses TEXT NOT NULL, bytes INTEGER NOT NULL, timed INTEGER NOT NULL, sum_ms INTEGER NOT NULL,
        slow INTEGER NOT NULL, histogram BLOB NOT NULL,
        PRIMARY KEY (hour, origin, method, endpoint)) WITHOUT ROWID;
    CREATE TABLE actions (hour INTEGER NOT NULL, user TEXT NOT NULL, action TEXT NOT NULL, count INTEGER NOT
    NULL,
        PRIMARY KEY (hour, user, action)) WITHOUT ROWID;
    CREATE TABLE errors (
        hour INTEGER NOT NULL, source TEXT NOT NULL, type TEXT NOT NULL, message TEXT NOT NULL,
        count INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, sample TEXT NOT NULL,
        PRIMARY KEY (hour, source, type, message)) WITHOUT ROWID;
    CREATE TABLE queries (
        hour INTEGER NOT NULL, statement TEXT NOT NULL, count INTEGER NOT NULL, sum_ms INTEGER NOT NULL,
        most_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, PRIMARY KEY (hour, statement)) WITHOUT ROWID;
    CREATE TABLE slow (
        hour INTEGER NOT NULL, origin TEXT NOT NULL, minus_ms INTEGER NOT NULL, time_ms INTEGER NOT NULL,
        method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, endpoint TEXT NOT NULL);
    CREATE INDEX slow_by_hour ON slow (hour, origin);
    """,
)
HOURLY_TABLES = ("hours", "traffic", "actions", "errors", "queries", "slow")


def open_rollups(directory: str) -> sqlite3.Connection:
    """Open the file for writing; make it, or bring its schema up to date, when needed. Raises
    sqlite3.Error.
    """
    connection = _connect(directory, "rwc")
    connection.execute("PRAGMA synchronous = FULL")
    while True:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version >= len(MIGRATIONS):
            return connection
        connection.execute("BEGIN IMMEDIATE")
        if int(connection.execute("PRAGMA user_version").fetchone()[0]) == version:
            for statement in MIGRATIONS[version].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version + 1}")
        connection.execute("COMMIT")


def open_readonly(directory: str) -> sqlite3.Connection:
    """Open the file for reading. Raises sqlite3.OperationalError when there is none yet."""
    return _connect(directory, "ro")


def marks(connection: sqlite3.Connection, log: str) -> list[Mark] | None:
    """Return how far the files of the log have been read; None when it was never read."""
    if connection.execute("SELECT 1 FROM logs WHERE log = ?", (log,)).fetchone() is None:
        return None
    rows = connection.execute(
        "SELECT device, inode, position, head, tail, skipping, size, compressed FROM marks WHERE log = ?"
        " ORDER BY ordinal",
        (log,),
    )
    return [Mark(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6], bool(row[7])) for row in rows]


def set_marks(connection: sqlite3.Connection, log: str, found: list[Mark], now: float) -> None:
    connection.execute("REPLACE INTO logs VALUES (?, ?)", (log, now))
    connection.execute("DELETE FROM marks WHERE log = ?", (log,))
    connection.executemany(
        "INSERT INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(log, *mark, ordinal) for ordinal, mark in enumerate(found)],
    )


def last_fold(connection: sqlite3.Connection) -> float | None:
    """Return when a log was read last, in seconds since the epoch; None when none was."""
    found: float | None = connection.execute("SELECT max(last) FROM logs").fetchone()[0]
    return found


def add(connection: sqlite3.Connection, hour: int, figures: Figures) -> None:
    """Add the figures of one hour to those that are stored, inside the caller's transaction."""
    _add_traffic(connection, hour, figures)
    connection.execute(
        "INSERT INTO hours VALUES (?, ?, ?, ?, ?) ON CONFLICT (hour) DO UPDATE SET"
        " entries = entries + excluded.entries, broken = broken + excluded.broken,"
        " warnings = warnings + excluded.warnings, errors = errors + excluded.errors",
        (hour, figures.entries, figures.broken, figures.warnings, sum(figures.error_hours.values())),
    )
    known = _Known(connection, hour)
    for (user, action), count in figures.actions.items():
        user, action = known.capped("actions", ("user", "action"), (user, action), HOURLY_CAPS.actions)
        connection.execute(
            "INSERT INTO actions VALUES (?, ?, ?, ?)"
            " ON CONFLICT (hour, user, action) DO UPDATE SET count = count + excluded.count",
            (hour, user, action, count),
        )
    for error, group in figures.errors.items():
        error_key = known.capped("errors", ("source", "type", "message"), error, HOURLY_CAPS.errors)
        connection.execute(
            "INSERT INTO errors VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (hour, source, type, message) DO UPDATE SET count = count + excluded.count,"
            " sample = CASE WHEN (excluded.first_ms, excluded.sample) < (first_ms, sample)"
            " THEN excluded.sample ELSE sample END,"
            " first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)",
            (hour, *error_key, group.count, group.first_ms, group.last_ms, group.sample),
        )
    for statement, query in figures.queries.items():
        (statement,) = known.capped("queries", ("statement",), (statement,), HOURLY_CAPS.queries)
        connection.execute(
            "INSERT INTO queries VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hour, statement) DO UPDATE SET"
            " count = count + excluded.count, sum_ms = sum_ms + excluded.sum_ms,"
            " most_ms = max(most_ms, excluded.most_ms), last_ms = max(last_ms, excluded.last_ms)",
            (hour, statement, query.count, query.sum_ms, query.most_ms, query.last_ms),
        )
    for origin, slow in figures.slow.items():
        connection.executemany(
            "INSERT INTO slow VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [(hour, origin, *row) for row in slow.rows()]
        )
        connection.execute(
            "DELETE FROM slow WHERE hour = ? AND origin = ? AND rowid NOT IN (SELECT rowid FROM slow"
            " WHERE hour = ? AND origin = ?"
            " ORDER BY minus_ms, time_ms, method, path, status, endpoint LIMIT ?)",
            (hour, origin, hour, origin, SLOW_KEPT),
        )


def load(connection: sqlite3.Connection, since_hour: int) -> Figures:
    """Return the sum of all hours from `since_hour` on."""
    figures = Figures()
    since = (since_hour,)
    for hour, entries, broken, warnings, errors in connection.execute(
        "SELECT * FROM hours WHERE hour >= ?", since
    ):
        figures.entries += entries
        figures.broken += broken
        figures.warnings += warnings
        if errors:
            figures.error_hours[hour] = errors
    for hour, origin, method, endpoint, *stored in connection.execute(
        "SELECT * FROM traffic WHERE hour >= ? ORDER BY hour", since
    ):
        traffic = _traffic(stored)
        figures.hour(hour, origin).merge(traffic)
        figures.endpoint((origin, method, endpoint)).merge(traffic)
    for user, action, count in connection.execute(
        "SELECT user, action, sum(count) FROM actions WHERE hour >= ? GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        since,
    ):
        figures.act(user, action, count)
    for source, kind, message, *group in connection.execute(
        "SELECT source, type, message, count, first_ms, last_ms, sample FROM errors WHERE hour >= ?", since
    ):
        figures.merge_error((source, kind, message), ErrorGroup(*group))
    for statement, *query in connection.execute(
        "SELECT statement, count, sum_ms, most_ms, last_ms FROM queries WHERE hour >= ?", since
    ):
        figures.merge_query(statement, QueryGroup(*query))
    for origin, *row in connection.execute(
        "SELECT origin, minus_ms, time_ms, method, path, status, endpoint FROM slow WHERE hour >= ?", since
    ):
        figures.slow_list(origin).add((row[0], row[1], row[2], row[3], row[4], row[5]))
    return figures


def trim(connection: sqlite3.Connection, before_hour: int) -> None:
    """Forget the hours before the given one."""
    for table in HOURLY_TABLES:
        connection.execute(f"DELETE FROM {table} WHERE hour < ?", (before_hour,))  # noqa: S608 (own names)


def _add_traffic(connection: sqlite3.Connection, hour: int, figures: Figures) -> None:
    known = _Known(connection, hour)
    for key, traffic in figures.endpoints.items():
        origin, method, endpoint = known.capped(
            "traffic", ("origin", "method", "endpoint"), key, HOURLY_CAPS.endpoints, kept=1
        )
        row = connection.execute(
            "SELECT statuses, bytes, timed, sum_ms, slow, histogram FROM traffic"
            " WHERE hour = ? AND origin = ? AND method = ? AND endpoint = ?",
            (hour, origin, method, endpoint),
        ).fetchone()
        total = Traffic()
        if row is not None:
            total = _traffic(row)
        total.merge(traffic)
        connection.execute(
            "REPLACE INTO traffic VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                hour, origin, method, endpoint, json.dumps(total.statuses, separators=(",", ":")),
                total.bytes, total.timed, total.sum_ms, total.slow, pack(total.histogram),
            ),
        )  # fmt: skip


def _traffic(stored: Iterable[Any]) -> Traffic:
    traffic = Traffic()
    statuses, traffic.bytes, traffic.timed, traffic.sum_ms, traffic.slow, histogram = stored
    traffic.statuses = {int(status): count for status, count in json.loads(statuses).items()}
    merge(traffic.histogram, unpack(histogram))
    return traffic


class _Known:
    """The names that an hour already has, counted when they may become too many."""

    def __init__(self, connection: sqlite3.Connection, hour: int) -> None:
        self._connection = connection
        self._hour = hour
        self._names: dict[str, set[tuple[str, ...]]] = {}

    def capped(
        self, table: str, columns: tuple[str, ...], key: tuple[str, ...], cap: int, kept: int = 0
    ) -> tuple[str, ...]:
        """Return the key, or, when the table is full, the common one (the first `kept` columns stay)."""
        if table not in self._names:
            listed = ", ".join(columns)
            rows = self._connection.execute(
                f"SELECT {listed} FROM {table} WHERE hour = ?",  # noqa: S608 (own names)
                (self._hour,),
            )
            self._names[table] = {tuple(row) for row in rows}
        names = self._names[table]
        if key not in names:
            if len(names) >= cap:
                key = key[:kept] + (OTHER,) * (len(columns) - kept)
            names.add(key)
        return key


def _connect(directory: str, mode: str) -> sqlite3.Connection:
    path = str(Path(directory, FILE_NAME)).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{path}?mode={mode}", uri=True, timeout=10, isolation_level=None)
