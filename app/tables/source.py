"""One face for every kind of table file, chosen by what the file holds and not by what it calls itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol

from app.tables.cells import Row
from app.tables.delimited import Delimited
from app.tables.limits import LIMITS, Limits, TableRefused
from app.tables.xlsx import Workbook

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"


class Source(Protocol):
    """A table file that is being read."""

    sheet_names: list[str]

    def rows(self, sheet: int) -> Iterator[tuple[int, Row]]: ...

    def first_rows(self, sheet: int, offset: int, limit: int) -> tuple[list[tuple[int, Row]], int | None]: ...

    def declared_size(self, sheet: int) -> tuple[int, int]: ...


class _Text:
    """A csv file in the role of a workbook with one sheet."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._table = Delimited(path, limits)
        self.sheet_names = [""]

    def rows(self, sheet: int) -> Iterator[tuple[int, Row]]:
        return self._table.rows()

    def first_rows(self, sheet: int, offset: int, limit: int) -> tuple[list[tuple[int, Row]], int | None]:
        found: list[tuple[int, Row]] = []
        total = 0
        for position, row in self._table.rows():
            if position >= offset + limit:
                return found, None
            if position >= offset:
                found.append((position, row))
            total = position + 1
        return found, total

    def declared_size(self, sheet: int) -> tuple[int, int]:
        first = [len(row) for _, row in islice(self._table.rows(), 1)]
        return 0, first[0] if first else 0


@contextmanager
def open_table(path: Path, limits: Limits = LIMITS) -> Iterator[Source]:
    """The table in a stored file. Raises TableRefused, also while its rows are read."""
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(_ZIP):
        with Workbook(path, limits) as workbook:
            yield workbook
    elif head.startswith(_OLE):
        raise TableRefused("this is a workbook of the old xls kind or an encrypted one: save it as xlsx")
    else:
        yield _Text(path, limits)
