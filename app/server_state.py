"""What monitoring wrote to Redis, put together for the system page. The keys: docs/monitoring.md."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

CURRENT_KEY = "monitoring:current"
ALERTS_KEY = "monitoring:alerts"
SAMPLE_SECONDS = 60
# Samples come each minute; a longer span is shown in steps that are averages.
FINE_HOURS = 24
SILENT_AFTER_SECONDS = 300
SHOWN_ALERTS = 200


def _path(*names: str | int) -> Callable[[dict[str, Any]], float | None]:
    def read(sample: dict[str, Any]) -> float | None:
        value: Any = sample
        for name in names:
            try:
                value = value[name]
            except (KeyError, IndexError, TypeError):
                return None
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    return read


def _fullest_disk(sample: dict[str, Any]) -> float | None:
    disks = (sample.get("system") or {}).get("disks") or []
    return max((percent for disk in disks if (percent := _path("percent")(disk)) is not None), default=None)


_FIGURES: dict[str, Callable[[dict[str, Any]], float | None]] = {
    "cpu": _path("system", "cpu_percent"),
    "memory": _path("system", "memory_percent"),
    "disk": _fullest_disk,
    "load": _path("system", "load", 0),
    "response_ms": _path("health", "response_ms"),
    "error_rate": _path("nginx", "error_rate"),
    "queue": _path("queue", "length"),
}


def read(redis: Redis, hours: int, present: float | None = None) -> dict[str, Any]:
    """Series, alerts, backup, rehearsal and the monitor. Without Redis: empty, and the monitor is silent."""
    present = time.time() if present is None else present
    step = SAMPLE_SECONDS * -(-hours // FINE_HOURS)
    try:
        current = _document(redis.get(CURRENT_KEY)) or {}
        series = _series(_samples(redis, hours, present), step)
        events = [event for raw in redis.lrange(ALERTS_KEY, -5000, -1) if (event := _document(raw))]
    except RedisError as error:
        log.warning("what monitoring stored cannot be read: %s", type(error).__name__)
        current, series, events = {}, _series(iter(()), step), []
    last = current.get("time")
    silent_after = current.get("silent_after_seconds", SILENT_AFTER_SECONDS)
    return {
        "series": series,
        "alerts": _alerts(events, current),
        "backup": current.get("backup"),
        "rehearsal": current.get("rehearsal"),
        "monitor": {"last_sample": last, "silent": last is None or last < present - silent_after},
    }


def _document(raw: object) -> dict[str, Any] | None:
    try:
        found = json.loads(raw) if isinstance(raw, (bytes, str)) else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _samples(redis: Redis, hours: int, present: float) -> Iterator[dict[str, Any]]:
    oldest = present - hours * 3600
    hour = oldest // 3600 * 3600
    while hour <= present:
        key = time.strftime("monitoring:samples:%Y%m%d%H", time.gmtime(hour))
        for raw in redis.lrange(key, 0, -1):
            sample = _document(raw)
            if sample is not None and oldest < sample.get("time", 0) <= present + SAMPLE_SECONDS:
                yield sample
        hour += 3600


def _series(samples: Iterator[dict[str, Any]], step: int) -> dict[str, Any]:
    sums: dict[int, dict[str, tuple[float, int]]] = {}
    for sample in samples:
        slot = sums.setdefault(int(sample["time"]) // step * step, {})
        for name, figure in _FIGURES.items():
            value = figure(sample)
            if value is not None:
                total, count = slot.get(name, (0.0, 0))
                slot[name] = (total + value, count + 1)
    times = sorted(sums)
    lines = {name: [_mean(sums[moment].get(name)) for moment in times] for name in _FIGURES}
    return {"step_seconds": step, "times": times, **lines}


def _mean(found: tuple[float, int] | None) -> float | None:
    return None if found is None else round(found[0] / found[1], 2)


def _alerts(events: list[dict[str, Any]], current: dict[str, Any]) -> list[dict[str, Any]]:
    """Newest first: what holds now, then what is over."""
    standing = [_alert(alert, alert.get("since"), None) for alert in current.get("alerts") or []]
    lasting = {(alert.get("type"), alert.get("subject")) for alert in current.get("alerts") or []}
    begun: dict[tuple[Any, Any], dict[str, Any]] = {}
    over: list[dict[str, Any]] = []
    for event in events:
        key = (event.get("type"), event.get("subject"))
        if event.get("event") == "resolved":
            first = begun.pop(key, None)
            if first is not None:
                over.append(_alert(first, first["time"], event["time"]))
        else:
            first = begun.get(key)
            begun[key] = {**event, "time": first["time"] if first else event["time"]}
    if not current:
        # Nothing says what holds now: what was not resolved is taken to last.
        standing = [_alert(first, first["time"], None) for key, first in begun.items() if key not in lasting]
    ordered = sorted(standing, key=lambda alert: alert["since"], reverse=True)
    return (ordered + sorted(over, key=lambda alert: alert["since"], reverse=True))[:SHOWN_ALERTS]


def _alert(found: dict[str, Any], since: Any, until: Any) -> dict[str, Any]:
    return {
        "type": str(found.get("type", "")),
        "severity": str(found.get("severity", "")),
        "message": str(found.get("message", "")),
        "since": since or 0,
        "until": until,
    }
