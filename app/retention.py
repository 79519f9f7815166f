"""What goes from the disk by itself: old trash, old versions when room is short, and files nobody knows."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from app import documents
from app.logs import event
from app.models import Activity, Document, DocumentVersion, IdempotencyKey, LoginSession, now
from app.services import Services

log = logging.getLogger(__name__)

IDEMPOTENCY_HOURS = 24
# A file is in its place a moment before the database knows it; a result of a job, some seconds.
ORPHAN_SECONDS = 3600
STALE_UPLOAD_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class Report:
    """What was removed, and how full the documents' share of the disk is afterwards."""

    documents: int
    versions: int
    freed_bytes: int
    used_bytes: int
    share_bytes: int

    def __str__(self) -> str:
        percent = self.used_bytes * 100 / self.share_bytes
        return (
            f"removed {self.documents} documents of the trash and {self.versions} old versions, "
            f"{self.freed_bytes} bytes; {percent:.0f} % of the share is in use"
        )


def clean(services: Services) -> Report:
    """Removes trash older than `trash_days`; then, while the share is more than `cleanup_percent` full, the
    oldest of the trash, then the oldest versions. A live document's current version stays in any case.
    """
    config = services.config
    removed, versions, freed = 0, 0, 0
    limit = config.files_share_bytes * config.cleanup_percent // 100
    overdue = now() - timedelta(days=config.trash_days)
    while True:
        with services.database.write() as session:
            used = documents.used_bytes(session)
            document = _oldest_trash(session)
            version = None
            if document is not None and (used > limit or (document.deleted_at or overdue) < overdue):
                paths, size = _whole(session, document)
            elif used > limit and (version := _oldest_version(session)) is not None:
                session.delete(version)
                paths, size = [version.path], version.size
            else:
                break
        # Only now: a transaction that is rolled back must find its files.
        for path in paths:
            services.files.remove(path)
        freed += size
        removed, versions = (removed, versions + 1) if version is not None else (removed + 1, versions)
    report = Report(removed, versions, freed, used, config.files_share_bytes)
    event(
        log, logging.INFO, "retention", str(report),
        documents=removed, versions=versions, freed_bytes=freed, used_bytes=used,
    )  # fmt: skip
    return report


def clean_rows(services: Services) -> int:
    """Removes what is too old to be asked for: sessions that are over, idempotency keys, activity."""
    moment = now()
    with services.database.write() as session:
        gone = [
            session.scalars(statement).all()
            for statement in (
                delete(LoginSession).where(LoginSession.expires_at < moment).returning(LoginSession.user_id),
                delete(IdempotencyKey)
                .where(IdempotencyKey.created_at < moment - timedelta(hours=IDEMPOTENCY_HOURS))
                .returning(IdempotencyKey.user_id),
                delete(Activity)
                .where(Activity.at < moment - timedelta(days=services.config.activity_days))
                .returning(Activity.id),
            )
        ]
    return sum(map(len, gone))


def sweep(services: Services) -> tuple[int, int]:
    """Removes leftovers of cut uploads, and stored files that no version names (a process died between the
    two). Returns (leftovers, orphans)."""
    leftovers = services.files.remove_stale(STALE_UPLOAD_SECONDS)
    orphans = 0
    limit = time.time() - ORPHAN_SECONDS
    for batch in services.files.stored_before(limit):
        with services.database.read() as session:
            known = set(session.scalars(select(DocumentVersion.path).where(DocumentVersion.path.in_(batch))))
        for path in batch:
            if path not in known:
                services.files.remove(path)
                orphans += 1
                event(log, logging.WARNING, "sweep", "removed a file that no document names", path=path)
    return leftovers, orphans


def _oldest_trash(session: Session) -> Document | None:
    query = (
        select(Document).where(Document.deleted_at.is_not(None)).order_by(Document.deleted_at, Document.id)
    )
    return session.scalars(query.limit(1)).one_or_none()


def _oldest_version(session: Session) -> DocumentVersion | None:
    query = (
        select(DocumentVersion)
        .join(DocumentVersion.document)
        .where(DocumentVersion.number != Document.current_version)
        .options(joinedload(DocumentVersion.document))
        .order_by(DocumentVersion.created_at, DocumentVersion.id)
    )
    return session.scalars(query.limit(1)).one_or_none()


def _whole(session: Session, document: Document) -> tuple[list[str], int]:
    sizes = session.scalars(select(DocumentVersion.size).where(DocumentVersion.document_id == document.id))
    size = sum(sizes)
    return documents.remove(session, document), size
