"""Documents in the database: adding, finding, listing, changing, deleting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, Protocol

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session, contains_eager

from app import search
from app.models import Document, DocumentTag, DocumentVersion, now

Kind = Literal["table", "text", "pdf", "image", "other"]
_KINDS: dict[Kind, frozenset[str]] = {
    "table": frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv"}),
    "text": frozenset({".txt", ".md", ".json", ".xml", ".html", ".doc", ".docx", ".rtf", ".odt", ".log"}),
    "pdf": frozenset({".pdf"}),
    "image": frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".svg", ".tif", ".tiff"}),
}


class Who(Protocol):
    """Whose rights count: `app.accounts.Principal`, a job's owner."""

    @property
    def user_id(self) -> str: ...

    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is already durable in the store, and not yet known to the database."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents to list: words, a tag, the trash instead of the live ones."""

    query: str | None = None
    tag: str | None = None
    trash: bool = False


def kind_of(name: str) -> Kind:
    """What a document is, by the ending of its name."""
    ending = PurePosixPath(name).suffix.lower()
    return next((kind for kind, endings in _KINDS.items() if ending in endings), "other")


def readable_by(who: Who) -> ColumnElement[bool]:
    """The condition on Document: an administrator reads all, others their own and what is shared."""
    return true() if who.role == "admin" else or_(Document.owner_id == who.user_id, Document.shared)


def writable_by(who: Who) -> ColumnElement[bool]:
    """The condition on Document: its owner and administrators change it."""
    return true() if who.role == "admin" else Document.owner_id == who.user_id


def may_write(document: Document, who: Who) -> bool:
    """`writable_by` for a document that is at hand."""
    return who.role == "admin" or document.owner_id == who.user_id


def add(session: Session, name: str, owner_id: str, stored: StoredFile) -> DocumentVersion:
    """A new document with its first version."""
    document = Document(name=name, owner_id=owner_id, current_version=1)
    session.add(document)
    session.flush()
    return _store(session, document, 1, owner_id, stored)


def add_version(session: Session, document: Document, author_id: str, stored: StoredFile) -> DocumentVersion:
    """A new current version of a document."""
    session.refresh(document, ["current_version"], with_for_update=True)
    document.current_version += 1
    return _store(session, document, document.current_version, author_id, stored)


def _store(
    session: Session, document: Document, number: int, author_id: str, stored: StoredFile
) -> DocumentVersion:
    version = DocumentVersion(
        document_id=document.id,
        number=number,
        size=stored.size,
        sha256=stored.sha256,
        path=stored.path,
        author_id=author_id,
    )
    version.document = document
    session.add(version)
    session.flush()
    return version


def _current() -> Select[DocumentVersion]:
    return (
        select(DocumentVersion)
        .join(DocumentVersion.document)
        .where(DocumentVersion.number == Document.current_version)
        .options(
            contains_eager(DocumentVersion.document).joinedload(Document.owner),
            contains_eager(DocumentVersion.document).selectinload(Document.tags),
        )
    )


def find(session: Session, document_id: str, who: Who | None = None) -> DocumentVersion | None:
    """The current version of a live document that `who` may read (None: that anybody may)."""
    query = _current().where(Document.id == document_id, Document.deleted_at.is_(None))
    return session.scalars(query if who is None else query.where(readable_by(who))).one_or_none()


def find_version(session: Session, document_id: str, number: int | None, who: Who) -> DocumentVersion | None:
    """One version of a live document that `who` may read (None: the current one)."""
    if number is None:
        return find(session, document_id, who)
    query = (
        select(DocumentVersion)
        .join(DocumentVersion.document)
        .where(
            Document.id == document_id,
            Document.deleted_at.is_(None),
            DocumentVersion.number == number,
            readable_by(who),
        )
        .options(contains_eager(DocumentVersion.document))
    )
    return session.scalars(query).one_or_none()


