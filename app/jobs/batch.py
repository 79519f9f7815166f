"""Kind `batch`: one action over many documents, each on its own: what fails does not stop the rest.

Doing it twice is the same as once, so an attempt that was cut short is simply run again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from app import activity, documents
from app.jobs import lifecycle, results
from app.jobs.progress import Report
from app.models import Document, now
from app.services import Services

MAX_TAGS = 20


class _Failed(Exception):  # noqa: N818
    """The action is not possible for this document. The message is for the user."""


def run(services: Services, held: lifecycle.Claim, report: Report) -> None:
    """Raises lifecycle.Superseded."""
    action, tags = held.parameters["action"], list(held.parameters.get("tags") or [])
    wanted = held.parameters["documents"]
    items: list[dict[str, Any]] = []
    for number, document_id in enumerate(wanted):
        report(number / len(wanted))
        try:
            with services.database.write() as session:
                _one(session, held, action, tags, document_id)
        except _Failed as error:
            items.append(results.item(document_id, str(error)))
        else:
            items.append(results.item(document_id))
    failed = sum(1 for item in items if item["error"])
    with services.database.write() as session:
        summary = {"done": len(items) - failed, "failed": failed}
        lifecycle.succeed(session, held, {"items": items, "summary": summary})


def _one(session: Session, held: lifecycle.Claim, action: str, tags: list[str], document_id: str) -> None:
    live = documents.find(session, document_id, held)
    found = live or documents.find_in_trash(session, document_id, held)
    if found is None:
        raise _Failed("there is no such document")
    document = found.document
    if not documents.may_write(document, held):
        raise _Failed("this document belongs to someone else")
    if live is None and action not in ("trash", "restore"):
        raise _Failed("the document is in the trash")
    if _ACTIONS[action](document, tags):
        name = {"trash": "delete", "restore": "restore"}.get(action, "change")
        activity.record(session, results.actor(held), name, document.id, document.name)


def _trash(document: Document, _tags: list[str]) -> bool:
    changed = document.deleted_at is None
    document.deleted_at = document.deleted_at or now()
    return changed


def _restore(document: Document, _tags: list[str]) -> bool:
    changed = document.deleted_at is not None
    document.deleted_at = None
    return changed


def _tag(document: Document, tags: list[str]) -> bool:
    names = {tag.name for tag in document.tags}
    together = names.union(tags)
    if len(together) > MAX_TAGS:
        raise _Failed(f"a document has at most {MAX_TAGS} tags")
    documents.set_tags(document, sorted(together))
    return together != names


def _untag(document: Document, tags: list[str]) -> bool:
    names = {tag.name for tag in document.tags}
    documents.set_tags(document, sorted(names.difference(tags)))
    return not names.isdisjoint(tags)


def _share(document: Document, _tags: list[str]) -> bool:
    changed, document.shared = not document.shared, True
    return changed


def _unshare(document: Document, _tags: list[str]) -> bool:
    changed, document.shared = document.shared, False
    return changed


_ACTIONS: dict[str, Callable[[Document, list[str]], bool]] = {
    "trash": _trash,
    "restore": _restore,
    "tag": _tag,
    "untag": _untag,
    "share": _share,
    "unshare": _unshare,
}
