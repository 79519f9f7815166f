"""A comparison in a SQLite file of its own: made by a job in bounded memory, read by page.

It holds the cells of both sides, so that it outlives the versions it compared.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from app.compare.align import Columns, Pair, by_key, by_position, columns_of, key_column
from app.models import new_id
from app.tables.cache import TableCache
from app.tables.cells import Cell, Row, shown

FORMAT = 1
_BATCH = 1000
# Pages of the database that stay in memory: 8 MB.
_CACHE_KB = 8192
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Report = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by what happened to them, and `cells`: how many cells differ in changed rows."""

    added: int
    removed: int
    changed: int
    unchanged: int
    cells: int


@dataclass(frozen=True, slots=True)
class Side:
    """One sheet of one table."""

    table: TableCache
    sheet: int

    @property
    def size(self) -> tuple[int, int]:
        found = self.table.sheets[self.sheet]
        return found.rows, found.columns

    def header(self) -> Row:
        return next((row for _, row in self.table.rows(self.sheet, 0, 1)), [])


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of the comparison. `left` and `right` are row numbers as a spreadsheet shows them, from 1."""

    kind: str
    left: int | None
    right: int | None
    left_cells: Row | None
    right_cells: Row | None

    def cells(self) -> Iterator[tuple[Cell, Cell, bool]]:
        """(left, right, whether they differ) for each column."""
        width = len(self.left_cells or self.right_cells or [])
        left = self.left_cells or [None] * width
        right = self.right_cells or [None] * width
        for one, other in zip(left, right, strict=True):
            yield one, other, self.kind == "changed" and not same(one, other)


def same(left: Cell, right: Cell) -> bool:
    """Whether two cells hold the same: 1 and 1.0 do, 1 and true do not, an empty text is an empty cell."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return (left if left != "" else None) == (right if right != "" else None)


def compare(left: Side, right: Side, key: str | None, target: Path, report: Report) -> Counts:
    """Writes the comparison to `target`, which gets its name only when it is complete.

    The first row of each sheet names the columns. Raises align.NoSuchColumn.
    """
    columns = columns_of(left.header(), left.size[1], right.header(), right.size[1])
    target.parent.mkdir(mode=0o750, exist_ok=True)
    unfinished = target.with_name(f".{new_id()}.db")
    try:
        with closing(_new(unfinished)) as connection:
            connection.execute("ATTACH ? AS l", (f"file:{left.table.path}?mode=ro&immutable=1",))
            connection.execute("ATTACH ? AS r", (f"file:{right.table.path}?mode=ro&immutable=1",))
            pairs = _pairs(connection, columns, left, right, key)
            counts = _write(connection, columns, left, right, pairs, report)
            about = {"columns": columns.names, "key": key, "counts": asdict(counts)}
            connection.execute("INSERT INTO about VALUES (?)", (_encode(about),))
            connection.execute("DROP TABLE IF EXISTS left_keys")
            connection.execute("DROP TABLE IF EXISTS right_keys")
            connection.commit()
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return counts


def _new(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o640))
    connection = sqlite3.connect(f"file:{path}", uri=True)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
    connection.execute("CREATE TABLE about (json TEXT)")
    connection.execute(
        "CREATE TABLE differences (place INTEGER PRIMARY KEY, change INTEGER, kind TEXT, left INTEGER,"
        " right INTEGER, left_cells TEXT, right_cells TEXT)"
    )
    return connection


def _pairs(
    connection: sqlite3.Connection, columns: Columns, left: Side, right: Side, key: str | None
) -> Iterator[Pair]:
    if key is None:
        yield from by_position(left.size[0], right.size[0])
        return
    for name, side, index in zip(("left", "right"), (left, right), key_column(columns, key), strict=True):
        connection.execute(f"CREATE TABLE {name}_keys (key TEXT, position INTEGER)")
        connection.executemany(
            f"INSERT INTO {name}_keys VALUES (?, ?)",  # noqa: S608 - two constants
            (
                (shown(row[index]) if index < len(row) else "", position)
                for position, row in side.table.rows(side.sheet)
                if position > 0
            ),
        )
        connection.execute(f"CREATE INDEX {name}_order ON {name}_keys (key, position)")
    yield from by_key(connection)


