"""A comparison as a workbook with colours: green rows were added, red ones removed, yellow cells changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.compare.comparison import Comparison
from app.tables.cells import Cell, shown
from app.tables.write import Target, put, xlsx

GREEN, RED, YELLOW = "#C6EFCE", "#FFC7CE", "#FFEB9C"
# Above this many cells the rows that did not change are left out.
ALL_CELLS = 500_000
_PAGE = 500
_HEADINGS = ("change", "row before", "row after")

Report = Callable[[float], None]


def write(comparison: Comparison, target: Target, tmp_dir: Path, report: Report) -> None:
    """A sheet with the counts, and one with the rows; a changed cell shows `before → after`."""
    only_changes = comparison.total(False) * len(comparison.columns) > ALL_CELLS
    with xlsx(target, tmp_dir) as book:
        head = book.book.add_format({"bold": True, "bottom": 1})
        colours = {
            kind: book.book.add_format({"bg_color": colour})
            for kind, colour in (("added", GREEN), ("removed", RED), ("changed", YELLOW))
        }
        summary = book.sheet("Summary")
        counts = comparison.counts
        lines: list[tuple[str, Cell]] = [
            ("rows added", counts.added),
            ("rows removed", counts.removed),
            ("rows changed", counts.changed),
            ("rows unchanged", counts.unchanged),
            ("cells changed", counts.cells),
            ("compared by", comparison.key if comparison.key is not None else "position"),
            ("rows listed", "changes only" if only_changes else "all"),
        ]
        for number, line in enumerate(lines):
            for column, value in enumerate(line):
                put(summary, number, column, value)
        sheet = book.sheet("Comparison")
        sheet.freeze_panes(1, len(_HEADINGS))
        for column, name in enumerate((*_HEADINGS, *comparison.columns)):
            put(sheet, 0, column, name, head)
        total, row = comparison.total(only_changes), 0
        for offset in range(0, total, _PAGE):
            for difference in comparison.page(offset, _PAGE, only_changes):
                row += 1
                style = colours.get(difference.kind)
                whole = style if difference.kind in ("added", "removed") else None
                put(sheet, row, 0, difference.kind, style)
                put(sheet, row, 1, difference.left)
                put(sheet, row, 2, difference.right)
                for column, (left, right, changed) in enumerate(difference.cells(), len(_HEADINGS)):
                    if changed:
                        put(sheet, row, column, f"{shown(left)} → {shown(right)}", style)
                    else:
                        put(sheet, row, column, left if difference.right_cells is None else right, whole)
            report(min(row / total, 1.0))
