"""Redis connections: short patience for the web processes, long blocking reads for the worker."""

from __future__ import annotations

from redis import Redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

# A Redis that is restarted is away for a second or two. Who must not fail meanwhile asks again for 3.5 s; not
# after a time-out, for a Redis that hangs is not one that restarts.
RIDE_OUT_RESTART: Retry = Retry(ExponentialBackoff(cap=1.0, base=0.1), 6, (RedisConnectionError,))
# The worker has nobody waiting: about 35 s.
WORKER_RETRIES = 20


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
    """A client that rides restarts out, without a read time-out: RQ sets one that fits its blocking reads."""
    retry = Retry(ExponentialBackoff(cap=2.0, base=0.1), WORKER_RETRIES)
    return Redis.from_url(url, socket_connect_timeout=5.0, health_check_interval=30, retry=retry)
