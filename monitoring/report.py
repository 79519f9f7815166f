"""What `monitoring status`, `alerts` and `top` show: a document for machines, a table for people."""

from __future__ import annotations

import json
import time
from typing import Any

from monitoring import alerts, notify, silences
from monitoring.collectors.processes import Process
from monitoring.config import AlertsConfig
from monitoring.publish import waiting
from monitoring.store import Row, Store
from monitoring.terminal import PLAIN, Paint

STALE_SECONDS = 300

EXIT_WELL = 0
EXIT_ALERTS = 1
EXIT_NO_DATA = 2


def status(store: Store, now: float, settings: AlertsConfig | None = None) -> dict[str, Any]:
    """Return the newest sample, the open alerts, what is silenced, and what waits for Redis and the channels.

    `state` is "ok", "alerts", or "stale" when the newest sample is missing or older than five minutes.
    """
    row = store.last_sample()
    firing = [_alert(alert) for alert in alerts.open_alerts(store)]
    age = None if row is None else now - row["time"]
    fresh = age is not None and age <= STALE_SECONDS
    state = ("alerts" if firing else "ok") if fresh else "stale"
    redis = store.note("redis") or {"error": ""}
    held = silences.Silences(()) if settings is None else silences.current(store, settings, now)
    waits = store.row("SELECT count(*) AS n FROM outbox")
    return {
        "state": state,
        "age_seconds": None if age is None else round(age),
        "sample": None if row is None else _sample(row),
        "alerts": firing,
        "pending": [
            {**_alert(row), "since": row["contrary_since"], "silenced": held.covers(row["type"], now)}
            for row in alerts.pending(store)
        ],
        "silences": [item._asdict() for item in held.items],
        "channels": {"failing": notify.failing(store), "waiting": 0 if waits is None else waits["n"]},
        "redis": {"error": redis["error"], "waiting": waiting(store)},
    }


def exit_status(document: dict[str, Any]) -> int:
    """Return 0 when all is well, 1 with open alerts, 2 without a fresh sample."""
    return {"ok": EXIT_WELL, "alerts": EXIT_ALERTS}.get(document["state"], EXIT_NO_DATA)


def status_table(document: dict[str, Any], paint: Paint = PLAIN) -> str:
    """Return the document as text for a terminal."""
    sample = document["sample"]
    if sample is None:
        return "no sample yet: is the timer running?"
    loads = " ".join(_figure(load, "") for load in sample["load"])
    more = sample["system"]
    steal = _figure(more.get("cpu_steal_percent"), "%")
    lines = [
        f"host         {sample['host']}   state {paint.state(document['state'])}"
        f"   sample {_moment(sample['time'])} ({document['age_seconds']} s ago)",
        f"cpu          {_figure(sample['cpu_percent'], '%')}   steal {steal}"
        f"   iowait {_figure(more.get('cpu_iowait_percent'), '%')}   load {loads}",
        f"memory       {_figure(sample['memory_percent'], '%')}   {_figure(sample['memory_used_mb'], ' MB')}"
        f" of {_figure(sample['memory_total_mb'], ' MB')}   swap {_figure(more.get('swap_percent'), '%')}",
    ]
    lines += [
        f"disk         {_figure(disk['percent'], '%')}   inodes {_figure(disk.get('inodes_percent'), '%')}"
        f"   {disk['path']}"
        for disk in sample["disks"]
    ]
    if more.get("pressure"):
        shown = "   ".join(f"{name} {_figure(value, '%')}" for name, value in more["pressure"].items())
        lines.append(f"pressure     {shown}")
    lines.append(f"health       {_health(sample)}")
    lines += _part_lines(sample)
    lines += _container_lines(sample)
    redis = document["redis"]
    lines.append(f"to redis     {redis['error'] or 'ok'}, {redis['waiting']} waiting")
    channels = document["channels"]
    for name, error in channels["failing"].items():
        lines.append(f"channel      {paint.state('warning')} {name}: {error}")
    lines += [f"silence     {silences.shown(silences.Silence(**item))}" for item in document["silences"]]
    lines.append(f"open alerts  {len(document['alerts'])}")
    lines += [
        f"  {paint.state(alert['severity'], 9)} {alert['type']:<20}"
        f" since {_moment(alert['since'])}  {alert['message']}"
        for alert in document["alerts"]
    ]
    lines += [
        f"  {paint.state('silenced' if alert['silenced'] else 'not yet', 9)} {alert['type']:<20}"
        f" since {_moment(alert['since'])}  {alert['message']}"
        for alert in document["pending"]
    ]
    return "\n".join(lines)


