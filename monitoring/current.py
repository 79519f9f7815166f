"""What holds now, for the service's pages; docs/monitoring.md names each field."""

from __future__ import annotations

from typing import Any

from monitoring import alerts, silences
from monitoring.config import Config
from monitoring.sample import Result, Sample
from monitoring.store import Store, compact

KEY = "monitoring:current"
NOTE = "current"
INTERVAL_SECONDS = 60
SILENT_SECONDS = 300


def document(store: Store, config: Config, sample: Sample) -> str:
    """Return the JSON text of what holds now, and keep it for the commands."""
    held = silences.current(store, config.alerts, sample.time)
    firing = [
        {
            **{name: row[name] for name in ("type", "subject", "severity", "message", "value", "since")},
            "silenced": held.covers(row["type"], sample.time),
        }
        for row in alerts.open_alerts(store)
    ]
    return compact(
        {
            "host": config.host,
            "time": int(sample.time),
            "interval_seconds": INTERVAL_SECONDS,
            "silent_after_seconds": SILENT_SECONDS,
            "alerts": firing,
            "silences": [
                {"id": item.id, "until": int(item.until), "reason": item.reason} for item in held.items
            ],
            **parts(sample),
        }
    )


def parts(sample: Sample) -> dict[str, Any]:
    """Return what changes so slowly that a sample need not carry it."""
    results = {result.kind: _result(result) for result in sample.parts.results}
    ends = [
        answer.not_after
        for answer in (sample.health, sample.parts.public)
        if answer is not None and answer.not_after is not None
    ]
    timers, updates, clock = sample.parts.timers, sample.parts.updates, sample.parts.clock
    predictions = sample.parts.predictions
    return {
        "backup": results.get("backup"),
        "rehearsal": results.get("rehearsal"),
        "certificate": None
        if not ends
        else {"days_left": (min(ends) - sample.time) / 86400, "not_after": int(min(ends))},
        "timers": None if timers is None else [item._asdict() for item in timers],
        "updates": None if updates is None else updates._asdict(),
        "clock": None if clock is None else clock._asdict(),
        "predictions": None if predictions is None else [item._asdict() for item in predictions],
    }


def _result(result: Result) -> dict[str, Any] | None:
    return None if result.status == "missing" else dict(result._asdict())
