"""Counts whole files with DuckDB, several times as fast as `plain` and with the same result.

DuckDB gets the usual lines alone, in chunks through a pipe, and adds them up. A line that is not exactly as
Nginx or the application writes it (another number's format, a backslash, bytes that are no UTF-8, a duration
that belongs into the list of the slow) comes back as it is and goes through the same parser as everywhere
else. So DuckDB decides nothing about a line; and its CSV reader, which splits at carriage returns and drops
what it does not like, never meets such a line.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterable, Iterator

import duckdb

from monitoring.logs.blocks import blocks
from monitoring.logs.duck_sql import COMBINED, QUERIES, query
from monitoring.logs.figures import HOUR_MS, Group
from monitoring.logs.lines import LINE_BYTES, parse
from monitoring.logs.plain import Count
from monitoring.logs.records import EDGE, Request

CHUNK_BYTES = 1024 * 1024 * 1024
MEMORY_LIMIT = "96MB"
# Of the lines at a file's start, so many must be usual; else the plain way is the faster one.
SAMPLE_LINES = 200
SAMPLE_SHARE = 0.5
_F_SETPIPE_SZ = 1031
_PIPE_BYTES = 1024 * 1024


def count(paths: Iterable[str], since_ms: int, form: str = "auto") -> Count:
    """Return what is in the files. Raises duckdb.Error, and OSError when a file cannot be opened."""
    result = Count(since_ms, form)
    with tempfile.TemporaryDirectory(prefix="monitoring-logs-") as directory:
        connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT})
        try:
            connection.execute("SET temp_directory = ?", [directory])
            connection.execute("SET preserve_insertion_order = false")
            # It would be written to standard output, in the middle of a report.
            connection.execute("SET enable_progress_bar = false")
            pipe = Path(directory, "lines")
            os.mkfifo(pipe, 0o600)
            for path in paths:
                kind = kind_of(path, form)
                if kind is None:
                    result.file(path)
                else:
                    _file(connection, pipe, path, kind, result)
        finally:
            connection.close()
    return result


def kind_of(path: str, form: str) -> str | None:
    """Return which query fits most of the lines at the file's start, or None when none does."""
    lines: list[bytes] = []
    for block in blocks(path, lambda: None, lambda _problem: None):
        lines += block.split(b"\n", SAMPLE_LINES)[:SAMPLE_LINES]
        break
    found: dict[str, int] = {}
    for line in lines:
        record = parse(line, form) if b"\\" not in line else None
        if isinstance(record, Request):
            kind = COMBINED if not line.startswith(b"{") else record.origin
            found[kind] = found.get(kind, 0) + 1
    best = max(found, key=lambda kind: found[kind], default=None)
    return best if best in QUERIES and found[best] > SAMPLE_SHARE * len(lines) else None


def _file(connection: duckdb.DuckDBPyConnection, pipe: Path, path: str, kind: str, result: Count) -> None:
    source = _usual(path, result)
    statement = query(kind, str(pipe))
    for first in source:
        feeder = _Feeder(pipe, first, source)
        feeder.start()
        try:
            found = connection.execute(statement)
            while rows := found.fetchmany(2000):
                for row in rows:
                    _add(row, EDGE if kind == COMBINED else kind, result)
        finally:
            feeder.finish()


def _add(row: tuple[Any, ...], origin: str, result: Count) -> None:
    ok, what, hour, bucket, lines, timed, sum_ms, size = row
    if not ok:
        # The same line several times is one row.
        for _each in range(lines):
            result.line(what.encode())
    elif hour >= result.since_ms // HOUR_MS:
        method, status, user, action, endpoint = _parts(what)
        group = Group(lines, timed, sum_ms or 0, size)
        result.figures.add_many(origin, int(hour), method, endpoint, int(status), bucket, user, action, group)


@lru_cache(maxsize=4096)
def _parts(what: str) -> list[str]:
    parts = [part.strip('"') for part in what.split("\x01")]
    parts[2] = "" if parts[2] in ("null", "-") else parts[2]
    parts[3] = "" if parts[3] == "null" else parts[3]
    return parts


def _usual(path: str, result: Count) -> Iterator[bytes]:
    """Yield the blocks of the file without what DuckDB must not get; that is counted right away."""
    for block in blocks(path, result.too_long, result.problems.append):
        if not _suspicious(block):
            yield block
            continue
        kept = []
        for line in block.split(b"\n"):
            if _suspicious(line) or len(line) > LINE_BYTES:
                result.line(line)
            elif line:
                kept.append(line)
        if kept:
            yield b"\n".join(kept) + b"\n"


def _suspicious(data: bytes) -> bool:
    if b"\\" in data or b"\r" in data or b"\0" in data:
        return True
    if data.isascii():
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


class _Feeder(threading.Thread):
    """Writes one chunk of the source into the pipe while DuckDB reads it."""

    def __init__(self, pipe: Path, first: bytes, source: Iterator[bytes]) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._first = first
        self._source = source
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            with self._pipe.open("wb", buffering=0) as out:
                with contextlib.suppress(OSError):
                    fcntl.fcntl(out.fileno(), _F_SETPIPE_SZ, _PIPE_BYTES)
                written = 0
                block: bytes | None = self._first
                while block is not None:
                    view = memoryview(block)
                    while view:
                        view = view[out.write(view) :]
                    written += len(block)
                    block = next(self._source, None) if written < CHUNK_BYTES else None
        except BrokenPipeError:
            # DuckDB gave up; its error is the one that counts.
            pass
        except BaseException as error:
            self._error = error

    def finish(self) -> None:
        """Wait for the end. Raises what went wrong in the thread."""
        # A writer that still waits for a reader is let go.
        with contextlib.suppress(OSError):
            os.close(os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK))
        self.join()
        if self._error is not None:
            raise self._error