def _part_lines(sample: dict[str, Any]) -> list[str]:
    """Return the lines of what is watched beside the host: only of what is there."""
    parts = sample["parts"]
    lines = []
    nginx, queue, database = parts.get("nginx"), parts.get("queue"), parts.get("database")
    if nginx:
        lines.append(
            f"nginx        {nginx['requests']} requests in {_figure(nginx['seconds'], ' s')}"
            f"   5xx {_figure(nginx['error_rate'], '%')}   p95 {_figure(nginx['p95_ms'], ' ms')}"
        )
    if queue:
        lines.append(
            f"queue        {queue['length']} waiting, oldest {_figure(queue['oldest_seconds'], ' s')},"
            f" {queue['started']} running, {queue['failed']} failed, {queue['workers']} workers"
        )
    for name, redis in (parts.get("redis") or {}).items():
        trouble = redis["error"] or redis["persistence"] or "ok"
        lines.append(f"redis        {name}: {trouble}, {_figure(redis['memory_percent'], '%')} of its memory")
    if database:
        lines.append(
            f"database     {_figure(database['size_mb'], ' MB')}, log {_figure(database['wal_mb'], ' MB')},"
            f" checked {_moment(database['checked']) if database['checked'] else 'never'}"
        )
    return lines


def top_document(by_memory: list[Process], by_cpu: list[Process]) -> dict[str, Any]:
    """Return the largest processes and the busiest."""
    return {
        "memory": [item._asdict() for item in by_memory],
        "cpu": [item._asdict() for item in by_cpu],
    }


def top_table(document: dict[str, Any]) -> str:
    """Return both lists as text for a terminal."""
    lines = []
    for title, name in (("by memory", "memory"), ("by CPU", "cpu")):
        lines.append(f"{title:<10} {'pid':>8} {'memory':>10} {'cpu':>8}  {'user':<16} name")
        lines += [
            f"{'':<10} {item['pid']:>8} {item['memory_mb']:>7.1f} MB {item['cpu_percent']:>6.1f} %"
            f"  {item['user']:<16} {item['name']}"
            for item in document[name]
        ]
    return "\n".join(lines)


def checks_table(document: dict[str, Any], paint: Paint = PLAIN) -> str:
    """Return the checks as text for a terminal: what is not well, with the command to type next."""
    lines = [f"{document['host']}: {paint.state(document['status'])}"]
    for item in document["checks"]:
        about = f"{item['check']} {item['subject']}".strip()
        lines.append(
            f"  {paint.state(item['status'], 9)} {about:<58} {item['value']:>12} {item['limit']:>10}"
            + (f"  {item['message']}\n{'':<12}next: {item['next']}" if item["next"] else "")
        )
    return "\n".join(lines)


def events(store: Store) -> list[dict[str, Any]]:
    """Return the alert events that are kept, oldest first."""
    names = ("time", "host", "event", "type", "subject", "severity", "message", "value", "details")
    return [
        {name: row[name] for name in names} for row in store.rows("SELECT * FROM alert_events ORDER BY id")
    ]


def open_events(store: Store) -> list[dict[str, Any]]:
    """Return the alerts that are open now, oldest first."""
    return [_alert(row) for row in alerts.open_alerts(store)]


def events_table(listed: list[dict[str, Any]], paint: Paint = PLAIN) -> str:
    """Return events or open alerts as text for a terminal."""
    if not listed:
        return "no alerts"
    return "\n".join(
        f"{_moment(item.get('time', item.get('since', 0)))}  {item.get('event', 'open'):<8}"
        f" {paint.state(item['severity'], 9)} {item['type']:<20} {item['message']}"
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
    parts = json.loads(row["parts"])
    document["system"] = parts.pop("system", {})
    document["parts"] = parts
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
