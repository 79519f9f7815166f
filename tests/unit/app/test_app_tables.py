"""Tables: xlsx and csv files read as streams, shown by page, refused when they ask for too much."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from app.tables import cache, preview, write
from app.tables.cells import Row, column_index, column_name, is_moment, moment, plain
from app.tables.delimited import Delimited
from app.tables.limits import LIMITS, TableRefused
from app.tables.source import open_table
from app.tables.xlsx import Workbook
from tests.unit.app.stack import ROOT

# openpyxl writes what begins with "=" as a formula, which has no value until a program works it out.
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="_"), min_size=1, max_size=12
).filter(lambda text: not text.startswith("="))
CELLS = st.one_of(
    st.none(),
    TEXT,
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.integers(-(10**9), 10**9).map(lambda eighths: eighths / 8),
)
GRIDS = st.lists(st.lists(CELLS, max_size=6), max_size=12)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def quiet(_fraction: float) -> None:
    """Nobody is told about the progress."""


def grid(rows: Any) -> list[Row]:
    """Rows by position, without the empty end of any."""
    found: list[Row] = []
    for position, row in rows:
        found.extend([] for _ in range(position - len(found)))
        found.append(row)
    return found


def trimmed(rows: list[list[Any]], empty: tuple[Any, ...] = (None,)) -> list[list[Any]]:
    """The same without empty cells at the end of a row, and without empty rows at the end."""
    kept = []
    for row in rows:
        row = [None if cell in empty and not isinstance(cell, bool | int | float) else cell for cell in row]
        while row and row[-1] is None:
            row.pop()
        kept.append(row)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def book(path: Path, rows: list[list[Any]], **options: Any) -> Path:
    workbook = openpyxl.Workbook(**options)
    sheet = workbook.active if not options else workbook.create_sheet()
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    workbook.save(path)
    return path


def parts(path: Path, sheet: str, **more: str) -> Path:
    """A workbook whose sheet's XML is the given one, written by hand."""
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    files = {
        "xl/workbook.xml": f'<workbook xmlns:r="{relation}"><sheets><sheet name="S" r:id="a"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="a" Type="{relation}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
        **more,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def read(path: Path, sheet: int = 0) -> list[Row]:
    with open_table(path) as source:
        return grid(source.rows(sheet))


@SLOW
@given(rows=GRIDS)
def test_a_workbook_reads_as_it_was_written_and_as_calamine_reads_it(tmp_path: Path, rows: list[Row]) -> None:
    path = book(tmp_path / "a.xlsx", rows)
    ours = read(path)
    assert ours == trimmed(rows)
    theirs = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert ours == trimmed(theirs, ("",))


@SLOW
@given(rows=GRIDS, offset=st.integers(0, 14), limit=st.integers(1, 14))
def test_a_page_is_the_same_with_and_without_the_cache(
    tmp_path: Path, rows: list[Row], offset: int, limit: int
) -> None:
    stored = "aa/stored"
    (tmp_path / "aa").mkdir(exist_ok=True)
    target = cache.cache_path(tmp_path / "tables", stored)
    target.unlink(missing_ok=True)
    book(tmp_path / stored, rows)
    before = preview.page(tmp_path / "tables", tmp_path, stored, 0, offset, limit)
    cache.build(tmp_path / stored, target, quiet)
    after = preview.page(tmp_path / "tables", tmp_path, stored, 0, offset, limit)
    expected = trimmed(rows)
    assert after.rows == expected[offset : offset + limit]
    assert trimmed(before.rows) == trimmed(after.rows)
    assert (after.total_rows, before.complete, after.complete) == (len(expected), False, True)
    if len(expected) <= offset + limit:
        assert before.total_rows == len(expected)
    assert after.columns == max(map(len, expected), default=0)


def test_moments_are_shown_as_moments(tmp_path: Path) -> None:
    moments = [date(2026, 11, 24), datetime(2026, 11, 24, 8, 30), date(1900, 2, 3)]  # noqa: DTZ001
    path = book(tmp_path / "a.xlsx", [moments])
    assert read(path) == [["2026-11-24", "2026-11-24 08:30:00", "1900-02-03"]]
    for code, expected in (
        ('yyyy"年"m"月"d"日"', True), ("[$-804]h:mm", True), ("[h]:mm", True), ("m/d/yy;@", True),
        ("0.00", False), ("General", False), ('0"days"', False), ("[Red]0", False), ("#,##0\\d", False),
    ):  # fmt: skip
        assert is_moment(200, code) is expected, code
    assert (is_moment(14, None), is_moment(2, None)) == (True, False)
    assert (moment(0.5, False), moment(1, True), moment(-1, False), moment(3e6, False)) == (
        "12:00:00", "1904-01-02", None, None,
    )  # fmt: skip


def test_rich_texts_and_formulas_give_what_is_seen(tmp_path: Path) -> None:
    sheet = (
        '<worksheet><sheetData><row><c t="s"><v>0</v></c><c t="str"><f>A1</f><v>seen</v></c>'
        '<c t="inlineStr"><is><r><t>a</t></r><r><t>b_x000A_</t></r></is></c><c t="e"><v>#N/A</v></c>'
        "<c><f>1+1</f></c></row></sheetData></worksheet>"
    )
    strings = "<sst><si><r><t>漢</t></r><r><t>字</t></r><rPh><t>かんじ</t></rPh></si></sst>"
    path = parts(tmp_path / "a.xlsx", sheet, **{"xl/sharedStrings.xml": strings})
    assert read(path) == [["漢字", "seen", "ab\n", "#N/A"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_in_the_encodings_that_offices_write(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    lines = [
        ["姓名", "金额", "备注"],
        ["张三", "12", 'he said "a,b;c"'],
        ["李四", "0.5", "two\nlines"],
        ["x", "007"],
    ]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(lines)
    path = tmp_path / "a.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    expected: list[Row] = [lines[0], ["张三", 12, lines[1][2]], ["李四", 0.5, "two\nlines"], ["x", "007"]]  # type: ignore[list-item]
    assert read(path) == expected


def test_a_csv_number_becomes_one_only_when_nothing_is_lost() -> None:
    same = {"12": 12, "-3": -3, "0.5": 0.5, "": None}
    text = ["007", "1.10", "1e5", "+1", "12345678901234567890", "0x10", "nan", "1,000", "-0", "１２"]
    assert {raw: plain(raw) for raw in same} == same
    assert [plain(raw) for raw in text] == text


@SLOW
@given(rows=st.lists(st.lists(st.one_of(TEXT, st.integers(-99, 99)), min_size=1, max_size=4), max_size=6))
def test_what_is_exported_as_csv_cannot_be_run_and_reads_back(tmp_path: Path, rows: list[Row]) -> None:
    out = io.BytesIO()
    write.write_csv(out, enumerate(rows))
    fields = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))
    assert len(fields) == len(rows)
    for row, line in zip(rows, fields, strict=True):
        for cell, field in zip(row, line, strict=True):
            if isinstance(cell, int):
                assert field == str(cell)
            else:
                assert field.removeprefix("'") == str(cell).removeprefix("'")
                assert not field.startswith(("=", "+", "-", "@", "\t", "\r")), field


def test_formulas_are_disarmed_in_csv_and_are_texts_in_xlsx(tmp_path: Path) -> None:
    evil: Row = ['=cmd|" /C calc"!A0', "+1", "-1+1", "@SUM(A1)", "\tx", -5, 1.5]
    assert [write.harmless(cell) for cell in evil] == [
        "'" + str(cell) if isinstance(cell, str) else str(cell) for cell in evil
    ]
    with (tmp_path / "a.xlsx").open("wb") as target, write.xlsx(target, tmp_path) as made:
        made.write_rows("S", [(0, evil)])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["S"]
    assert [cell.data_type for cell in sheet[1]] == ["s"] * 5 + ["n"] * 2
    assert read(tmp_path / "a.xlsx") == [evil]


def test_names_of_sheets_are_ones_that_spreadsheets_allow() -> None:
    taken: set[str] = set()
    names = [
        write.sheet_name(name, taken) for name in ("a/b:c", "A b c", "", "x" * 40, "x" * 40, "history", "'q'")
    ]
    assert names == ["a b c", "A b c (2)", "Sheet", "x" * 31, "x" * 27 + " (2)", "history (2)", "q"]


def test_columns_have_letters() -> None:
    assert [column_name(index) for index in (0, 25, 26, 701, 702, 16383)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
        "XFD",
    ]
    assert [column_index(name) for name in ("A1", "Z9", "AA1", "XFD1048576", "7", "")] == [
        0,
        25,
        26,
        16383,
        -1,
        -1,
    ]


def test_declared_rows_are_not_believed(tmp_path: Path) -> None:
    sheet = (
        '<worksheet><dimension ref="A1:XFD99999999"/><sheetData>'
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="B1048576"><v>2</v></c></row>'
        "</sheetData></worksheet>"
    )
    stored = parts(tmp_path / "a.xlsx", sheet)
    first = preview.page(tmp_path / "t", tmp_path, stored.name, 0, 0, 3)
    assert first.rows == [[1], [], []]
    assert first.total_rows == LIMITS.rows
    cache.build(stored, cache.cache_path(tmp_path / "t", stored.name), quiet)
    last = preview.page(tmp_path / "t", tmp_path, stored.name, 0, 1_048_574, 200)
    assert (last.rows, last.total_rows, last.columns) == ([[], [None, 2]], 1_048_576, 2)


ROW = "<row><c><v>1</v></c></row>"


@pytest.mark.parametrize(
    ("sheet", "reason"),
    [
        ('<worksheet><row r="1048577"><c><v>1</v></c></row></worksheet>', "beyond row"),
        ('<worksheet><row r="5"/><row r="2"/></worksheet>', "out of order"),
        ('<worksheet><row><c r="XFE1"><v>1</v></c></row></worksheet>', "outside every column"),
        ('<worksheet><row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row></worksheet>', "out of order"),
        ("<worksheet><row>", "damaged"),
        ('<worksheet><row><c t="s"><v>9</v></c></row></worksheet>', "damaged"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>', "entities"),
        (f"<worksheet>{ROW * 200}</worksheet>", "more than 100 cells"),
        (f"<worksheet>{'<row/>' * 2000}</worksheet>", "unpacks to more than"),
    ],
)  # fmt: skip
def test_workbooks_that_lie_are_refused(tmp_path: Path, sheet: str, reason: str) -> None:
    limits = dataclasses.replace(LIMITS, cells=100, xml_bytes=10_000)
    path = parts(tmp_path / "a.xlsx", sheet)
    with pytest.raises(TableRefused, match=reason):
        cache.build(path, tmp_path / "t" / "a.db", quiet, limits)
    with pytest.raises(TableRefused, match=reason):
        cache.TableCache(tmp_path / "t" / "a.db")
    assert [entry.name for entry in (tmp_path / "t").iterdir()] == ["a.db"]


def test_files_that_only_claim_to_be_tables_are_refused(tmp_path: Path) -> None:
    plain_zip = tmp_path / "plain.xlsx"
    with zipfile.ZipFile(plain_zip, "w") as archive:
        archive.writestr("a.txt", "x")
    cut = tmp_path / "cut.xlsx"
    whole = book(tmp_path / "whole.xlsx", [["a"] * 50] * 50).read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    picture, old, long = tmp_path / "p.csv", tmp_path / "o.xlsx", tmp_path / "l.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 4)
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    long.write_bytes(b"a" * (LIMITS.line + 10))
    for path, reason in (
        (plain_zip, "not an xlsx"), (cut, "not an xlsx"), (picture, "neither"), (old, "old xls"),
        (long, "longer than"),
    ):  # fmt: skip
        with pytest.raises(TableRefused, match=reason):
            read(path)


MEASURE = """
import json, sys, time
from pathlib import Path
from app.tables import preview
started, cpu = time.perf_counter(), time.process_time()
try:
    page = preview.page(Path("/nowhere"), Path(sys.argv[1]), sys.argv[2], 0, 0, 100)
    rows = len(page.rows)
except Exception as error:
    rows = f"{type(error).__name__}: {error}"
wall, cpu = time.perf_counter() - started, time.process_time() - cpu
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"rows": rows, "wall_ms": round(wall * 1000), "cpu_ms": round(cpu * 1000),
    "mb": int(peak.split()[1]) // 1024}))
"""


def measure(path: Path) -> dict[str, Any]:
    """One first page in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path.parent), path.name],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_first_page_of_a_hundred_thousand_rows_is_there_at_once(tmp_path: Path) -> None:
    """Processor time, for the machine may be busy; the process's whole memory."""
    import xlsxwriter

    path = tmp_path / "big.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for row in range(100_000):
            sheet.write_string(row, 0, f"text {row}")
            sheet.write_number(row, 1, row)
    found = measure(path)
    print("first page:", found)
    assert found["rows"] == 100
    assert found["cpu_ms"] < 300, found
    assert found["mb"] < 100, found


def test_a_zip_bomb_costs_next_to_nothing(tmp_path: Path) -> None:
    sheet = '<worksheet><row><c t="s"><v>0</v></c></row></worksheet>'
    one_text = {"xl/sharedStrings.xml": "<sst><si><t>" + "x" * 60_000_000 + "</t></si></sst>"}
    parts(tmp_path / "text.xlsx", sheet, **one_text)
    parts(tmp_path / "blank.xlsx", "<worksheet>")
    with (
        zipfile.ZipFile(tmp_path / "huge.xlsx", "w", zipfile.ZIP_DEFLATED) as archive,
        zipfile.ZipFile(tmp_path / "blank.xlsx") as blank,
    ):
        for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
            archive.writestr(name, blank.read(name))
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as out:
            for _ in range(LIMITS.xml_bytes // 1_000_000 + 1):
                out.write(b" " * 1_000_000)
    for name, reason in (("text.xlsx", "a cell holds more"), ("huge.xlsx", "unpacks to more than")):
        found = measure(tmp_path / name)
        print(name, (tmp_path / name).stat().st_size, found)
        assert reason in str(found["rows"]), found
        assert found["mb"] < 100, found
        assert found["cpu_ms"] < 1000, found


def test_caches_of_files_that_are_gone_are_swept_and_the_least_used_above_the_cap(tmp_path: Path) -> None:
    tables = tmp_path / "t"
    for name in ("gone", "old", "new"):
        book(tmp_path / name, [[name]])
        cache.build(tmp_path / name, cache.cache_path(tables, name), quiet)
    (tables / ".half.db").write_bytes(b"x")
    os.utime(cache.cache_path(tables, "old"), (1, 1))
    size = cache.cache_path(tables, "new").stat().st_size
    assert cache.sweep(tables, {"old", "new"}, 10 * size, unfinished_before=0) == 1
    assert cache.sweep(tables, {"old", "new"}, size, unfinished_before=1e12) == 2
    assert [entry.name for entry in tables.iterdir()] == [cache.cache_path(tables, "new").name]


def test_a_cache_that_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    book(tmp_path / "a", [["x"]])
    path = cache.cache_path(tmp_path, "a")
    path.write_bytes(b"")
    with cache.opened(tmp_path, tmp_path, "a", quiet) as found:
        assert list(found.rows(0)) == [(0, ["x"])]


def test_a_csv_knows_its_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a;b;c\n1,5;2;3\n2,5;3;4\n")
    assert Delimited(path).delimiter == ";"
    with pytest.raises(TableRefused):
        Workbook(path)
