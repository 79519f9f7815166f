"""Redis connections: short patience for the web processes, long blocking reads for the worker."""

from __future__ import annotations

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect(url: str, timeout: float = 2.0) -> Redis:
    """A client that gives up after `timeout` seconds and one more try. Connects on first use."""
    return Redis.from_url(
        url,
        socket_connect_timeout=min(timeout, 1.0),
        socket_timeout=timeout,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=30,
    )


def connect_worker(url: str) -> Redis:
    """A client without a read time-out of its own; RQ sets one that fits its blocking reads."""
    return Redis.from_url(url, socket_connect_timeout=5.0, health_check_interval=30)