def _write(
    connection: sqlite3.Connection,
    columns: Columns,
    left: Side,
    right: Side,
    pairs: Iterator[Pair],
    report: Report,
) -> Counts:
    expected = max(left.size[0], right.size[0], 1)
    found = dict.fromkeys(("added", "removed", "changed", "same"), 0)
    different = changes = place = 0
    batch: list[tuple[object, ...]] = []
    for one, other in pairs:
        a = _row(connection, "l", left.sheet, one)
        b = _row(connection, "r", right.sheet, other)
        if a is None and b is None:
            continue
        cells = [None if row is None else columns.aligned(row, side)
                 for row, side in ((a, columns.left), (b, columns.right))]  # fmt: skip
        difference = Difference(_kind(cells[0], cells[1]), one, other, cells[0], cells[1])
        found[difference.kind] += 1
        changed = difference.kind != "same"
        if changed:
            different += sum(1 for *_, differs in difference.cells() if differs)
        batch.append(
            (
                place,
                changes if changed else None,
                difference.kind,
                None if a is None or one is None else one + 1,
                None if b is None or other is None else other + 1,
                None if cells[0] is None else _encode(cells[0]),
                None if cells[1] is None or not changed else _encode(cells[1]),
            )
        )
        place += 1
        changes += changed
        if len(batch) >= _BATCH:
            report(min(place / expected, 0.99))
            _insert(connection, batch)
    _insert(connection, batch)
    connection.execute("CREATE UNIQUE INDEX changes ON differences (change) WHERE change IS NOT NULL")
    return Counts(found["added"], found["removed"], found["changed"], found["same"], different)


def _insert(connection: sqlite3.Connection, batch: list[tuple[object, ...]]) -> None:
    connection.executemany("INSERT INTO differences VALUES (?, ?, ?, ?, ?, ?, ?)", batch)
    batch.clear()


def _row(connection: sqlite3.Connection, schema: str, sheet: int, position: int | None) -> Row | None:
    if position is None:
        return None
    found = connection.execute(
        f"SELECT cells FROM {schema}.rows WHERE sheet = ? AND position = ?",  # noqa: S608 - `l` or `r`
        (sheet, position),
    ).fetchone()
    row: Row | None = None if found is None else json.loads(found[0])
    return row


def _kind(left: Row | None, right: Row | None) -> str:
    if left is None:
        return "added"
    if right is None:
        return "removed"
    return "same" if all(map(same, left, right)) else "changed"


class Comparison:
    """A finished comparison, for reading. Raises FileNotFoundError when it is gone."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(path)
        self._connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        about = json.loads(self._connection.execute("SELECT json FROM about").fetchone()[0])
        self.columns: list[str] = about["columns"]
        self.key: str | None = about["key"]
        self.counts = Counts(**about["counts"])

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Comparison:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def total(self, only_changes: bool) -> int:
        """How many rows there are to page through."""
        changes = self.counts.added + self.counts.removed + self.counts.changed
        return changes if only_changes else changes + self.counts.unchanged

    def page(self, offset: int, limit: int, only_changes: bool) -> Iterator[Difference]:
        """The rows from `offset` on."""
        column = "change" if only_changes else "place"
        for kind, left, right, one, other in self._connection.execute(
            "SELECT kind, left, right, left_cells, right_cells FROM differences"  # noqa: S608 - two constants
            f" WHERE {column} >= ? AND {column} < ? ORDER BY {column}",
            (offset, offset + limit),
        ):
            left_cells = None if one is None else json.loads(one)
            right_cells = left_cells if kind == "same" else None if other is None else json.loads(other)
            yield Difference(kind, left, right, left_cells, right_cells)
