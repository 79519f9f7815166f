"""Who did what and when, kept in the transaction that does it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.database import Database
from app.models import Activity

# What `action` may be; a job's is `job:` and its kind.
ACTIONS = (
    "login", "login-failed", "logout", "password", "token", "token-revoke",
    "user-create", "user-change", "upload", "version", "download", "change", "delete", "restore", "remove",
    "job-cancel",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and with which request. `user_id` is None for a name that no account has."""

    user_id: str | None
    username: str
    address: str = ""
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show: one user's name, one action, a span of time (since <= at < until)."""

    username: str | None = None
    user_id: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def record(
    session: Session,
    actor: Actor,
    action: str,
    object_id: str | None = None,
    object_name: str | None = None,
) -> None:
    """Adds an entry; it is there when the session's transaction is committed, and only then."""
    session.add(
        Activity(
            user_id=actor.user_id,
            username=actor.username[:64],
            action=action,
            object_id=object_id,
            object_name=object_name[:255] if object_name else None,
            address=actor.address[:64],
            request_id=actor.request_id,
        )
    )


def page(
    session: Session, wanted: Filter, cursor: str | None, limit: int
) -> tuple[list[Activity], str | None]:
    """Up to `limit` entries, newest first; and the next cursor."""
    found = list(session.scalars(_select(wanted, cursor).limit(limit + 1)))
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def every(database: Database, wanted: Filter, batch: int = 500) -> Iterator[Activity]:
    """All entries, newest first. Each batch is a transaction of its own: a slow reader holds none open, and
    memory does not grow with their number."""
    cursor: str | None = None
    while True:
        with database.read() as session:
            found, cursor = page(session, wanted, cursor, batch)
        yield from found
        if cursor is None:
            return


def _select(wanted: Filter, cursor: str | None) -> Select[Activity]:
    query = select(Activity).order_by(Activity.id.desc())
    if cursor is not None:
        query = query.where(Activity.id < cursor)
    if wanted.user_id is not None:
        query = query.where(Activity.user_id == wanted.user_id)
    if wanted.username is not None:
        query = query.where(Activity.username == wanted.username)
    if wanted.action is not None:
        query = query.where(Activity.action == wanted.action)
    if wanted.since is not None:
        query = query.where(Activity.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Activity.at < wanted.until)
    return query
