"""Kind `export` with another format: tables as xlsx or csv; several results in one zip with a report."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import IO, Any, cast

from app import documents
from app.jobs import lifecycle, results
from app.jobs.progress import Report, part
from app.models import DocumentVersion, now
from app.services import Services
from app.storage import StagedFile, safe_name
from app.tables.cache import TableCache, opened
from app.tables.cells import Row
from app.tables.limits import TableRefused
from app.tables.write import ForwardOnly, write_csv, xlsx

_CHUNK = 256 * 1024
_REPORT_EVERY = 500
REPORT = "report.json"


def run(services: Services, held: lifecycle.Claim, report: Report) -> None:
    """Converts each table on its own. Raises lifecycle.Refused when none could be, lifecycle.Superseded."""
    wanted, form = list(held.parameters["documents"]), str(held.parameters["format"])
    with services.database.read() as session:
        versions = documents.find_all(session, wanted, held)
    known = {version.document_id for version in versions}
    items = [results.item(document, "it no longer exists") for document in wanted if document not in known]
    with ExitStack() as stack:
        pieces: list[tuple[str, StagedFile]] = []
        for number, version in enumerate(versions):
            share = part(report, number / len(versions), (number + 1) / len(versions))
            try:
                pieces.extend(_pieces(services, stack, version, form, share))
            except TableRefused as error:
                items.append(results.item(version.document_id, f"{version.document.name}: {error}"))
            else:
                items.append(results.item(version.document_id))
        if not pieces:
            raise lifecycle.Refused("; ".join(str(item["error"]) for item in items))
        if len(wanted) == 1 and len(pieces) == 1:
            name, staged = pieces[0]
        else:
            name = f"export-{form}-{now():%Y%m%d-%H%M%S}.zip"
            staged = stack.enter_context(services.files.stage(expected=sum(p.size for _, p in pieces)))
            _pack(staged, pieces, items, report)
        results.keep(services, held, staged, safe_name(name), items=items)


def _pieces(
    services: Services, stack: ExitStack, version: DocumentVersion, form: str, report: Report
) -> list[tuple[str, StagedFile]]:
    """The files that one document becomes: a workbook, or a csv for each sheet that holds something."""
    config, stem = services.config, PurePosixPath(version.document.name).stem
    pieces = []
    with opened(config.tables_dir, config.files_dir, version.path, part(report, 0.0, 0.5)) as table:
        writing = part(report, 0.5, 1.0)
        if form == "xlsx":
            staged = stack.enter_context(services.files.stage())
            with xlsx(staged, config.tmp_dir) as book:
                for number, sheet in enumerate(table.sheets):
                    book.write_rows(sheet.name, _rows(table, number, writing))
            return [(f"{stem}.xlsx", staged)]
        filled = [number for number, sheet in enumerate(table.sheets) if sheet.rows] or [0]
        for number in filled:
            staged = stack.enter_context(services.files.stage())
            write_csv(staged, _rows(table, number, writing))
            label = f"{stem}-{table.sheets[number].name}" if len(filled) > 1 else stem
            pieces.append((safe_name(f"{label}.csv"), staged))
    return pieces


def _rows(table: TableCache, number: int, report: Report) -> Iterator[tuple[int, Row]]:
    total = table.sheets[number].rows
    for position, row in table.rows(number):
        if position % _REPORT_EVERY == 0:
            report(position / total)
        yield position, row


def _pack(
    staged: StagedFile, pieces: list[tuple[str, StagedFile]], items: list[dict[str, Any]], report: Report
) -> None:
    taken = {REPORT}
    with zipfile.ZipFile(cast("IO[bytes]", ForwardOnly(staged)), "w") as archive:
        for name, piece in pieces:
            info = zipfile.ZipInfo(free_name(name, taken), now().timetuple()[:6])
            # A workbook is compressed already.
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".xlsx") else zipfile.ZIP_DEFLATED
            info.external_attr = 0o640 << 16
            info.file_size = piece.size
            piece.seek(0)
            with archive.open(info, "w") as entry:
                while chunk := piece.read(_CHUNK):
                    entry.write(chunk)
                    report(1.0)
        archive.writestr(REPORT, json.dumps(items, ensure_ascii=False, indent=2), zipfile.ZIP_DEFLATED)


def free_name(wanted: str, taken: set[str]) -> str:
    """A name that is not in `taken` yet, whatever the case; it is added there."""
    path, name, number = PurePosixPath(wanted), wanted, 1
    while name.lower() in taken:
        number += 1
        name = f"{path.stem} ({number}){path.suffix}"
    taken.add(name.lower())
    return name
