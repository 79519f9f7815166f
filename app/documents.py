"""Documents in the database: adding, finding, listing, deleting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager

from app.models import Document, DocumentVersion, now


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is already durable in the store, and not yet known to the database."""

    path: str
    size: int
    sha256: str


def add(session: Session, name: str, owner_id: str, stored: StoredFile) -> DocumentVersion:
    """A new document with its first version."""
    document = Document(name=name, owner_id=owner_id, current_version=1)
    session.add(document)
    session.flush()
    version = DocumentVersion(
        document_id=document.id,
        number=1,
        size=stored.size,
        sha256=stored.sha256,
        path=stored.path,
        author_id=owner_id,
    )
    version.document = document
    session.add(version)
    session.flush()
    return version


def _current() -> Select[DocumentVersion]:
    return (
        select(DocumentVersion)
        .join(DocumentVersion.document)
        .where(DocumentVersion.number == Document.current_version, Document.deleted_at.is_(None))
        .options(contains_eager(DocumentVersion.document).joinedload(Document.owner))
    )


def find(session: Session, document_id: str) -> DocumentVersion | None:
    """The current version of a live document."""
    return session.scalars(_current().where(Document.id == document_id)).one_or_none()


def find_all(session: Session, document_ids: Sequence[str]) -> list[DocumentVersion]:
    """The current versions of those of the documents that are live, in the order asked for."""
    found = session.scalars(_current().where(Document.id.in_(document_ids))).all()
    by_id = {version.document_id: version for version in found}
    return [by_id[document_id] for document_id in document_ids if document_id in by_id]


def page(session: Session, cursor: str | None, limit: int) -> tuple[list[DocumentVersion], str | None]:
    """Up to `limit` documents, newest first, after the one named by `cursor`; and the next cursor."""
    query = _current().order_by(Document.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(Document.id < cursor)
    versions = list(session.scalars(query))
    following = versions[limit - 1].document_id if len(versions) > limit else None
    return versions[:limit], following


def delete(session: Session, document_id: str) -> bool:
    """Puts a live document into the trash; False when there is none."""
    document = session.get(Document, document_id)
    if document is None or document.deleted_at is not None:
        return False
    document.deleted_at = now()
    return True
