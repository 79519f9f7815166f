"""Counts whole files with the standard library alone: what DuckDB's way falls back to, and its yardstick."""

from __future__ import annotations

from typing import Iterable

from monitoring.logs.blocks import blocks
from monitoring.logs.figures import Figures
from monitoring.logs.lines import parse


class Count:
    """Counts lines into `figures`: those from `since_ms` on, which is the start of an hour.

    `problems` says what could not be read.
    """

    def __init__(self, since_ms: int, form: str) -> None:
        self.figures = Figures()
        self.problems: list[str] = []
        self.since_ms = since_ms
        self._form = form

    def line(self, line: bytes) -> None:
        if not line or line.isspace():
            return
        record = parse(line, self._form)
        if record is None:
            self.figures.broken += 1
        elif record.time_ms >= self.since_ms:
            self.figures.add(record)

    def too_long(self) -> None:
        self.figures.broken += 1

    def file(self, path: str) -> None:
        for block in blocks(path, self.too_long, self.problems.append):
            for line in block.split(b"\n"):
                self.line(line)


def count(paths: Iterable[str], since_ms: int, form: str = "auto") -> Count:
    """Return what is in the files. Raises OSError when one cannot be opened."""
    result = Count(since_ms, form)
    for path in paths:
        result.file(path)
    return result
