"""What `monitoring status` and `monitoring alerts` show: a document for machines, a table for people."""

from __future__ import annotations

import json
import time
from typing import Any

from monitoring import alerts
from monitoring.publish import waiting
from monitoring.store import Row, Store

STALE_SECONDS = 300

EXIT_WELL = 0
EXIT_ALERTS = 1
EXIT_NO_DATA = 2


def status(store: Store, now: float) -> dict[str, Any]:
    """Return the newest sample, the open alerts and what waits for Redis.

    `state` is "ok", "alerts", or "stale" when the newest sample is missing or older than five minutes.
    """
    row = store.last_sample()
    firing = [_alert(alert) for alert in alerts.open_alerts(store)]
    age = None if row is None else now - row["time"]
    fresh = age is not None and age <= STALE_SECONDS
    state = ("alerts" if firing else "ok") if fresh else "stale"
    redis = store.note("redis") or {"error": ""}
    return {
        "state": state,
        "age_seconds": None if age is None else round(age),
        "sample": None if row is None else _sample(row),
        "alerts": firing,
        "redis": {"error": redis["error"], "waiting": waiting(store)},
    }


def exit_status(document: dict[str, Any]) -> int:
    """Return 0 when all is well, 1 with open alerts, 2 without a fresh sample."""
    return {"ok": EXIT_WELL, "alerts": EXIT_ALERTS}.get(document["state"], EXIT_NO_DATA)


def status_table(document: dict[str, Any]) -> str:
    """Return the document as text for a terminal."""
    sample = document["sample"]
    if sample is None:
        return "no sample yet: is the timer running?"
    loads = " ".join(_figure(load, "") for load in sample["load"])
    lines = [
        f"host         {sample['host']}   state {document['state']}   sample {_moment(sample['time'])}"
        f" ({document['age_seconds']} s ago)",
        f"cpu          {_figure(sample['cpu_percent'], '%')}   load {loads}",
        f"memory       {_figure(sample['memory_percent'], '%')}   {_figure(sample['memory_used_mb'], ' MB')}"
        f" of {_figure(sample['memory_total_mb'], ' MB')}",
    ]
    lines += [f"disk         {_figure(disk['percent'], '%')}   {disk['path']}" for disk in sample["disks"]]
    lines.append(f"health       {_health(sample)}")
    lines += _container_lines(sample)
    redis = document["redis"]
    lines.append(f"redis        {redis['error'] or 'ok'}, {redis['waiting']} waiting")
    lines.append(f"open alerts  {len(document['alerts'])}")
    lines += [
        f"  {alert['severity']:<9} {alert['type']:<20} since {_moment(alert['since'])}  {alert['message']}"
        for alert in document["alerts"]
    ]
    return "\n".join(lines)


def events(store: Store) -> list[dict[str, Any]]:
    """Return the alert events that are kept, oldest first."""
    names = ("time", "host", "event", "type", "subject", "severity", "message", "value")
    return [
        {name: row[name] for name in names} for row in store.rows("SELECT * FROM alert_events ORDER BY id")
    ]


def open_events(store: Store) -> list[dict[str, Any]]:
    """Return the alerts that are open now, oldest first."""
    return [_alert(row) for row in alerts.open_alerts(store)]


def events_table(listed: list[dict[str, Any]]) -> str:
    """Return events or open alerts as text for a terminal."""
    if not listed:
        return "no alerts"
    return "\n".join(
        f"{_moment(item.get('time', item.get('since', 0)))}  {item.get('event', 'open'):<8}"
        f" {item['severity']:<9} {item['type']:<20} {item['message']}"
        for item in listed
    )


def _alert(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("type", "subject", "severity", "message", "value", "since")}


def _sample(row: Row) -> dict[str, Any]:
    names = ("time", "host", "cpu_percent", "memory_percent", "memory_used_mb", "memory_total_mb")
    document = {name: row[name] for name in names}
    document["load"] = [row["load_1"], row["load_5"], row["load_15"]]
    document["disks"] = json.loads(row["disks"])
    document["network_received_bytes"] = row["network_received_bytes"]
    document["network_sent_bytes"] = row["network_sent_bytes"]
    document["health"] = {
        "ok": None if row["health_ok"] is None else bool(row["health_ok"]),
        "status": row["health_status"],
        "response_ms": row["response_ms"],
        "error": row["health_error"],
        "body": None if row["health_body"] is None else json.loads(row["health_body"]),
    }
    document["containers"] = None if row["containers"] is None else json.loads(row["containers"])
    document["containers_error"] = row["containers_error"]
    return document


def _health(sample: dict[str, Any]) -> str:
    health = sample["health"]
    if health["ok"] is None:
        return "not checked"
    elapsed = _figure(health["response_ms"], " ms")
    return f"ok in {elapsed}" if health["ok"] else f"FAILS: {health['error']}"


def _container_lines(sample: dict[str, Any]) -> list[str]:
    if sample["containers"] is None:
        return ["containers   not watched"]
    if sample["containers_error"]:
        return [f"containers   {sample['containers_error']}"]
    lines = [f"containers   {len(sample['containers'])}"]
    for item in sample["containers"]:
        lines.append(
            f"  {item['name']:<36} {item['state']:<10} {item['health']:<9}"
            f" {_figure(item['cpu_percent'], '%'):>7} {_figure(item['memory_mb'], ' MB'):>10}"
            f" {_figure(item['memory_percent'], '%'):>7}"
        )
    return lines


def _figure(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.1f}{unit}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
