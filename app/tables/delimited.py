"""Reads csv files as a stream, whatever their encoding and delimiter."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from app.tables.cells import Row, plain
from app.tables.limits import LIMITS, Limits, TableRefused

_SAMPLE = 1024 * 1024
_DELIMITERS = (",", "\t", ";", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(sample: bytes) -> str:
    """utf-8-sig, utf-8, utf-16, utf-16-le, utf-16-be or gb18030. Raises TableRefused for what is no text."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if b"\0" in sample:
        halves = sample[: len(sample) // 2 * 2]
        for name, zeros in (("utf-16-le", halves[1::2]), ("utf-16-be", halves[::2])):
            if zeros.count(0) > len(zeros) // 4 and _decodes(halves, name):
                return name
        raise TableRefused("the file is neither a workbook nor a text of comma-separated values")
    for name in ("utf-8", "gb18030"):
        if _decodes(sample, name):
            return name
    raise TableRefused("the file's encoding is none of UTF-8, UTF-16 and GB 18030")


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample, final=False)
    except UnicodeDecodeError:
        return False
    # A picture or a program may decode by chance; no table has such characters.
    return not any(ord(letter) < 32 and letter not in "\t\n\r\f\v\x1a\x1b" for letter in text)


def delimiter_of(text: str) -> str:
    """The delimiter that splits the first lines into the same number of fields, and into the most."""
    lines = text.splitlines()[:50]
    if len(lines) > 1 and len(text) >= _SAMPLE // 4:
        lines.pop()
    best, score = ",", (0.0, 0)
    for candidate in _DELIMITERS:
        counts: dict[int, int] = {}
        try:
            for fields in csv.reader(lines, delimiter=candidate):
                counts[len(fields)] = counts.get(len(fields), 0) + 1
        except csv.Error:
            continue
        width, times = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        if width > 1 and (found := (times / sum(counts.values()), width)) > score:
            best, score = candidate, found
    return best


class Delimited:
    """A csv file: one sheet without a name of its own."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        self._path = path
        self._limits = limits
        with path.open("rb") as source:
            sample = source.read(_SAMPLE)
        self.encoding = encoding_of(sample)
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        self.delimiter = delimiter_of(decoder.decode(sample[: _SAMPLE // 2], final=False))

    def rows(self) -> Iterator[tuple[int, Row]]:
        """(zero-based row number, cells) of every row that holds something. Raises TableRefused."""
        limits, cells = self._limits, 0
        with io.TextIOWrapper(
            self._path.open("rb", buffering=256 * 1024), self.encoding, "replace", newline=""
        ) as text:
            reader = csv.reader(_lines(text, limits.line), delimiter=self.delimiter)
            try:
                for position, fields in enumerate(reader):
                    if position >= limits.rows:
                        raise TableRefused(f"the table has more than {limits.rows} rows: too large to show")
                    cells += len(fields)
                    if len(fields) > limits.columns or cells > limits.cells:
                        raise TableRefused(f"the table has more than {limits.cells} cells: too large to show")
                    row = [plain(field) for field in fields]
                    while row and row[-1] is None:
                        row.pop()
                    if row:
                        yield position, row
            except csv.Error as error:
                raise TableRefused(f"line {reader.line_num} is no line of a table: {error}") from error


def _lines(text: io.TextIOWrapper, limit: int) -> Iterator[str]:
    while line := text.readline(limit):
        if len(line) >= limit:
            raise TableRefused(f"a line is longer than {limit} characters: this is no table")
        yield line
