"""Reads an xlsx file as a stream: rows come out while the sheet is still being unpacked.

Memory does not grow with the sheet, and the first rows cost only the first part of the file. Nobody's
promises are believed: not the declared dimension, not the sizes in the archive's directory.
"""

from __future__ import annotations

import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from posixpath import join, normpath
from typing import IO
from xml.parsers import expat

from app.tables.cells import Cell, Row, column_index, is_moment, moment, number, unescape
from app.tables.limits import LIMITS, Limits, TableRefused

_CHUNK = 64 * 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError, RuntimeError)
_Start = Callable[[str, dict[str, str]], None]


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _attribute(attributes: dict[str, str], name: str) -> str:
    for key, value in attributes.items():
        if _bare(key) == name:
            return value
    return ""


def _no_doctype(*_arguments: object) -> None:
    raise TableRefused("the workbook declares its own entities, which no spreadsheet program does")


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


class Workbook:
    """The sheets of an xlsx file. Raises TableRefused for what is no such file or exceeds a limit."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._strings: list[str] | None = None
        try:
            self._archive = zipfile.ZipFile(path)
        except _BROKEN as error:
            raise TableRefused("the file is not an xlsx workbook") from error
        try:
            if len(self._archive.infolist()) > limits.zip_entries:
                raise TableRefused(f"the workbook's archive has more than {limits.zip_entries} entries")
            self._names = {info.filename.lower(): info.filename for info in self._archive.infolist()}
            self._from_1904 = False
            self.sheet_names, self._parts = self._read_sheets()
            self._moments = self._read_styles()
        except BaseException:
            self._archive.close()
            raise

    def close(self) -> None:
        self._archive.close()

    def __enter__(self) -> Workbook:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def rows(self, sheet: int) -> Iterator[tuple[int, Row]]:
        """(zero-based row number, cells) of every row that holds something. Loads all shared texts first."""
        if self._strings is None:
            self._strings = list(self._shared_strings())
        strings = self._strings
        for position, raw in self._raw_rows(sheet):
            yield position, _resolved(raw, strings.__getitem__)

    def first_rows(self, sheet: int, offset: int, limit: int) -> tuple[list[tuple[int, Row]], int | None]:
        """The rows from `offset` on, `limit` positions of them; how many the sheet has, when it ends there.

        Reads no further than they reach, in the sheet and in the shared texts.
        """
        found: list[tuple[int, list[Cell | _Shared]]] = []
        total: int | None = 0
        for position, raw in self._raw_rows(sheet):
            if position >= offset + limit:
                total = None
                break
            total = position + 1
            if position >= offset:
                found.append((position, raw))
        wanted = {cell.index for _, raw in found for cell in raw if isinstance(cell, _Shared)}
        texts: dict[int, str] = {}
        if wanted:
            last = max(wanted)
            for index, text in enumerate(self._shared_strings()):
                if index in wanted:
                    texts[index] = text
                if index >= last:
                    break
        return [(position, _resolved(raw, texts.__getitem__)) for position, raw in found], total

    def declared_size(self, sheet: int) -> tuple[int, int]:
        """(rows, columns) as the sheet's head declares them, within the limits; zeros when it does not."""
        size = (0, 0)

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal size
            if _bare(name) == "dimension":
                corner = attributes.get("ref", "").replace("$", "").rpartition(":")[2]
                digits = corner.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
                if digits.isascii() and digits.isdigit() and len(digits) < 9:
                    size = (
                        min(int(digits), self._limits.rows),
                        min(max(column_index(corner) + 1, 0), self._limits.columns),
                    )

        parser = _parser()
        parser.StartElementHandler = start
        with self._open(self._parts[sheet], self._limits.xml_bytes) as source, _damage():
            parser.Parse(source.read(4096), False)
        return size

    def _raw_rows(self, sheet: int) -> Iterator[tuple[int, list[Cell | _Shared]]]:
        limits = self._limits
        reader = _SheetReader(limits, self._moments, self._from_1904)
        with self._open(self._parts[sheet], limits.xml_bytes) as source:
            while True:
                with _damage():
                    data = source.read(_CHUNK)
                    reader.feed(data)
                yield from reader.take()
                if not data:
                    return

    def _shared_strings(self) -> Iterator[str]:
        name = self._names.get("xl/sharedstrings.xml")
        if name is None:
            return
        done: list[str] = []
        pieces: list[str] = []
        collecting = phonetic = False
        total = 0

        def start(name: str, _attributes: dict[str, str]) -> None:
            nonlocal collecting, phonetic
            name = _bare(name)
            if name == "t":
                collecting = not phonetic
            elif name == "si":
                pieces.clear()
            elif name == "rPh":
                phonetic = True

        def end(name: str) -> None:
            nonlocal collecting, phonetic
            name = _bare(name)
            if name == "t":
                collecting = False
            elif name == "si":
                done.append(unescape("".join(pieces)))
            elif name == "rPh":
                phonetic = False

        def data(text: str) -> None:
            if collecting:
                pieces.append(text)
                _bounded(pieces, self._limits)

        parser = _parser()
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
        with self._open(name, self._limits.xml_bytes) as source:
            while True:
                with _damage():
                    chunk = source.read(_CHUNK)
                    parser.Parse(chunk, not chunk)
                for text in done:
                    total += sys.getsizeof(text) + 8
                    yield text
                if total > self._limits.strings_bytes:
                    raise TableRefused("the workbook holds more different texts than can be shown")
                done.clear()
                if not chunk:
                    return

    def _read_sheets(self) -> tuple[list[str], list[str]]:
        root = self._names.get("xl/workbook.xml")
        relations = self._names.get("xl/_rels/workbook.xml.rels")
        if root is None or relations is None:
            raise TableRefused("the file is a zip archive but not an xlsx workbook")
        targets: dict[str, str] = {}

        def relation(name: str, attributes: dict[str, str]) -> None:
            if _bare(name) == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        self._parse_small(relations, relation)
        names: list[str] = []
        parts: list[str] = []

        def sheet(name: str, attributes: dict[str, str]) -> None:
            if _bare(name) == "workbookPr":
                self._from_1904 = attributes.get("date1904", "0") in ("1", "true")
            if _bare(name) != "sheet":
                return
            target = targets.get(_attribute(attributes, "id"))
            if target is None:
                return
            whole = normpath(target.lstrip("/") if target.startswith("/") else join("xl", target)).lower()
            if whole in self._names:
                names.append(attributes.get("name", ""))
                parts.append(self._names[whole])

        self._parse_small(root, sheet)
        if not parts:
            raise TableRefused("the workbook has no sheet")
        if len(parts) > self._limits.sheets:
            raise TableRefused(f"the workbook has more than {self._limits.sheets} sheets")
        return names, parts

    def _read_styles(self) -> list[bool]:
        """For each cell format, whether it shows a moment."""
        name = self._names.get("xl/styles.xml")
        if name is None:
            return []
        codes: dict[int, str] = {}
        formats: list[int] = []
        inside = False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            name = _bare(name)
            if name == "numFmt":
                codes[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
            elif name == "cellXfs":
                inside = True
            elif name == "cellStyles":
                inside = False
            elif name == "xf" and inside:
                formats.append(_whole(attributes.get("numFmtId")))

        self._parse_small(name, start)
        return [is_moment(found, codes.get(found)) for found in formats]

    def _parse_small(self, name: str, start: _Start) -> None:
        parser = _parser()
        parser.StartElementHandler = start
        with self._open(name, self._limits.part_bytes) as source, _damage():
            while chunk := source.read(_CHUNK):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)

    def _open(self, name: str, limit: int) -> IO[bytes]:
        # zipfile never hands out more than the size declared here, whatever the stream holds.
        if self._archive.getinfo(name).file_size > limit:
            raise TableRefused(
                f"the workbook's {name} unpacks to more than {limit // (1024 * 1024)} MB: too large to show"
            )
        with _damage():
            return self._archive.open(name)


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise TableRefused("the workbook is damaged") from error


