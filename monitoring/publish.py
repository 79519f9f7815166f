"""Copies samples and alert events to Redis, each exactly once, however often Redis or this process dies.

The lists themselves are the record of what has arrived: ids grow, rows are pushed in order, and one RPUSH
is atomic. So whatever is not above the id at a list's end is there already, even when the answer to the last
push was lost. When the newest row believed to be there is missing (Redis lost its last seconds, or all its
data), everything within the retention is offered again, and the same rule sends just what is missing.
"""

from __future__ import annotations

import json
import time
from typing import NamedTuple

from monitoring.redis_client import RedisClient
from monitoring.store import Row, Store, compact, mark_published

ALERTS_KEY = "monitoring:alerts"
BATCH = 500


class Result(NamedTuple):
    """How many rows Redis took in this cycle, and how many still wait (more than a batch was spooled)."""

    sent: int
    waiting: int


def publish(store: Store, client: RedisClient, now: float, samples_days: float, alerts_days: float) -> Result:
    """Send what Redis lacks, a batch at most. Raises RedisError; what was sent until then is marked."""
    sent = _publish_samples(store, client, now, samples_days) + _publish_alerts(
        store, client, now, alerts_days
    )
    return Result(sent, waiting(store))


def waiting(store: Store) -> int:
    """Return the number of samples and alert events that Redis has not got yet."""
    found = store.row(
        "SELECT (SELECT count(*) FROM samples WHERE published = 0)"
        " + (SELECT count(*) FROM alert_events WHERE published = 0) AS waiting"
    )
    return int(found["waiting"]) if found is not None else 0


def samples_key(moment: float) -> str:
    """Return the list of the sample's hour, in UTC."""
    return time.strftime("monitoring:samples:%Y%m%d%H", time.gmtime(moment))


def sample_document(row: Row) -> str:
    """Return the JSON text of a sample as the app's pages read it."""
    containers = None if row["containers"] is None else json.loads(row["containers"])
    for item in containers or ():
        # The name says it; 64 characters a container and minute are a lot for a Redis of 32 MB.
        item.pop("id", None)
    health_ok = None if row["health_ok"] is None else bool(row["health_ok"])
    parts = json.loads(row["parts"])
    more = {name: parts.get(name) for name in ("public", "nginx", "queue")}
    redis = {
        name: {"memory_percent": item["memory_percent"], "evicted": item["evicted"]}
        for name, item in (parts.get("redis") or {}).items()
    }
    return compact(
        {
            "id": row["id"],
            "time": row["time"],
            "host": row["host"],
            "system": {
                "cpu_percent": row["cpu_percent"],
                "memory_percent": row["memory_percent"],
                "memory_used_mb": row["memory_used_mb"],
                "memory_total_mb": row["memory_total_mb"],
                "disks": json.loads(row["disks"]),
                "network_received_bytes": row["network_received_bytes"],
                "network_sent_bytes": row["network_sent_bytes"],
                "load": [row["load_1"], row["load_5"], row["load_15"]],
                **(parts.get("system") or {}),
            },
            "health": {
                "ok": health_ok,
                "status": row["health_status"],
                "response_ms": row["response_ms"],
                "error": row["health_error"],
                "body": None if row["health_body"] is None else json.loads(row["health_body"]),
            },
            **more,
            "redis": redis,
            "containers": containers,
            "containers_error": row["containers_error"],
        }
    )


def event_document(row: Row) -> str:
    """Return the JSON text of an alert event."""
    names = ("id", "time", "host", "event", "type", "subject", "severity", "message", "value")
    return compact({name: row[name] for name in names})


def _publish_samples(store: Store, client: RedisClient, now: float, days: float) -> int:
    oldest = now - days * 86400
    newest = store.row("SELECT id, time FROM samples WHERE published = 1 ORDER BY id DESC LIMIT 1")
    if (
        newest is not None
        and _expires(newest["time"], days) > now
        and _last_id(client, samples_key(newest["time"])) < newest["id"]
    ):
        store.connection.execute("UPDATE samples SET published = 0")
    rows = store.rows(
        "SELECT * FROM samples WHERE published = 0 AND time >= ? ORDER BY id LIMIT ?", int(oldest), BATCH
    )
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        by_key.setdefault(samples_key(row["time"]), []).append(row)
    sent = 0
    for key, members in by_key.items():
        last = _last_id(client, key)
        missing = [sample_document(row) for row in members if row["id"] > last]
        if missing:
            client.call("RPUSH", key, *missing)
        client.call("EXPIREAT", key, _expires(members[0]["time"], days))
        mark_published(store, "samples", [row["id"] for row in members])
        sent += len(missing)
    return sent


def _publish_alerts(store: Store, client: RedisClient, now: float, days: float) -> int:
    newest = store.row("SELECT id, time FROM alert_events WHERE published = 1 ORDER BY id DESC LIMIT 1")
    rows = store.rows("SELECT * FROM alert_events WHERE published = 0 ORDER BY id LIMIT ?", BATCH)
    last = _last_id(client, ALERTS_KEY)
    if newest is not None and newest["time"] >= now - days * 86400 and last < newest["id"]:
        store.connection.execute("UPDATE alert_events SET published = 0")
        rows = store.rows("SELECT * FROM alert_events ORDER BY id LIMIT ?", BATCH)
    missing = [event_document(row) for row in rows if row["id"] > last]
    if missing:
        client.call("RPUSH", ALERTS_KEY, *missing)
    if rows:
        mark_published(store, "alert_events", [row["id"] for row in rows])
    _trim_alerts(client, now - days * 86400)
    return len(missing)


def _trim_alerts(client: RedisClient, oldest: float) -> None:
    """Drop events from the list's old end by age; an expiry of the list would be renewed for ever."""
    while True:
        first = client.call("LINDEX", ALERTS_KEY, 0)
        if first is None or json.loads(first)["time"] >= oldest:
            return
        client.call("LPOP", ALERTS_KEY)


def _last_id(client: RedisClient, key: str) -> int:
    last = client.call("LINDEX", key, -1)
    return 0 if last is None else int(json.loads(last)["id"])


def _expires(moment: float, days: float) -> int:
    """Return when the list of this hour may go: the retention after the hour's end."""
    hour_end = (int(moment) // 3600 + 1) * 3600
    return hour_end + int(days * 86400)
