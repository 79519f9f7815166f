"""The SQLite file on the host: durable store of samples and alerts, and spool of what Redis has not got yet.

Journal mode DELETE and not WAL: one writer a minute gains nothing from WAL, and a reader by another user
leaves no files behind.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterable, Iterator

from monitoring.sample import Counters, Sample

FILE_NAME = "monitoring.db"

# One script per schema version, applied in order; never edit one that was released.
MIGRATIONS = (
    """
    CREATE TABLE samples (
        id INTEGER PRIMARY KEY, time INTEGER NOT NULL, host TEXT NOT NULL,
        cpu_percent REAL, memory_percent REAL, memory_used_mb REAL, memory_total_mb REAL,
        disk_percent REAL, disks TEXT NOT NULL, network_received_bytes INTEGER, network_sent_bytes INTEGER,
        load_1 REAL, load_5 REAL, load_15 REAL, health_ok INTEGER, health_status INTEGER,
        response_ms REAL, health_error TEXT NOT NULL, health_body TEXT,
        containers TEXT, containers_error TEXT NOT NULL, published INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX samples_by_time ON samples (time);
    CREATE INDEX samples_to_publish ON samples (id) WHERE published = 0;
    CREATE TABLE alert_states (
        type TEXT NOT NULL, subject TEXT NOT NULL, firing INTEGER NOT NULL, severity TEXT NOT NULL,
        fingerprint TEXT NOT NULL, message TEXT NOT NULL, value REAL, since INTEGER NOT NULL,
        told INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (type, subject)) WITHOUT ROWID;
    CREATE TABLE alert_events (
        id INTEGER PRIMARY KEY, time INTEGER NOT NULL, host TEXT NOT NULL,
        event TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, severity TEXT NOT NULL,
        message TEXT NOT NULL, value REAL,
        logged INTEGER NOT NULL DEFAULT 0, published INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX alert_events_by_time ON alert_events (time);
    CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    ALTER TABLE samples ADD COLUMN parts TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE alert_states ADD COLUMN contrary_since INTEGER;
    ALTER TABLE alert_events ADD COLUMN details TEXT NOT NULL DEFAULT '';
    ALTER TABLE alert_events ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;
    UPDATE alert_events SET queued = 1;
    CREATE TABLE silences (
        id INTEGER PRIMARY KEY, made INTEGER NOT NULL, until INTEGER NOT NULL, type TEXT NOT NULL,
        reason TEXT NOT NULL, who TEXT NOT NULL);
    CREATE TABLE outbox (
        channel TEXT NOT NULL, event INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
        next_try INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (channel, event)) WITHOUT ROWID;
    """,
)

Row = sqlite3.Row


class Store:
    """An open store. Raises sqlite3.Error when the file cannot be used."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock from the first statement on; commit at the end, roll back on an exception."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def rows(self, query: str, *values: Any) -> list[Row]:
        return self.connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> Row | None:
        found: Row | None = self.connection.execute(query, values).fetchone()
        return found

    def note(self, key: str) -> Any:
        """Return the decoded note, or None."""
        found = self.row("SELECT value FROM notes WHERE key = ?", key)
        return None if found is None else json.loads(found["value"])

    def set_note(self, key: str, value: Any) -> None:
        self.connection.execute("REPLACE INTO notes VALUES (?, ?)", (key, json.dumps(value)))

    def counters(self) -> Counters | None:
        """Return the totals of the previous cycle."""
        value = self.note("counters")
        return None if value is None else Counters(**value)

    def add_sample(self, sample: Sample, counters: Counters) -> int:
        """Store the sample and the totals for the next cycle, inside a transaction; return its id."""
        identity = next_id(self.connection, "samples", sample.time)
        system, health = sample.system, sample.health
        percents = [disk.percent for disk in system.disks]
        values = {
            "id": identity,
            "time": int(sample.time),
            "host": sample.host,
            "cpu_percent": system.cpu_percent,
            "memory_percent": system.memory_percent,
            "memory_used_mb": system.memory_used_mb,
            "memory_total_mb": system.memory_total_mb,
            "disk_percent": max(percents) if percents else None,
            "disks": compact([disk._asdict() for disk in system.disks]),
            "network_received_bytes": system.network_received_bytes,
            "network_sent_bytes": system.network_sent_bytes,
            "load_1": system.load_1,
            "load_5": system.load_5,
            "load_15": system.load_15,
            "health_ok": health.ok,
            "health_status": health.status,
            "response_ms": health.response_ms,
            "health_error": health.error,
            "health_body": None if health.body is None else compact(health.body),
            "containers": None
            if sample.containers is None
            else compact([container._asdict() for container in sample.containers.items]),
            "containers_error": "" if sample.containers is None else sample.containers.error,
            "parts": compact(parts_document(sample)),
        }
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        self.connection.execute(f"INSERT INTO samples ({names}) VALUES ({marks})", values)  # noqa: S608 (own names)
        self.set_note("counters", counters._asdict())
        return identity

    def last_sample(self) -> Row | None:
        return self.row("SELECT * FROM samples ORDER BY id DESC LIMIT 1")

    def trim(self, now: float, samples_days: float, alerts_days: float) -> None:
        """Forget what is too old, whether Redis got it or not (there it would have expired too)."""
        self.connection.execute("DELETE FROM samples WHERE time < ?", (int(now - samples_days * 86400),))
        self.connection.execute("DELETE FROM alert_events WHERE time < ?", (int(now - alerts_days * 86400),))
        self.connection.execute("DELETE FROM outbox WHERE event NOT IN (SELECT id FROM alert_events)")
        self.connection.execute("DELETE FROM silences WHERE until < ?", (int(now - alerts_days * 86400),))


def open_store(directory: str, timeout_seconds: float = 10) -> Store:
    """Open the store for writing; make it, or bring its schema up to date, when needed."""
    store = Store(_connect(f"file:{_quoted(directory)}?mode=rwc", timeout_seconds))
    store.connection.execute("PRAGMA synchronous = FULL")
    while True:
        version = int(store.connection.execute("PRAGMA user_version").fetchone()[0])
        if version >= len(MIGRATIONS):
            return store
        with store.transaction() as connection:
            if int(connection.execute("PRAGMA user_version").fetchone()[0]) == version:
                for statement in MIGRATIONS[version].split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")


def open_readonly(directory: str) -> Store:
    """Open the store for reading only. Raises sqlite3.OperationalError when there is none yet."""
    return Store(_connect(f"file:{_quoted(directory)}?mode=ro", 10))


def next_id(connection: sqlite3.Connection, table: str, now: float) -> int:
    """Return an id (ms since the epoch) that grows, even when the clock jumps back or the file is new."""
    last = connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0]  # noqa: S608 (own names)
    return max(int(now * 1000), (last or 0) + 1)


def parts_document(sample: Sample) -> dict[str, Any]:
    """Return what the columns of the table do not hold, as it is stored and published."""
    more = (
        "cpu_steal_percent",
        "cpu_iowait_percent",
        "memory_available_mb",
        "swap_percent",
        "disk_read_bytes",
        "disk_written_bytes",
        "pressure",
        "oom_kills",
    )
    parts = sample.parts
    public = None
    if parts.public is not None:
        public = {name: getattr(parts.public, name) for name in ("ok", "status", "response_ms", "error")}
    return {
        "system": {name: getattr(sample.system, name) for name in more},
        "public": public,
        "nginx": None if parts.nginx is None else parts.nginx._asdict(),
        "queue": None if parts.queue is None else parts.queue._asdict(),
        "redis": {item.name: item._asdict() for item in parts.redis},
        "database": None if parts.database is None else parts.database._asdict(),
    }


def compact(value: Any) -> str:
    """Return JSON without spaces, numbers rounded to what an operator reads."""
    return json.dumps(rounded(value), ensure_ascii=False, separators=(",", ":"))


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return value


def mark_published(store: Store, table: str, identities: Iterable[int]) -> None:
    """Note that Redis has these rows."""
    with store.transaction() as connection:
        connection.executemany(
            f"UPDATE {table} SET published = 1 WHERE id = ?",  # noqa: S608 (own names)
            [(identity,) for identity in identities],
        )


def _connect(uri: str, timeout_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=timeout_seconds, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _quoted(directory: str) -> str:
    path = str(Path(directory, FILE_NAME))
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
