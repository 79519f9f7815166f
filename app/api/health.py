"""GET /api/health (readiness) and /api/health/live (the process answers)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from redis import Redis

from app.api.context import services
from app.api.system_schemas import Check, Checks, Health, Live
from app.migrations import MigrationNeeded, require_current
from app.services import Services
from app.storage import is_full

blueprint = APIBlueprint("health", __name__, url_prefix="/api", abp_tags=[Tag(name="health")])

# Without these the service cannot keep its promises; without the others it is slower or jobs wait.
ESSENTIAL = ("database", "redis_queue", "disk")
# A worker that waits for work shows itself every worker_ttl - 15 seconds.
GRACE_SECONDS = 15


@blueprint.get("/health", responses={200: Health, 503: Health})
def health() -> Response:
    """State of the database, both Redis, the worker and the disk

    200 with `ok`, or with `degraded` when the cache or the worker is missing (requests are served, jobs
    wait); 503 with `failed` when the database, the disk or the queue's Redis fails. Needs no log-in.
    """
    found = services()
    checks = Checks(
        database=_timed(_database, found),
        redis_cache=_timed(_cache, found),
        redis_queue=_timed(_queue, found),
        worker=_timed(_worker, found),
        disk=_timed(_disk, found),
    )
    failed = {name for name, check in checks if check.status == "failed"}
    status: Literal["ok", "degraded", "failed"]
    status = "failed" if failed.intersection(ESSENTIAL) else "degraded" if failed else "ok"
    body = Health(status=status, checks=checks, release=found.config.release, slot=found.config.slot)
    return _json(body, 503 if status == "failed" else 200)


@blueprint.get("/health/live", responses={200: Live})
def live() -> Response:
    """Whether this process answers at all; asks nothing else. Needs no log-in."""
    config = services().config
    return _json(Live(status="ok", release=config.release, slot=config.slot), 200)


def _json(body: Health | Live, status: int) -> Response:
    return Response(body.model_dump_json(exclude_none=True), status, mimetype="application/json")


def _timed(probe: Callable[[Services], Check], found: Services) -> Check:
    started = time.perf_counter()
    try:
        check = probe(found)
    except Exception as error:
        check = Check(status="failed", detail=_reason(error))
    check.latency_ms = round((time.perf_counter() - started) * 1000, 2)
    return check


def _reason(error: Exception) -> str:
    if is_full(error):
        return "the disk has no room"
    return str(error) if isinstance(error, MigrationNeeded) else type(error).__name__


def _database(found: Services) -> Check:
    with found.database.read() as session:
        return Check(status="ok", revision=require_current(session.connection()))


def _round_trip(client: Redis, slot: str) -> None:
    client.set(f"health:{slot}", "1", ex=60)


def _cache(found: Services) -> Check:
    _round_trip(found.cache, found.config.slot)
    return Check(status="ok")


def _queue(found: Services) -> Check:
    _round_trip(found.queue.connection, found.config.slot)
    return Check(status="ok", waiting=found.queue.waiting())


def _worker(found: Services) -> Check:
    limit = found.config.worker_ttl_seconds + GRACE_SECONDS
    alive = sum(1 for age in found.queue.heartbeat_ages() if age < limit)
    if not alive:
        return Check(status="failed", detail="no live worker is registered", workers=0)
    return Check(status="ok", workers=alive)


def _disk(found: Services) -> Check:
    free = found.files.free_bytes()
    free_mb = free // (1024 * 1024)
    if free < found.files.min_free_bytes:
        return Check(status="failed", detail="less room than the reserve", free_mb=free_mb)
    found.files.probe()
    return Check(status="ok", free_mb=free_mb)
