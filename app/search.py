"""Search in names, tags and the cells of tables.

Cells are indexed by SQLite's FTS5. Its tokenizer takes a run of Chinese for one word, so characters of
scripts that put no spaces between words become tokens of their own, and a word of theirs is searched as a
phrase. Other words are found by their beginning. On another database the rows are searched as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.orm import Session

from app.models import Document, DocumentTag, SearchRow

# What one document may put into the index: the rest of a larger table is not searched.
MAX_ROWS = 20_000
MAX_CHARACTERS = 8_000_000
ROW_CHARACTERS = 2_000
MAX_TERMS = 8
SHOWN_CHARACTERS = 200

# Han, kana, hangul and their extensions.
_UNSPACED = re.compile(
    "([\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff])"
)

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Match:
    """The first row of a document's current version that has what was searched."""

    sheet: str
    row: int
    text: str


def terms(query: str) -> list[str]:
    """The words of a query, at most MAX_TERMS."""
    return unicodedata.normalize("NFKC", query).split()[:MAX_TERMS]


def index_document(
    session: Session, document_id: str, version: int, cells: Iterable[tuple[str, int, Sequence[Cell]]]
) -> int:
    """Makes the version's rows searchable in place of what the document had; returns how many rows.

    `cells` yields (name of the sheet, number of the row from 1, its cells). It is read to its end or to the
    limits before the session's first statement, so that reading a large file holds no lock.
    """
    rows = _rows(cells)
    indexed = [spaced(words) for _, _, words in rows] if _has_index(session) else []
    remove(session, document_id)
    # A document's rows have numbers in a row; the write lock keeps two documents' from mixing.
    first = (session.scalar(select(SearchRow.id).order_by(SearchRow.id.desc()).limit(1)) or 0) + 1
    values = [(first + at, document_id, version, *row) for at, row in enumerate(rows)]
    if values:
        columns = ("id", "document_id", "version", "sheet", "row", "text")
        session.execute(
            insert(cast(Table, SearchRow.__table__)),
            [dict(zip(columns, value, strict=True)) for value in values],
        )
    if values and indexed:
        session.connection().exec_driver_sql(
            "INSERT INTO search_index (rowid, text) VALUES (?, ?)",
            [(first + at, words) for at, words in enumerate(indexed)],
        )
    session.execute(update(Document).where(Document.id == document_id).values(indexed_version=version))
    return len(rows)


def remove(session: Session, document_id: str) -> None:
    """Takes the document out of the index."""
    if _has_index(session):
        old = session.execute(
            select(SearchRow.id, SearchRow.text).where(SearchRow.document_id == document_id)
        ).all()
        if old:
            # An index without content wants to be told what it has to forget.
            session.connection().exec_driver_sql(
                "INSERT INTO search_index (search_index, rowid, text) VALUES ('delete', ?, ?)",
                [(row.id, spaced(row.text)) for row in old],
            )
    session.execute(delete(SearchRow).where(SearchRow.document_id == document_id))


def matching(session: Session, query: str) -> ColumnElement[bool]:
    """The condition on Document: each word is in its name, in one of its tags or in its cells."""
    return and_(
        true(),
        *(
            or_(
                Document.name.icontains(term, autoescape=True),
                exists().where(
                    DocumentTag.document_id == Document.id, DocumentTag.name.icontains(term, autoescape=True)
                ),
                and_(
                    Document.indexed_version == Document.current_version,
                    # Asks nothing of the row around it: the index is read once, not for every document.
                    Document.id.in_(select(SearchRow.document_id).where(_in_cells(session, [term]))),
                ),
            )
            for term in terms(query)
        ),
    )


def first_matches(session: Session, query: str, documents: Sequence[Document]) -> dict[str, Match]:
    """By document, the first row that has all the words, or else one of them; nothing for a document whose
    name or tags alone have them, or whose current version is not indexed."""
    words = terms(query)
    found: dict[str, Match] = {}
    current = {one.id for one in documents if one.indexed_version == one.current_version}
    for wanted in (words, *([word] for word in words if len(words) > 1)):
        missing = current - found.keys()
        if not wanted or not missing:
            break
        first = (
            select(func.min(SearchRow.id))
            .where(SearchRow.document_id.in_(missing), _in_cells(session, wanted))
            .group_by(SearchRow.document_id)
        )
        for row in session.scalars(select(SearchRow).where(SearchRow.id.in_(first))):
            found[row.document_id] = Match(row.sheet, row.row, _around(row.text, wanted[0]))
    return found


def spaced(words: str) -> str:
    """The text as the tokenizer should see it."""
    return _UNSPACED.sub(r" \1 ", unicodedata.normalize("NFKC", words))


def _in_cells(session: Session, words: Sequence[str]) -> ColumnElement[bool]:
    if not _has_index(session):
        return and_(*(SearchRow.text.icontains(word, autoescape=True) for word in words))
    phrases = " AND ".join(_phrase(word) for word in words)
    found = text("SELECT rowid FROM search_index WHERE search_index MATCH :phrases").bindparams(
        phrases=phrases
    )
    return SearchRow.id.in_(found.columns(SearchRow.id))


def _phrase(word: str) -> str:
    quoted = spaced(word).strip().replace('"', '""')
    return f'"{quoted}"' + ("" if _UNSPACED.search(word[-1]) else "*")


def _rows(cells: Iterable[tuple[str, int, Sequence[Cell]]]) -> list[tuple[str, int, str]]:
    rows: list[tuple[str, int, str]] = []
    characters = 0
    for sheet, number, values in cells:
        words = " ".join(str(value) for value in values if value is not None and not isinstance(value, bool))
        words = " ".join(words.replace("\x00", " ").split())[:ROW_CHARACTERS]
        if not words:
            continue
        characters += len(words)
        if len(rows) >= MAX_ROWS or characters > MAX_CHARACTERS:
            break
        rows.append((sheet[:255], number, words))
    return rows


def _around(words: str, term: str) -> str:
    at = max(words.lower().find(term.lower()), 0)
    start = max(at - SHOWN_CHARACTERS // 4, 0)
    part = words[start : start + SHOWN_CHARACTERS]
    return ("…" if start else "") + part + ("…" if start + SHOWN_CHARACTERS < len(words) else "")


def _has_index(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
