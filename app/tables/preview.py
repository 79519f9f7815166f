"""One page of a table: from the cache when it is there, from the head of the file when it is not yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.tables.cache import Sheet, find
from app.tables.cells import Cell, Row
from app.tables.source import open_table

# What one page shows at most; the rest of a wide or wordy row is in the file itself.
SHOWN_COLUMNS = 512
SHOWN_TEXT = 2000
PAGE_CHARACTERS = 2_000_000
# Rows that are read past for a page of a file without a cache: about two seconds' work.
UNCACHED_ROWS = 50_000


class NotReady(Exception):  # noqa: N818 - a state
    """The page lies too deep in a table that has no cache yet."""


class NoSuchSheet(Exception):  # noqa: N818
    """The workbook has fewer sheets."""


@dataclass(frozen=True, slots=True)
class Page:
    sheets: list[Sheet]
    sheet: int
    offset: int
    columns: int
    total_rows: int
    rows: list[Row]
    complete: bool


def page(tables_dir: Path, files_dir: Path, stored: str, sheet: int, offset: int, limit: int) -> Page:
    """Up to `limit` rows from `offset` on, fewer when they are very large.

    Before the cache is there, sizes of sheets are those the file declares, and `complete` is False.
    Raises TableRefused, NoSuchSheet, NotReady.
    """
    cache = find(tables_dir, stored)
    if cache is None:
        return _from_file(files_dir / stored, sheet, offset, limit)
    with cache:
        if sheet >= len(cache.sheets):
            raise NoSuchSheet
        found = cache.sheets[sheet]
        limit = max(min(limit, found.rows - offset), 0)
        rows = _grid(cache.rows(sheet, offset, limit), offset, limit)
        return Page(cache.sheets, sheet, offset, found.columns, found.rows, rows, True)


def _from_file(path: Path, sheet: int, offset: int, limit: int) -> Page:
    with open_table(path) as source:
        if sheet >= len(source.sheet_names):
            raise NoSuchSheet
        if offset + limit > UNCACHED_ROWS and source.first_rows(sheet, UNCACHED_ROWS, 0)[1] is None:
            raise NotReady
        filled, total = source.first_rows(sheet, offset, limit)
        sheets = [
            Sheet(name, *source.declared_size(number)) for number, name in enumerate(source.sheet_names)
        ]
    columns = max([sheets[sheet].columns, *(len(row) for _, row in filled)])
    if total is None:
        total = max(sheets[sheet].rows, offset + limit + 1)
    sheets[sheet] = Sheet(sheets[sheet].name, total, columns)
    rows = _grid(filled, offset, max(min(limit, total - offset), 0))
    return Page(sheets, sheet, offset, columns, total, rows, False)


def _grid(filled: Iterable[tuple[int, Row]], offset: int, limit: int) -> list[Row]:
    """A row for each position, empty ones included, within what one page may weigh."""
    rows: list[Row] = []
    weight = 0
    for position, row in filled:
        rows.extend([] for _ in range(position - offset - len(rows)))
        cells = [cut(cell) for cell in row[:SHOWN_COLUMNS]]
        weight += sum(len(cell) if isinstance(cell, str) else 8 for cell in cells)
        if weight > PAGE_CHARACTERS and rows:
            return rows
        rows.append(cells)
    rows.extend([] for _ in range(limit - len(rows)))
    return rows


def cut(cell: Cell) -> Cell:
    """The cell, a very long text shortened."""
    return cell[: SHOWN_TEXT - 1] + "…" if isinstance(cell, str) and len(cell) > SHOWN_TEXT else cell
