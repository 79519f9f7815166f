"""State of the Redis instances and of the job queue that lives in one of them."""

from __future__ import annotations

import time
from typing import Any

from monitoring.config import RedisConfig
from monitoring.redis_client import RedisClient, RedisError
from monitoring.sample import Counters, Queue, RedisState

QUEUE = "queue"
MEMO = "redis_evicted"


def collect(
    config: RedisConfig, previous: Counters | None, now: float
) -> tuple[tuple[RedisState, ...], Queue | None, dict[str, int]]:
    """Return the instances, the queue (None when it cannot be asked) and the evictions counted until now."""
    if not config.enabled:
        return (), None, {}
    before = previous.memo.get(MEMO, {}) if previous is not None else {}
    states = []
    evicted: dict[str, int] = {}
    queue = None
    for name, socket in sorted({QUEUE: config.socket, **config.others}.items()):
        try:
            with RedisClient(config._replace(socket=socket)) as client:
                info = parse(client.call("INFO"))
                evicted[name] = int(info.get("evicted_keys", 0))
                states.append(_state(name, info, before.get(name)))
                if name == QUEUE:
                    queue = _queue(client, now)
        except RedisError as error:
            states.append(RedisState(name, str(error)))
    return tuple(states), queue, evicted


def parse(text: str) -> dict[str, str]:
    """Return the fields of Redis' INFO."""
    pairs = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, separator, value in pairs if separator}


def _state(name: str, info: dict[str, str], evicted_before: int | None) -> RedisState:
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    evicted = int(info.get("evicted_keys", 0))
    return RedisState(
        name=name,
        error="",
        memory_mb=used / 1048576,
        memory_percent=100 * used / limit if limit else None,
        # A counter below the one before: Redis was started anew.
        evicted=None
        if evicted_before is None
        else evicted - (evicted_before if evicted >= evicted_before else 0),
        persistence=_trouble(info),
    )


def _trouble(info: dict[str, str]) -> str:
    """Return what Redis failed to write; empty when all went well."""
    names = {
        "rdb_last_bgsave_status": "the last snapshot failed",
        "aof_last_bgrewrite_status": "the last rewrite of the append-only file failed",
        "aof_last_write_status": "the append-only file cannot be written",
    }
    return "; ".join(words for name, words in names.items() if info.get(name, "ok") != "ok")


def _queue(client: RedisClient, now: float) -> Queue:
    """Return RQ's queues taken together."""
    length = started = failed = 0
    ages = []
    for key in client.call("SMEMBERS", "rq:queues"):
        name = str(key).partition("rq:queue:")[2]
        length += int(client.call("LLEN", key))
        started += int(client.call("ZCARD", f"rq:wip:{name}"))
        failed += int(client.call("ZCARD", f"rq:failed:{name}"))
        oldest = client.call("LINDEX", key, 0)
        if oldest is not None:
            enqueued = moment(client.call("HGET", f"rq:job:{oldest}", "enqueued_at"))
            ages += [] if enqueued is None else [max(now - enqueued, 0.0)]
    workers = int(client.call("SCARD", "rq:workers"))
    return Queue(length, max(ages) if ages else None, started, failed, workers)


def moment(text: Any) -> float | None:
    """Return the seconds since the epoch of RQ's "2026-11-24T20:00:00.123456Z", or None."""
    import calendar

    try:
        whole, _, rest = str(text).partition(".")
        parsed = time.strptime(whole.rstrip("Z")[:19], "%Y-%m-%dT%H:%M:%S")
        fraction = rest.rstrip("Z")[:6]
        return calendar.timegm(parsed) + (float(f"0.{fraction}") if fraction.isdigit() else 0.0)
    except ValueError:
        return None
