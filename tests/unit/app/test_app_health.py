"""What /api/health says when a part is missing, against real Redis servers and a real worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import migrations
from app.factory import create_app
from app.services import Services
from tests.unit.app.stack import RedisServer, Stack, close, wait_until


@pytest.fixture
def cache_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "cache")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def queue_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "queue")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def services(stack: Stack, cache_server: RedisServer, queue_server: RedisServer) -> Iterator[Services]:
    stack.extra = {"REDIS_CACHE_URL": cache_server.url, "REDIS_QUEUE_URL": queue_server.url}
    found = Services.from_config(stack.config())
    migrations.up(found.database)
    yield found
    close(found)


def health(stack: Stack) -> tuple[int, str, dict[str, str]]:
    """(HTTP status, overall status, status of each check) without any log-in."""
    app = create_app(stack.config())
    try:
        answer = app.test_client().get("/api/health")
    finally:
        close(app.extensions["services"])
    body = answer.get_json()
    return (
        answer.status_code,
        body["status"],
        {name: check["status"] for name, check in body["checks"].items()},
    )


ALL_WELL = dict.fromkeys(("database", "redis_cache", "redis_queue", "worker", "disk"), "ok")


def test_with_everything_there_it_is_ok(stack: Stack, services: Services) -> None:
    stack.worker()
    assert health(stack) == (200, "ok", ALL_WELL)


def test_without_a_worker_it_is_degraded_and_serves(stack: Stack, services: Services) -> None:
    assert health(stack) == (200, "degraded", {**ALL_WELL, "worker": "failed"})


def test_a_stopped_worker_is_missed_at_once(stack: Stack, services: Services) -> None:
    worker = stack.worker()
    worker.terminate()
    assert worker.wait(60) == 0, stack.log("worker.log")
    assert health(stack) == (200, "degraded", {**ALL_WELL, "worker": "failed"})


def test_without_the_cache_it_is_degraded_and_serves(
    stack: Stack, services: Services, cache_server: RedisServer
) -> None:
    stack.worker()
    cache_server.stop()
    assert health(stack) == (200, "degraded", {**ALL_WELL, "redis_cache": "failed"})


def test_without_the_queue_it_is_failed(stack: Stack, services: Services, queue_server: RedisServer) -> None:
    queue_server.stop()
    assert health(stack) == (503, "failed", {**ALL_WELL, "redis_queue": "failed", "worker": "failed"})


def test_a_queue_at_its_memory_limit_is_failed(stack: Stack, services: Services) -> None:
    services.queue.connection.config_set("maxmemory-policy", "noeviction")
    services.queue.connection.config_set("maxmemory", "1")
    assert health(stack)[2]["redis_queue"] == "failed"


def test_without_the_schema_it_is_failed_and_names_the_command(stack: Stack) -> None:
    app = create_app(stack.config())
    Services.from_config(stack.config()).database.writer.connect().close()
    answer = app.test_client().get("/api/health")
    close(app.extensions["services"])
    assert answer.status_code == 503
    assert "flask migrate up" in answer.get_json()["checks"]["database"]["detail"]


def test_a_disk_below_its_reserve_is_failed(stack: Stack, services: Services) -> None:
    stack.extra["MIN_FREE_MB"] = "1048576"
    status, overall, checks = health(stack)
    assert (status, overall, checks["disk"]) == (503, "failed", "failed")


def test_a_worker_forgotten_by_redis_registers_again(stack: Stack, services: Services) -> None:
    stack.worker()
    services.queue.connection.flushall()
    wait_until(lambda: services.queue.heartbeat_ages(), 40, lambda: stack.log("worker.log"))


def test_live_asks_nothing_else(stack: Stack, queue_server: RedisServer, services: Services) -> None:
    queue_server.stop()
    app = create_app(stack.config())
    answer = app.test_client().get("/api/health/live")
    close(app.extensions["services"])
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ok")
