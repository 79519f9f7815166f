"""Comparing two tables, against a slow and plain way of doing the same."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.compare import workbook
from app.compare.align import NoSuchColumn, columns_of
from app.compare.comparison import Comparison, Counts, Side, compare, same
from app.tables import cache, write
from app.tables.cells import Cell, Row
from tests.unit.app.stack import ROOT

CELLS: st.SearchStrategy[Cell] = st.sampled_from([None, "a", "b", 1, 2, True, 0.5, "=x"])
KEYS: st.SearchStrategy[Cell] = st.sampled_from(["k1", "k2", "k3", 4, None])
NAMES = ["key", "x", "y", "z"]


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    names: Row = ["key", *draw(st.lists(st.sampled_from(NAMES[1:]), unique=True, max_size=3))]
    order = draw(st.permutations(names))
    rows = [
        [draw(KEYS if name == "key" else CELLS) for name in order] for _ in range(draw(st.integers(0, 6)))
    ]
    return [list(order), *rows]


def quiet(_fraction: float) -> None:
    """Nobody is told about the progress."""


def stored(directory: Path, name: str, rows: list[Row]) -> cache.TableCache:
    source = directory / f"{name}.xlsx"
    with source.open("wb") as target, write.xlsx(target, directory) as book:
        book.write_rows("S", enumerate(rows))
    path = directory / f"{name}.db"
    cache.build(source, path, quiet)
    return cache.TableCache(path)


Found = list[tuple[str, int | None, int | None, list[tuple[Cell, Cell, bool]]]]


def plainly(left: list[Row], right: list[Row], key: str | None) -> Found:
    """The comparison in the most obvious way: every row against every other."""
    left_names, right_names = list(map(str, left[0])), list(map(str, right[0]))
    names = columns_of(left[0], len(left[0]), right[0], len(right[0])).names

    def cell(names_: list[str], row: Row, name: str) -> Cell:
        return row[names_.index(name)] if name in names_ else None

    def text(value: Cell) -> str:
        return "" if value is None else str(value)

    lefts = {n: row for n, row in enumerate(left) if n and any(c is not None for c in row)}
    rights = {n: row for n, row in enumerate(right) if n and any(c is not None for c in row)}
    pairs: list[tuple[int | None, int | None]] = []
    free = set(lefts)
    partner: int | None
    for at, row in rights.items():
        if key is None:
            partner = at if at in free else None
        else:
            wanted = text(cell(right_names, row, key))
            partner = next((m for m in sorted(free) if text(cell(left_names, lefts[m], key)) == wanted), None)
        free.discard(partner if partner is not None else -1)
        pairs.append((partner, at))
    pairs.extend((m, None) for m in free)
    pairs.sort(key=lambda pair: (pair[1] if pair[1] is not None else pair[0] or 0, pair[1] is not None))
    found: Found = []
    for m, n in pairs:
        cells = []
        for name in names:
            a = cell(left_names, lefts[m], name) if m is not None else None
            b = cell(right_names, rights[n], name) if n is not None else None
            differs = m is not None and n is not None and (type(a), a) != (type(b), b)
            cells.append((a, b, differs))
        kind = "added" if m is None else "removed" if n is None else "same"
        if any(differs for *_, differs in cells):
            kind = "changed"
        found.append((kind, None if m is None else m + 1, None if n is None else n + 1, cells))
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=tables(), right=tables(), by_key=st.booleans(), offset=st.integers(0, 5))
def test_a_comparison_is_what_the_plain_way_finds(
    tmp_path: Path, left: list[Row], right: list[Row], by_key: bool, offset: int
) -> None:
    key = "key" if by_key else None
    expected = plainly(left, right, key)
    with stored(tmp_path, "l", left) as one, stored(tmp_path, "r", right) as other:
        counts = compare(Side(one, 0), Side(other, 0), key, tmp_path / "c.db", quiet)
    kinds = [kind for kind, *_ in expected]
    cells = sum(differs for *_, row in expected for *_, differs in row)
    assert counts == Counts(
        kinds.count("added"), kinds.count("removed"), kinds.count("changed"), kinds.count("same"), cells
    )
    with Comparison(tmp_path / "c.db") as found:
        for only_changes in (False, True):
            wanted = [row for row in expected if row[0] != "same" or not only_changes]
            page = [(d.kind, d.left, d.right, list(d.cells())) for d in found.page(offset, 4, only_changes)]
            assert page == wanted[offset : offset + 4]
            assert found.total(only_changes) == len(wanted)


def test_columns_belong_together_by_name() -> None:
    columns = columns_of(["a", "gone", "b", None, "b"], 5, ["b", "new", "a", None, "b"], 5)
    assert columns.names == ["b", "new", "a", "gone", "D", "b"]
    assert columns.left == [2, None, 0, 1, 3, 4]
    assert columns.right == [0, 1, 2, None, 3, 4]


def test_equal_cells_are_those_that_look_equal() -> None:
    assert [same(1, 1.0), same("", None), same(True, True)] == [True] * 3
    assert [same(1, True), same("1", 1), same(None, 0), same(False, None)] == [False] * 4


def test_a_key_that_a_table_lacks_is_named(tmp_path: Path) -> None:
    with stored(tmp_path, "l", [["a"], [1]]) as one, stored(tmp_path, "r", [["b"], [1]]) as other:
        with pytest.raises(NoSuchColumn, match="a"):
            compare(Side(one, 0), Side(other, 0), "a", tmp_path / "c.db", quiet)
        assert not (tmp_path / "c.db").exists()
        empty = stored(tmp_path, "e", [])
        assert compare(Side(empty, 0), Side(other, 0), None, tmp_path / "c.db", quiet) == Counts(
            1, 0, 0, 0, 0
        )
        empty.close()


def test_the_workbook_has_the_colours(tmp_path: Path) -> None:
    left: list[Row] = [["id", "v"], [1, "x"], [2, "y"], [3, "=z"]]
    right: list[Row] = [["id", "v"], [1, "x"], [2, "Y"], [4, "new"]]
    with stored(tmp_path, "l", left) as one, stored(tmp_path, "r", right) as other:
        compare(Side(one, 0), Side(other, 0), "id", tmp_path / "c.db", quiet)
    with Comparison(tmp_path / "c.db") as found, (tmp_path / "c.xlsx").open("wb") as target:
        workbook.write(found, target, tmp_path, quiet)
    book = openpyxl.load_workbook(tmp_path / "c.xlsx")
    rows = [[(cell.value, str(cell.fill.fgColor.rgb)[2:]) for cell in row] for row in book["Comparison"].rows]
    green, red, yellow = (colour[1:] for colour in (workbook.GREEN, workbook.RED, workbook.YELLOW))
    assert [value for value, _ in rows[0]] == ["change", "row before", "row after", "id", "v"]
    assert [value for value, _ in rows[1]] == ["same", 2, 2, 1, "x"]
    assert rows[2] == [("changed", yellow), (3, "000000"), (3, "000000"), (2, "000000"), ("y → Y", yellow)]
    assert [rows[3][0], rows[3][3], rows[3][4]] == [("removed", red), (3, red), ("=z", red)]
    assert [rows[4][0], rows[4][3], rows[4][4]] == [("added", green), (4, green), ("new", green)]
    assert [row[1].value for row in book["Summary"].rows] == [1, 1, 1, 1, 1, "id", "all"]


MEASURE = """
import json, sys, time
from pathlib import Path
from app.compare import comparison, workbook
from app.tables import cache
directory = Path(sys.argv[1])
spent = {}
clock = time.perf_counter()
def lap(name):
    global clock
    spent[name] = round(time.perf_counter() - clock, 1)
    clock = time.perf_counter()
