"""The report as a document of plain values: what `--json` prints and the table and the page are made of."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, NamedTuple

from monitoring.logs.figures import HOUR_MS, SLOW_MS, Figures, Traffic
from monitoring.logs.histogram import quantile
from monitoring.logs.records import APP, EDGE

Document = Dict[str, Any]

ENDPOINTS = 50
ERRORS = 30
QUERIES = 20
USERS = 50


class Origin(NamedTuple):
    """Where the figures come from; `since_ms` is 0 when everything was counted."""

    engine: str
    files: list[str]
    problems: list[str]
    since_ms: int
    until_ms: int


def build(figures: Figures, origin: Origin) -> Document:
    """Return the report. Times are UTC in ISO 8601, durations ms, rates percent.

    Requests are those that Nginx saw; those that the application saw when there is no log of Nginx.
    """
    seen_by = EDGE if any(seen == EDGE for _hour, seen in figures.hours) else APP
    hours = {hour: traffic for (hour, seen), traffic in figures.hours.items() if seen == seen_by}
    total = Traffic()
    for traffic in hours.values():
        total.merge(traffic)
    return {
        "source": {
            "engine": origin.engine,
            "files": origin.files,
            "problems": origin.problems,
            "since": iso(origin.since_ms) if origin.since_ms else None,
            "until": iso(origin.until_ms),
        },
        "entries": figures.entries,
        "broken_lines": figures.broken,
        "requests": _requests(figures, seen_by, total),
        "hours": _hours(figures, hours, origin),
        "errors": _errors(figures),
        "slow_requests": _slow(figures, seen_by, total),
        "slow_queries": _queries(figures),
        "users": _users(figures),
    }


def iso(time_ms: int) -> str:
    moment = datetime.fromtimestamp(time_ms / 1000, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _requests(figures: Figures, seen_by: str, total: Traffic) -> Document:
    methods: dict[str, int] = {}
    rows = []
    for (seen, method, endpoint), traffic in figures.endpoints.items():
        if seen == seen_by:
            methods[method] = methods.get(method, 0) + traffic.requests
            rows.append({"method": method, "endpoint": endpoint, **_traffic(traffic)})
    rows.sort(key=lambda row: (-row["requests"], row["method"], row["endpoint"]))
    return {
        "seen_by": "nginx" if seen_by == EDGE else "app",
        **_traffic(total),
        "by_status": {str(status): total.statuses[status] for status in sorted(total.statuses)},
        "by_method": {
            name: methods[name] for name in sorted(methods, key=lambda name: (-methods[name], name))
        },
        "endpoints": len(rows),
        "by_endpoint": rows[:ENDPOINTS],
    }


def _traffic(traffic: Traffic) -> Document:
    requests = traffic.requests
    server = traffic.answered(5)
    return {
        "requests": requests,
        "errors_4xx": traffic.answered(4),
        "errors_5xx": server,
        "error_rate_percent": round(100 * server / requests, 3) if requests else 0.0,
        "average_ms": round(traffic.sum_ms / traffic.timed, 1) if traffic.timed else None,
        "p50_ms": quantile(traffic.histogram, 0.5),
        "p95_ms": quantile(traffic.histogram, 0.95),
        "p99_ms": quantile(traffic.histogram, 0.99),
        "slow": traffic.slow,
        "bytes": traffic.bytes,
    }


def _hours(figures: Figures, hours: dict[int, Traffic], origin: Origin) -> list[Document]:
    """Every hour of the time asked for, those without anything too."""
    known = [*hours, *figures.error_hours]
    if not known:
        return []
    first = origin.since_ms // HOUR_MS if origin.since_ms else min(known)
    last = max(origin.until_ms // HOUR_MS, *known) if origin.since_ms else max(known)
    rows = []
    for hour in range(first, last + 1) if last - first < 24 * 400 else sorted(set(known)):
        traffic = hours.get(hour) or Traffic()
        rows.append(
            {
                "hour": iso(hour * HOUR_MS),
                "requests": traffic.requests,
                "errors_4xx": traffic.answered(4),
                "errors_5xx": traffic.answered(5),
                "p95_ms": quantile(traffic.histogram, 0.95),
                "errors": figures.error_hours.get(hour, 0),
            }
        )
    return rows


def _errors(figures: Figures) -> Document:
    types: dict[str, int] = {}
    groups: list[Document] = []
    for (source, kind, message), group in figures.errors.items():
        types[kind] = types.get(kind, 0) + group.count
        groups.append(
            {
                "count": group.count,
                "type": kind,
                "source": source,
                "message": message,
                "first": iso(group.first_ms),
                "last": iso(group.last_ms),
                "sample": group.sample,
            }
        )
    groups.sort(key=lambda row: (-row["count"], row["type"], row["source"], row["message"]))
    return {
        "total": sum(types.values()),
        "warnings": figures.warnings,
        "by_type": {name: types[name] for name in sorted(types, key=lambda name: (-types[name], name))},
        "groups": len(groups),
        "most_frequent": groups[:ERRORS],
    }


def _slow(figures: Figures, seen_by: str, total: Traffic) -> Document:
    return {
        "above_ms": SLOW_MS,
        "total": total.slow,
        "slowest": [
            {
                "time": iso(time_ms),
                "ms": -minus_ms,
                "method": method,
                "endpoint": endpoint,
                "path": path,
                "status": status,
            }
            for minus_ms, time_ms, method, path, status, endpoint in figures.slow_list(seen_by).rows()
        ],
    }


def _queries(figures: Figures) -> Document:
    rows: list[Document] = [
        {
            "statement": statement,
            "count": group.count,
            "average_ms": round(group.sum_ms / group.count, 1),
            "most_ms": group.most_ms,
            "last": iso(group.last_ms),
        }
        for statement, group in figures.queries.items()
    ]
    rows.sort(key=lambda row: (-row["most_ms"], row["statement"]))
    return {"total": sum(group.count for group in figures.queries.values()), "slowest": rows[:QUERIES]}


def _users(figures: Figures) -> list[Document]:
    users: dict[str, dict[str, int]] = {}
    for (user, action), count in figures.actions.items():
        users.setdefault(user, {})[action] = count
    rows: list[Document] = [
        {
            "user": user,
            "total": sum(actions.values()),
            "actions": {
                name: actions[name] for name in sorted(actions, key=lambda name: (-actions[name], name))
            },
        }
        for user, actions in users.items()
    ]
    rows.sort(key=lambda row: (-row["total"], row["user"]))
    return rows[:USERS]
