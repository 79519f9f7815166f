"""A Redis that is restarted is ridden out: by the worker, in mid-job too, and by who queues a job."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.unit.app.stack import RedisServer, Stack, wait_until
from tests.unit.app.work import finished, job, start_export, store


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """As the queue's: every write is on the disk before it is acknowledged."""
    server = RedisServer(tmp_path / "redis", ("--appendonly", "yes", "--appendfsync", "always"))
    server.start()
    yield server
    server.stop()


def restart(server: RedisServer, away: float) -> None:
    server.stop()
    time.sleep(away)
    server.start()


def test_a_waiting_worker_outlives_a_restart(
    client: FlaskClient, stack: Stack, redis_server: RedisServer
) -> None:
    worker = stack.worker()
    restart(redis_server, 3)
    done = finished(client, stack, start_export(client, [store(client, b"x", "a.csv")]))
    assert done["status"] == "succeeded", done
    assert worker.poll() is None, stack.log("worker.log")


def test_a_job_under_way_outlives_a_restart(
    client: FlaskClient, stack: Stack, redis_server: RedisServer
) -> None:
    document = store(client, os.urandom(60_000_000), "big.csv")
    worker = stack.worker()
    job_id = start_export(client, [document])
    wait_until(lambda: 0 < job(client, job_id)["progress"] < 1, 60, lambda: str(job(client, job_id)))
    restart(redis_server, 2)
    done = finished(client, stack, job_id)
    assert done["status"] == "succeeded", done
    assert worker.poll() is None, stack.log("worker.log")


def test_a_job_can_be_queued_while_redis_restarts(
    client: FlaskClient, stack: Stack, redis_server: RedisServer
) -> None:
    document = store(client, b"x", "a.csv")
    redis_server.stop()
    back = threading.Timer(1.5, redis_server.start)
    back.start()
    try:
        job_id = start_export(client, [document])
    finally:
        back.join()
    stack.worker()
    assert finished(client, stack, job_id)["status"] == "succeeded"