class _Shared:
    """A cell whose text is in the workbook's list."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


def _bounded(pieces: list[str], limits: Limits) -> None:
    """Refuses a text that grows beyond one cell; it arrives in pieces of a few kilobytes."""
    if len(pieces) > 16 and sum(map(len, pieces)) > limits.text:
        raise TableRefused(f"a cell holds more than {limits.text} characters")


def _resolved(raw: list[Cell | _Shared], text: Callable[[int], str]) -> Row:
    try:
        return [text(cell.index) if isinstance(cell, _Shared) else cell for cell in raw]
    except (IndexError, KeyError) as error:
        raise TableRefused("the workbook is damaged: a cell names a text that is not there") from error


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


class _SheetReader:
    """Collects rows from the XML of one sheet."""

    def __init__(self, limits: Limits, moments: list[bool], from_1904: bool) -> None:
        self._done: list[tuple[int, list[Cell | _Shared]]] = []
        self._parser = _parser()
        (
            self._parser.StartElementHandler,
            self._parser.EndElementHandler,
            self._parser.CharacterDataHandler,
        ) = self._handlers(limits, moments, from_1904)

    def feed(self, data: bytes) -> None:
        self._parser.Parse(data, not data)

    def take(self) -> Iterator[tuple[int, list[Cell | _Shared]]]:
        yield from self._done
        self._done.clear()

    def _handlers(
        self, limits: Limits, moments: list[bool], from_1904: bool
    ) -> tuple[_Start, Callable[[str], None], Callable[[str], None]]:
        done = self._done
        row: list[Cell | _Shared] = []
        pieces: list[str] = []
        position, column, cells = -1, -1, 0
        kind, style = "", 0
        collecting = phonetic = False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal position, column, kind, style, collecting, phonetic
            if ":" in name:
                name = _bare(name)
            if name == "c":
                reference = attributes.get("r")
                column = column_index(reference) if reference else column + 1
                kind = attributes.get("t", "n")
                style = _whole(attributes.get("s")) if "s" in attributes else 0
                pieces.clear()
            elif name in ("v", "t"):
                collecting = not phonetic
            elif name == "row":
                given = _whole(attributes.get("r"))
                following = given - 1 if given else position + 1
                if following <= position or following >= limits.rows:
                    raise TableRefused(f"the sheet's rows are out of order or beyond row {limits.rows}")
                position, column = following, -1
                row.clear()
            elif name == "rPh":
                phonetic = True

        def end(name: str) -> None:
            nonlocal cells, collecting, phonetic
            if ":" in name:
                name = _bare(name)
            if name in ("v", "t"):
                collecting = False
            elif name == "c":
                if not pieces:
                    return
                if not 0 <= column < limits.columns or position < 0:
                    raise TableRefused("the sheet holds a cell outside every column")
                if column < len(row):
                    raise TableRefused("the sheet's cells are out of order")
                value = _value("".join(pieces), kind, style < len(moments) and moments[style], from_1904)
                cells += column + 1 - len(row)
                if cells > limits.cells:
                    raise TableRefused(f"the sheet has more than {limits.cells} cells: too large to show")
                row.extend([None] * (column - len(row)))
                row.append(value)
            elif name == "row":
                if row:
                    done.append((position, row.copy()))
                    row.clear()
            elif name == "rPh":
                phonetic = False

        def data(text: str) -> None:
            if collecting:
                pieces.append(text)
                _bounded(pieces, limits)

        return start, end, data


def _value(text: str, kind: str, shows_moment: bool, from_1904: bool) -> Cell | _Shared:
    if kind == "s":
        return _Shared(_whole(text.strip()))
    if kind == "n":
        found = number(text)
        if shows_moment and not isinstance(found, str | None):
            return moment(found, from_1904) or found
        return found
    if kind == "b":
        return text.strip() in ("1", "true")
    return unescape(text)
