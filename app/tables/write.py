"""Writes tables: xlsx in constant memory, csv that no spreadsheet program takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

from app.tables.cells import Cell, Row, shown

# What one cell of an xlsx file may hold, and the length of a sheet's name.
CELL_TEXT = 32_767
SHEET_NAME = 31
# A program that opens a csv file runs a cell that begins with one of these (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Target(Protocol):
    """Where bytes go; it need not be able to seek."""

    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...


class ForwardOnly:
    """Hides that a target can seek: what is written then never goes back, and a running hash stays right."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def write(self, data: bytes) -> int:
        return self._target.write(data)

    def flush(self) -> None:
        self._target.flush()


def harmless(cell: Cell) -> str:
    """The cell as csv text. A text that would be run as a formula gets an apostrophe; numbers stay."""
    text = shown(cell)
    return "'" + text if isinstance(cell, str) and text.startswith(_FORMULA) else text


def write_csv(target: Target, rows: Iterable[tuple[int, Row]]) -> None:
    """UTF-8 with a byte-order mark, which Excel needs to believe it; rows that are empty stay empty lines."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    target.write(b"\xef\xbb\xbf")
    following = 0
    for position, row in rows:
        text.write("\r\n" * (position - following))
        writer.writerow(map(harmless, row))
        following = position + 1
        if text.tell() > 64 * 1024:
            target.write(text.getvalue().encode("utf-8", "replace"))
            text.seek(0)
            text.truncate()
    target.write(text.getvalue().encode("utf-8", "replace"))


@contextmanager
def xlsx(target: Target, tmp_dir: Path) -> Iterator[XlsxBook]:
    """A workbook that is written row by row; its temporary files are in `tmp_dir`."""
    import xlsxwriter  # only the jobs that write workbooks pay for it

    book = xlsxwriter.Workbook(
        cast("IO[bytes]", ForwardOnly(target)),
        {
            "constant_memory": True,
            "tmpdir": str(tmp_dir),
            "strings_to_formulas": False,
            "strings_to_urls": False,
        },
    )
    yield XlsxBook(book)
    book.close()


class XlsxBook:
    def __init__(self, book: Any) -> None:
        self.book = book
        self._taken: set[str] = set()

    def sheet(self, name: str) -> Any:
        """A new sheet, under this name or the nearest that is allowed and free."""
        return self.book.add_worksheet(sheet_name(name, self._taken))

    def write_rows(self, name: str, rows: Iterable[tuple[int, Row]]) -> None:
        """A sheet with these rows, every text as a text."""
        sheet = self.sheet(name)
        for position, row in rows:
            for column, cell in enumerate(row):
                put(sheet, position, column, cell)


def put(sheet: Any, row: int, column: int, cell: Cell, style: Any = None) -> None:
    """Writes one cell by its type: a text never becomes a formula or a link."""
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, style)
    elif isinstance(cell, str):
        text = cell if len(cell) <= CELL_TEXT else cell[: CELL_TEXT - 1] + "…"
        sheet.write_string(row, column, text, style)
    elif cell is not None:
        sheet.write_number(row, column, cell, style)
    elif style is not None:
        sheet.write_blank(row, column, None, style)


def sheet_name(wanted: str, taken: set[str]) -> str:
    """A name that spreadsheet programs allow, and that is not in `taken` yet; it is added there."""
    clean = "".join(" " if letter in "[]:*?/\\" or ord(letter) < 32 else letter for letter in wanted).strip(
        " '"
    )
    base = clean[:SHEET_NAME].strip(" '") or "Sheet"
    name, number = base, 1
    while name.lower() in taken or name.lower() == "history":
        number += 1
        suffix = f" ({number})"
        name = base[: SHEET_NAME - len(suffix)] + suffix
    taken.add(name.lower())
    return name
