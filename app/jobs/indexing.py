"""Reads a table once after its upload: its rows into the cache, its words into the search."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import documents, search
from app.jobs import runner
from app.logs import event
from app.models import Document, DocumentVersion
from app.services import Services
from app.tables.cache import TableCache, opened
from app.tables.cells import Row
from app.tables.limits import TableRefused

log = logging.getLogger(__name__)

TABLE_ENDINGS = ("xlsx", "xlsm", "csv", "tsv")


def run(document_id: str) -> None:
    """The function that the queue names after an upload."""
    services = runner.services_in_use()
    with services.database.read() as session:
        version = documents.find(session, document_id)
    if version is not None and version.document.indexed_version != version.number:
        index(services, version)


def index(services: Services, version: DocumentVersion) -> int:
    """Makes one version of a table searchable; returns how many of its rows (none when it is refused)."""
    started, config = time.monotonic(), services.config
    refusal = None
    try:
        with opened(config.tables_dir, config.files_dir, version.path, _nobody) as table:
            rows = _store(services, version, _cells(table))
    except TableRefused as error:
        refusal = str(error)
        rows = _store(services, version, iter(()))
    event(
        log, logging.INFO, "index", "a table was read",
        document=version.document_id, version=version.number, rows=rows, refused=refusal,
        duration_ms=round((time.monotonic() - started) * 1000, 1),
    )  # fmt: skip
    return rows


def catch_up(services: Services, seconds: float) -> int:
    """Reads the tables that no worker has read, for the queue was away when they came; returns how many."""
    deadline, done = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        with services.database.read() as session:
            version = _unread(session)
        if version is None:
            return done
        index(services, version)
        done += 1
    return done


def _nobody(_fraction: float) -> None:
    """Nobody waits for the progress."""


def _store(services: Services, version: DocumentVersion, cells: Iterator[tuple[str, int, Row]]) -> int:
    with services.database.write() as session:
        return search.index_document(session, version.document_id, version.number, cells)


def _cells(table: TableCache) -> Iterator[tuple[str, int, Row]]:
    for number, sheet in enumerate(table.sheets):
        for position, row in table.rows(number):
            yield sheet.name, position + 1, row


def _unread(session: Session) -> DocumentVersion | None:
    query = (
        select(DocumentVersion)
        .join(DocumentVersion.document)
        .where(
            Document.deleted_at.is_(None),
            DocumentVersion.number == Document.current_version,
            or_(Document.indexed_version.is_(None), Document.indexed_version != Document.current_version),
            or_(*(Document.name.iendswith(f".{ending}", autoescape=True) for ending in TABLE_ENDINGS)),
        )
        .order_by(Document.id)
        .limit(1)
    )
    return session.scalars(query).one_or_none()