def find_all(session: Session, document_ids: Sequence[str], who: Who | None = None) -> list[DocumentVersion]:
    """The current versions of those of the documents that are live and that `who` may read (None: that
    anybody may), in the order asked for."""
    query = _current().where(Document.id.in_(document_ids), Document.deleted_at.is_(None))
    found = session.scalars(query if who is None else query.where(readable_by(who))).all()
    by_id = {version.document_id: version for version in found}
    return [by_id[document_id] for document_id in document_ids if document_id in by_id]


def find_in_trash(session: Session, document_id: str, who: Who) -> DocumentVersion | None:
    """The current version of a document in the trash that `who` may change."""
    query = _current().where(Document.id == document_id, Document.deleted_at.is_not(None))
    return session.scalars(query.where(writable_by(who))).one_or_none()


def page(
    session: Session, cursor: str | None, limit: int, who: Who | None = None, wanted: Filter | None = None
) -> tuple[list[DocumentVersion], str | None]:
    """Up to `limit` documents that `who` may read (of the trash: change), newest first, after the one named
    by `cursor`; and the next cursor."""
    wanted = wanted or Filter()
    query = _current().order_by(Document.id.desc()).limit(limit + 1)
    if wanted.trash:
        query = query.where(Document.deleted_at.is_not(None))
    else:
        query = query.where(Document.deleted_at.is_(None))
    if who is not None:
        query = query.where(writable_by(who) if wanted.trash else readable_by(who))
    if wanted.tag is not None:
        query = query.where(Document.tags.any(DocumentTag.name == wanted.tag))
    if wanted.query:
        query = query.where(search.matching(session, wanted.query))
    if cursor is not None:
        query = query.where(Document.id < cursor)
    versions = list(session.scalars(query))
    following = versions[limit - 1].document_id if len(versions) > limit else None
    return versions[:limit], following


def page_of_versions(
    session: Session, document_id: str, before: int | None, limit: int
) -> tuple[list[DocumentVersion], int | None]:
    """Up to `limit` versions, newest first, below number `before`; and the next `before`."""
    query = (
        select(DocumentVersion)
        .where(DocumentVersion.document_id == document_id)
        .options(contains_eager(DocumentVersion.author))
        .join(DocumentVersion.author)
        .order_by(DocumentVersion.number.desc())
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(DocumentVersion.number < before)
    versions = list(session.scalars(query))
    return versions[:limit], versions[limit - 1].number if len(versions) > limit else None


def set_tags(document: Document, names: Sequence[str]) -> None:
    """Gives the document these tags and no others."""
    kept = {tag.name: tag for tag in document.tags}
    document.tags = [
        kept.get(name) or DocumentTag(document_id=document.id, name=name) for name in sorted(set(names))
    ]


def tag_counts(session: Session, who: Who) -> list[tuple[str, int]]:
    """The tags of the live documents that `who` may read, and how many documents have each."""
    query = (
        select(DocumentTag.name, func.count())
        .join(Document, Document.id == DocumentTag.document_id)
        .where(Document.deleted_at.is_(None), readable_by(who))
        .group_by(DocumentTag.name)
        .order_by(func.count().desc(), DocumentTag.name)
    )
    return [(name, count) for name, count in session.execute(query)]


def delete(session: Session, document_id: str) -> bool:
    """Puts a live document into the trash; False when there is none."""
    document = session.get(Document, document_id)
    if document is None or document.deleted_at is not None:
        return False
    document.deleted_at = now()
    return True


def remove(session: Session, document: Document) -> list[str]:
    """Takes a document and all its versions out of the database for good. Returns the paths of their
    files, to be removed from the store once the transaction is committed."""
    paths = list(
        session.scalars(select(DocumentVersion.path).where(DocumentVersion.document_id == document.id))
    )
    search.remove(session, document.id)
    session.execute(delete_rows(DocumentTag).where(DocumentTag.document_id == document.id))
    session.execute(delete_rows(DocumentVersion).where(DocumentVersion.document_id == document.id))
    session.execute(delete_rows(Document).where(Document.id == document.id))
    return paths


def used_bytes(session: Session) -> int:
    """What all versions of all documents, those in the trash too, take of the disk."""
    return session.scalar(select(func.sum(DocumentVersion.size))) or 0
