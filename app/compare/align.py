"""Which column and which row of one table belongs to which of the other; SQLite does the sorting."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from app.tables.cells import Row, column_name, shown


class NoSuchColumn(Exception):  # noqa: N818 - told to the user
    """A table lacks the key column."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of the comparison: names, and their indexes in both tables (None: not there)."""

    names: list[str]
    left: list[int | None]
    right: list[int | None]

    def aligned(self, row: Row, side: list[int | None]) -> Row:
        """The cells of one table's row in the order of the comparison's columns."""
        return [row[index] if index is not None and index < len(row) else None for index in side]


def columns_of(left: Row, left_width: int, right: Row, right_width: int) -> Columns:
    """Columns belong together by their name in the first row; the nth of a name to the other's nth.

    A column without a name is called by its letter. The right table's order leads; columns that only the left
    has stand behind the one they stood behind there.
    """
    left_names, right_names = _labels(left, left_width), _labels(right, right_width)
    at_left = {label: index for index, label in enumerate(left_names)}
    at_right = {label: index for index, label in enumerate(right_names)}
    order = list(right_names)
    for index, label in enumerate(left_names):
        if label not in at_right:
            before = left_names[index - 1] if index else None
            order.insert(order.index(before) + 1 if before is not None else 0, label)
    return Columns(
        [name for name, _ in order],
        [at_left.get(label) for label in order],
        [at_right.get(label) for label in order],
    )


def _labels(header: Row, width: int) -> list[tuple[str, int]]:
    seen: dict[str, int] = {}
    labels = []
    for index in range(width):
        name = shown(header[index]).strip() if index < len(header) else ""
        name = name or column_name(index)
        seen[name] = seen.get(name, 0) + 1
        labels.append((name, seen[name]))
    return labels


def key_column(columns: Columns, key: str) -> tuple[int, int]:
    """The key column's index in the left and in the right table. Raises NoSuchColumn."""
    for name, left, right in zip(columns.names, columns.left, columns.right, strict=True):
        if name == key.strip() and left is not None and right is not None:
            return left, right
    raise NoSuchColumn(key)


Pair = tuple[int | None, int | None]


def by_position(left_rows: int, right_rows: int) -> Iterator[Pair]:
    """Row n belongs to row n; the first row is the header."""
    for position in range(1, max(left_rows, right_rows)):
        yield (position if position < left_rows else None, position if position < right_rows else None)


_PAIRS = """
WITH l AS (SELECT *, row_number() OVER (PARTITION BY key ORDER BY position) AS nth FROM left_keys),
     r AS (SELECT *, row_number() OVER (PARTITION BY key ORDER BY position) AS nth FROM right_keys)
SELECT l.position AS left_position, r.position AS right_position, r.position AS place, 1 AS kind
  FROM r LEFT JOIN l ON l.key = r.key AND l.nth = r.nth
UNION ALL
SELECT l.position, NULL, l.position, 0 FROM l
 WHERE l.nth > (SELECT count(*) FROM right_keys WHERE right_keys.key = l.key)
"""


def by_key(connection: sqlite3.Connection) -> Iterator[Pair]:
    """Rows with the same key belong together, the nth of a key to the other's nth.

    Reads the tables left_keys and right_keys (key, position), which need an index on (key, position).
    Pairs come in the right table's order, a removed row where it stood on the left.
    """
    yield from connection.execute(
        f"SELECT left_position, right_position FROM ({_PAIRS}) ORDER BY place, kind"  # noqa: S608 - a constant
    )
