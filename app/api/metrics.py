"""GET /internal/metrics for Prometheus: on the internal port alone, and no part of the API."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

from flask import Flask, Response, current_app, request
from redis.exceptions import RedisError
from sqlalchemy import func, select
from werkzeug.exceptions import NotFound

from app import documents, metrics
from app.api.context import PARAMETER, services
from app.metrics import Requests
from app.models import Document

log = logging.getLogger(__name__)

PATH = "/internal/metrics"


def register(app: Flask) -> None:
    """Adds the address, and the counters of every route; after all routes are there."""
    app.add_url_rule(PATH, "metrics", show)
    app.extensions["requests"] = Requests(
        sorted(
            (method, PARAMETER.sub(r"{\1}", rule.rule))
            for rule in app.url_map.iter_rules()
            for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}
        )
    )


def show() -> Response:
    """The counters of all processes, and what is measured now. 404 for whoever came through Nginx."""
    if not _internal():
        raise NotFound
    requests: Requests = current_app.extensions["requests"]
    lines = [*requests.text(), *metrics.gauges(_measured()), ""]
    return Response("\n".join(lines), content_type=metrics.CONTENT_TYPE)


def _internal() -> bool:
    """Over TCP and without a proxy: the unix socket is Nginx's, and what Nginx passes on says for whom."""
    connection = request.environ.get("gunicorn.socket")
    family = getattr(connection, "family", None)
    return family in (socket.AF_INET, socket.AF_INET6) and "X-Forwarded-For" not in request.headers


def _measured() -> Iterator[tuple[str, str, float]]:
    found = services()
    yield "tdm_disk_free_bytes", "Room that the application may still use.", found.files.free_bytes()
    with found.database.read() as session:
        live = select(func.count()).select_from(Document).where(Document.deleted_at.is_(None))
        yield "tdm_documents", "Documents that are not in the trash.", session.scalar(live) or 0
        yield "tdm_documents_bytes", "What all versions take of the disk.", documents.used_bytes(session)
    yield "tdm_documents_share_bytes", "What they may take.", found.config.files_share_bytes
    try:
        waiting, ages = found.queue.waiting(), found.queue.heartbeat_ages()
    except RedisError as error:
        log.warning("the queue cannot be measured: %s", type(error).__name__)
        return
    yield "tdm_jobs_waiting", "Jobs that wait for a worker.", waiting
    yield "tdm_workers", "Workers that are registered.", len(ages)
