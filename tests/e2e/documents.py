"""Files to upload, made on the spot."""

from __future__ import annotations

import io
import random
import uuid

from openpyxl import Workbook


def unique_name(stem: str, ending: str = "xlsx") -> str:
    """A file name that no earlier run has used."""
    return f"{stem}-{uuid.uuid4().hex[:8]}.{ending}"


def budget(rows: int = 60, **changed: object) -> bytes:
    """A workbook whose rows are always the same; `changed` sets the amounts of rows by number (`row5=1`)."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "预算"
    sheet.append(["编号", "部门", "金额"])
    for row in range(1, rows + 1):
        sheet.append([row, f"部门 {row}", changed.get(f"row{row}", row * 100)])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def workbook(rows: int = 200) -> bytes:
    """A real xlsx workbook, no two the same."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "预算"
    sheet.append(["项目", "Quarter", "金额"])
    for row in range(rows):
        sheet.append([f"项目 {row}", f"Q{row % 4 + 1}", random.randint(1, 1_000_000) / 100])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
