"""Who may do what: one table, asked before a request's body is read."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from flask import g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound

from app.accounts import Principal
from app.api.context import credentials, services
from app.api.problems import ApiProblem

log = logging.getLogger(__name__)

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_RANK = {"viewer": 0, "editor": 1, "admin": 2}

# The least role for each endpoint; an endpoint that is not named here asks for any account.
PUBLIC = frozenset({"health.health", "health.live", "auth.login", "openapi_document", "metrics"})
LEAST_ROLE = {
    "transfer.upload": "editor",
    "documents.change": "editor",
    "documents.delete": "editor",
    "documents.restore": "editor",
    "jobs.create": "editor",
    "jobs.cancel": "editor",
    "jobs.retry": "editor",
    "users.list_users": "admin",
    "users.create": "admin",
    "users.change": "admin",
    "system.show": "admin",
}


def cookie_name() -> str:
    """`__Host-session` over HTTPS: browsers accept that only when Secure and from this very host."""
    return "__Host-session" if services().config.https else "session"


def guard() -> None:
    """Finds out who asks and refuses what they may not do. Raises ApiProblem."""
    if request.endpoint in PUBLIC:
        if request.method not in _SAFE_METHODS:
            refuse_other_sites()
        return
    if (
        request.endpoint is None
        and request.routing_exception
        and not isinstance(request.routing_exception, NotFound)
    ):
        return
    who = _identify()
    if who is None:
        raise ApiProblem(
            401, "log in at /api/login, or send an API token as Authorization: Bearer", "login-required"
        )
    g.principal = who
    if who.via == "session" and request.method not in _SAFE_METHODS:
        refuse_other_sites()
    least = LEAST_ROLE.get(request.endpoint or "", "viewer")
    if _RANK[who.role] < _RANK[least]:
        raise ApiProblem(403, f"this needs the role {least}; {who.username} is {who.role}", "role")


def _identify() -> Principal | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return _by_token(token.strip())
    cookie = request.cookies.get(cookie_name())
    if not cookie:
        return None
    with services().database.read() as session:
        return credentials().by_session(session, cookie)


def _by_token(token: str) -> Principal | None:
    found = services().database
    with found.read() as session:
        who = credentials().by_token(session, token)
        unnoted = who is not None and credentials().unnoted_use(session, token)
    if unnoted:
        try:
            with found.write() as session:
                credentials().note_use(session, token)
        except SQLAlchemyError as error:
            # A full disk must not shut out those who only read, or delete.
            log.warning("the use of a token was not noted: %s", error)
    return who


def refuse_other_sites() -> None:
    """Refuses a request that a browser sent on behalf of another site (CSRF). Raises ApiProblem.

    Browsers say where a request comes from in Sec-Fetch-Site and Origin; a client that sends
    neither is no browser of our time, and carries the cookie of its own will.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    own = origin is None or origin == services().config.public_url or urlsplit(origin).netloc == request.host
    if site not in ("same-origin", "none") or not own:
        raise ApiProblem(403, "this request comes from another site", "cross-site")
