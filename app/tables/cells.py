"""What a cell holds, and how spreadsheets write it."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta

Cell = str | int | float | bool | None
Row = list[Cell]

# Whole numbers up to here are exact in the floating-point numbers of a spreadsheet.
EXACT = 2**53
# Built-in number formats that show a moment (ECMA-376 part 1, 18.8.30, and its East Asian additions).
_BUILT_IN_MOMENTS = frozenset([*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)])
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_LETTERS = re.compile(r"[dmyhsa]|\[[hms]+\]", re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,15})(?:\.\d{1,17})?\Z")


def is_moment(format_id: int, code: str | None) -> bool:
    """Whether a number format shows a date or a time."""
    if code is None:
        return format_id in _BUILT_IN_MOMENTS
    bare = _LITERAL.sub("", code.partition(";")[0])
    return "general" not in bare.lower() and _LETTERS.search(bare) is not None


def number(text: str) -> Cell:
    """The number that a spreadsheet wrote; the text itself when it is none that JSON can carry."""
    try:
        value = float(text)
    except ValueError:
        return text
    if not math.isfinite(value):
        return text
    return int(value) if value.is_integer() and abs(value) <= EXACT else value


def moment(serial: float, from_1904: bool) -> str | None:
    """`2026-11-24`, `2026-11-24 08:30:00` or `08:30:00` for a spreadsheet's serial number of days.

    None when no calendar has such a day. Days 1 to 59 of the 1900 system are counted without its 29 February.
    """
    if not 0 <= serial < 2_958_466:
        return None
    seconds = round((serial % 1) * 86_400)
    days = int(serial)
    if seconds == 86_400:
        days, seconds = days + 1, 0
    if days == 0 and not from_1904:
        return _clock(seconds)
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 31) if days < 60 else date(1899, 12, 30)
    try:
        day = first + timedelta(days=days)
    except OverflowError:
        return None
    return f"{day.isoformat()} {_clock(seconds)}" if seconds else day.isoformat()


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def unescape(text: str) -> str:
    """Undoes the `_x000D_` that spreadsheets write for characters XML has no place for."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def column_index(reference: str) -> int:
    """The zero-based column of `B7`; -1 when it names none."""
    index = 0
    for letter in reference:
        value = ord(letter) - 64
        if not 1 <= value <= 26:
            break
        index = index * 26 + value
    return index - 1


def column_name(index: int) -> str:
    """`A` for 0, `AA` for 26."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def plain(text: str) -> Cell:
    """A csv field as a cell: a number when writing the number gives the very same text back, else the text.

    `007`, long identifiers, `1.10` and `1e5` stay text, so that nothing is lost.
    """
    if text == "":
        return None
    if _NUMBER.match(text):
        value: int | float = float(text) if "." in text else int(text)
        if str(value) == text and abs(value) <= EXACT:
            return value
    return text


def shown(cell: Cell) -> str:
    """The cell as text: in csv, in messages, and as a key."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return str(cell)
