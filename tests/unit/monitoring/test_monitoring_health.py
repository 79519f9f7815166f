"""The health check follows HTTPS with the name and our own certificate, and says in words why it failed."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from monitoring.collectors import health
from monitoring.config import HealthConfig
from tests.support.monitoring_parts import SERVER_NAME, HealthServer


@pytest.fixture
def settings(health_server: HealthServer, authority: Path) -> HealthConfig:
    return HealthConfig(
        True, "127.0.0.1", health_server.port, SERVER_NAME, "/api/health", str(authority / "ca.pem"), 5
    )


def test_reads_status_time_and_body(settings: HealthConfig, health_server: HealthServer) -> None:
    found = health.collect(settings)
    assert (found.ok, found.status, found.error) == (True, 200, "")
    assert found.body == {"status": "ok", "checks": {"database": "ok"}}
    assert found.response_ms is not None
    assert 0 < found.response_ms < 5000
    assert health_server.hosts == [SERVER_NAME]
    assert health_server.paths == ["/api/health"]


def test_a_failing_answer_names_the_checks(settings: HealthConfig, health_server: HealthServer) -> None:
    health_server.status = 503
    health_server.body = b'{"checks": {"worker": {"status": "failed"}, "database": "ok", "disk": false}}'
    found = health.collect(settings)
    assert (found.ok, found.status, found.error) == (False, 503, "HTTP status 503 (disk, worker)")


def test_a_body_that_is_no_json_is_kept_out(settings: HealthConfig, health_server: HealthServer) -> None:
    health_server.body = b"<html>\xff"
    found = health.collect(settings)
    assert (found.ok, found.body) == (True, None)


def test_a_slow_answer_is_measured_and_a_hanging_one_given_up(
    settings: HealthConfig, health_server: HealthServer
) -> None:
    health_server.delay = 0.4
    slow = health.collect(settings)
    assert slow.response_ms is not None
    assert slow.response_ms >= 400
    start = time.monotonic()
    hanging = health.collect(settings._replace(timeout_seconds=0.2))
    assert time.monotonic() - start < 0.4
    assert (hanging.ok, hanging.error) == (False, "no answer within 0.2 s")


def test_another_name_or_authority_is_refused(settings: HealthConfig, tmp_path: Path) -> None:
    wrong_name = health.collect(settings._replace(server_name="evil.company.com"))
    assert not wrong_name.ok
    assert "certificate refused" in wrong_name.error
    system_store = health.collect(settings._replace(ca_file=str(tmp_path / "missing.pem")))
    assert not system_store.ok
    assert "certificate refused" in system_store.error


def test_a_closed_port_is_a_reason(settings: HealthConfig) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        found = health.collect(settings._replace(port=port))
    assert (found.ok, found.status, found.error) == (False, None, "connection refused")


def test_too_long_an_answer_is_a_reason(settings: HealthConfig, health_server: HealthServer) -> None:
    health_server.body = b"x" * (health.MAX_BODY_BYTES + 1)
    found = health.collect(settings)
    assert not found.ok
    assert "longer than" in found.error


def test_turned_off_it_says_nothing(settings: HealthConfig, health_server: HealthServer) -> None:
    assert health.collect(settings._replace(enabled=False)).ok is None
    assert health_server.paths == []