for name in ("a", "b"):
    cache.build(directory / f"{name}.csv", directory / f"{name}.db", lambda f: None)
lap("read both s")
with cache.TableCache(directory / "a.db") as a, cache.TableCache(directory / "b.db") as b:
    sides = comparison.Side(a, 0), comparison.Side(b, 0)
    counts = comparison.compare(*sides, "id", directory / "c.db", lambda f: None)
lap("compare s")
with comparison.Comparison(directory / "c.db") as c, (directory / "c.xlsx").open("wb") as target:
    workbook.write(c, target, directory, lambda f: None)
lap("workbook s")
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
spent["peak mb"] = int(peak.split()[1]) // 1024
print(json.dumps({"counts": [counts.added, counts.removed, counts.changed, counts.unchanged], **spent}))
"""


def test_a_hundred_thousand_rows_are_compared_in_bounded_memory(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[n, f"name {n}", n / 8, "城市", "x" * 10] for n in range(100_000)]
    write_csv(tmp_path / "a.csv", rows)
    changed = [[*row[:2], -1.5, *row[3:]] if row[0] % 20 == 0 else row for row in reversed(rows[2000:])]
    write_csv(tmp_path / "b.csv", [*changed, *([f"new {n}", "", 0, "", ""] for n in range(1000))])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
        env={"SQLITE_TMPDIR": str(tmp_path)},
    )  # fmt: skip
    print("compare:", done.stdout)
    found = json.loads(done.stdout)
    assert found["counts"] == [1000, 2000, 4900, 93_100]
    assert found["peak mb"] < 150, found


def write_csv(path: Path, rows: list[list[Any]]) -> None:
    with path.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["id", "name", "amount", "city", "note"])
        writer.writerows(rows)
