"""What every request has: its services, its id, the one who asks, and its line in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid

from flask import Flask, Response, current_app, g, request

from app.accounts import Credentials, Principal
from app.activity import Actor
from app.logs import event, request_id_var
from app.metrics import Requests
from app.services import Services

log = logging.getLogger("app.request")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
PARAMETER = re.compile(r"<(?:[^<:>]+:)?([^<>]+)>")
_QUIET = frozenset({"health.health", "health.live", "metrics"})


def services() -> Services:
    """The services of the running application."""
    found: Services = current_app.extensions["services"]
    return found


def credentials() -> Credentials:
    """The issuer of sessions and tokens."""
    found: Credentials = current_app.extensions["credentials"]
    return found


def principal() -> Principal:
    """Who asks. Only for views that are not public."""
    found: Principal = g.principal
    return found


def note_action(action: str, user: str | None = None) -> None:
    """Names what the user does, for the log line (`login`, `upload`, ...)."""
    g.action = action
    if user is not None:
        g.action_user = user


def actor() -> Actor:
    """Who asks, as the activity keeps it. Only for views that are not public."""
    who = principal()
    return Actor(who.user_id, who.username, request.remote_addr or "", g.request_id)


def begin_request() -> None:
    """Starts the clock and takes the proxy's request id, or makes one."""
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex
    request_id_var.set(g.request_id)


def finish_request(response: Response) -> Response:
    """Adds the headers that every answer has, and writes the request's line."""
    response.headers["X-Request-ID"] = g.request_id
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    seconds = time.perf_counter() - g.started
    counters: Requests = current_app.extensions["requests"]
    counters.observe(request.method, endpoint_template(), response.status_code, seconds)
    who: Principal | None = g.get("principal")
    level = logging.DEBUG if request.endpoint in _QUIET and response.status_code == 200 else logging.INFO
    event(
        log,
        level,
        "request",
        f"{request.method} {request.path} {response.status_code}",
        user=g.get("action_user") or (who.username if who else None),
        action=g.get("action"),
        method=request.method,
        endpoint=endpoint_template(),
        path=request.path,
        status=response.status_code,
        duration_ms=round(seconds * 1000, 2),
        bytes=response.content_length or 0,
        address=request.remote_addr or "",
    )
    return response


def endpoint_template() -> str:
    """`/api/documents/{document_id}` for any document; `(none)` for a path that no route serves."""
    rule = request.url_rule
    return PARAMETER.sub(r"{\1}", rule.rule) if rule is not None else "(none)"


def register(app: Flask) -> None:
    """Hooks the above into every request."""
    app.before_request(begin_request)
    app.after_request(finish_request)
