"""Who may do what: one table, asked before a request's body is read."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import g, request
from werkzeug.exceptions import NotFound

from app.accounts import Principal
from app.api.context import credentials, services
from app.api.problems import ApiProblem

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_RANK = {"viewer": 0, "editor": 1, "admin": 2}

# The least role for each endpoint; an endpoint that is not named here asks for any account.
PUBLIC = frozenset({"health.health", "health.live", "auth.login", "openapi_document"})
LEAST_ROLE = {"documents.upload": "editor", "documents.delete": "editor"}


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
        with services().database.read() as session:
            return credentials().by_token(session, token.strip())
    cookie = request.cookies.get(cookie_name())
    if not cookie:
        return None
    with services().database.read() as session:
        return credentials().by_session(session, cookie)


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
