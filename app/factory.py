"""Builds the web application from a checked configuration."""

from __future__ import annotations

import logging
import os

from flask import request
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from app import __version__, cli
from app.accounts import Credentials
from app.api import (
    access,
    activity,
    auth,
    context,
    documents,
    features,
    health,
    jobs,
    metrics,
    preview,
    problems,
    security,
    system,
    transfer,
    users,
)
from app.api.schemas import Problem
from app.api.upload import StreamingRequest
from app.config import Config
from app.services import Services
from app.throttle import Throttle

log = logging.getLogger(__name__)

DESCRIPTION = (
    "A team's manager for documents exported from Tencent Docs. Errors are RFC 9457 problem documents. "
    "Everything but health, log-in and this document needs a session cookie or an API token."
)
# Bodies other than uploads are small.
MAX_BODY_BYTES = 1024 * 1024


class Application(OpenAPI):
    request_class = StreamingRequest


def create_app(config: Config) -> Application:
    """The application; connects to nothing until the first request."""
    os.umask(0o027)
    cookie = "__Host-session" if config.https else "session"
    app = Application(
        "app",
        info=Info(title="tencent-doc-manager", version=__version__, description=DESCRIPTION),
        security_schemes=security.schemes(cookie),
        validation_error_callback=problems.validation_problem,
        validation_error_model=Problem,
        doc_ui=False,
        static_folder=None,
    )
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES, TRAP_HTTP_EXCEPTIONS=False, PROPAGATE_EXCEPTIONS=False
    )
    services = app.extensions["services"] = Services.from_config(config)
    app.extensions["throttle"] = Throttle(services.cache)
    app.extensions["credentials"] = Credentials(config.secret_key, config.session_hours)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]

    context.register(app)
    app.before_request(access.guard)
    problems.register(app)
    for part in (health, auth, users, documents, transfer, preview, jobs, activity, features, system):
        app.register_api(part.blueprint)
    app.add_url_rule("/api/openapi.json", "openapi_document", lambda: app.api_doc)
    metrics.register(app)
    app.teardown_request(_discard_staged)
    cli.register(app)
    return app


def _discard_staged(_error: BaseException | None) -> None:
    if isinstance(request, StreamingRequest):
        request.discard_staged()
