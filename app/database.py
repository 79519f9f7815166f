"""Two engines on one database: a writer that takes the write lock at once, and a read-only reader."""

from __future__ import annotations

import logging
import os
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session

from app.logs import event as log_event

BUSY_TIMEOUT_SECONDS = 15
SLOW_QUERY_SECONDS = 0.5

log = logging.getLogger(__name__)


class Database:
    """The writer and the reader engine of `url`.

    SQLite: WAL, `synchronous=FULL` (a commit is on the disk when it returns), `BEGIN IMMEDIATE` for
    every write transaction (waiting at most 15 s for the lock, so that no transaction fails half way
    for want of it), one write connection a process; the reader opens the file read-only.
    Any other database: both engines use `url` as it is.
    Connections are never shared over a fork.
    """

    def __init__(self, url: str, readers: int = 8) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.writer = _sqlite_engine(parsed, pool_size=1, read_only=False)
            reader_url = parsed.set(database=f"file:{parsed.database}", query={"mode": "ro", "uri": "true"})
            self.reader = _sqlite_engine(reader_url, pool_size=readers, read_only=True)
        else:
            self.writer = create_engine(parsed, pool_pre_ping=True)
            self.reader = create_engine(
                parsed, pool_pre_ping=True, execution_options={"postgresql_readonly": True}
            )
        for engine in (self.writer, self.reader):
            _report_slow_queries(engine)
        _databases.add(self)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is committed at the end of the block and rolled back when it raises."""
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent snapshot; writing in it fails."""
        with Session(self.reader, expire_on_commit=False) as session:
            yield session

    def forget_connections(self) -> None:
        """Drops the pools without closing the connections: they belong to the parent process."""
        self.writer.dispose(close=False)
        self.reader.dispose(close=False)

    def dispose(self) -> None:
        """Closes every connection."""
        self.writer.dispose()
        self.reader.dispose()


_databases: weakref.WeakSet[Database] = weakref.WeakSet()


def _after_fork() -> None:
    for database in list(_databases):
        database.forget_connections()


os.register_at_fork(after_in_child=_after_fork)


def _sqlite_engine(url: URL, *, pool_size: int, read_only: bool) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_SECONDS,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "isolation_level": None, "check_same_thread": False},
    )
    pragmas = (
        ["PRAGMA query_only=ON"]
        if read_only
        else [
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "PRAGMA foreign_keys=ON",
        ]
    )
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(pragma).close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _report_slow_queries(engine: Engine) -> None:
    @event.listens_for(engine, "before_cursor_execute")
    def _start(
        connection: Connection,
        _cursor: object,
        _statement: str,
        _parameters: object,
        _context: object,
        _many: bool,
    ) -> None:
        connection.info["started"] = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def _stop(
        connection: Connection,
        _cursor: object,
        statement: str,
        _parameters: object,
        _context: object,
        _many: bool,
    ) -> None:
        seconds = time.perf_counter() - connection.info["started"]
        if seconds >= SLOW_QUERY_SECONDS:
            text = " ".join(statement.split())
            log_event(
                log, logging.WARNING, "slow_query", "a query was slow",
                duration_ms=round(seconds * 1000, 1), statement=text[:500],
            )  # fmt: skip
