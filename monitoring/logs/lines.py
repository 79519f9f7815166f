"""What one line means: Nginx's JSON, the application's JSON, the classic combined format, Nginx's error
log.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any, Union

from monitoring.logs.endpoints import endpoint_of, method_of, path_of
from monitoring.logs.messages import clean
from monitoring.logs.records import APP, EDGE, Event, Request, SlowQuery

Record = Union[Request, Event, SlowQuery]

FORMATS = ("auto", "json", "combined")
# A longer line is broken: nothing that the service writes comes near.
LINE_BYTES = 64 * 1024
# 2001 to 2099: what lies outside is no time stamp.
EARLIEST_MS = 978_307_200_000
LATEST_MS = 4_070_908_800_000
LONGEST_MS = 10_000_000
MOST_BYTES = 1 << 50
USER_CHARACTERS = 64
NO_USER = "-"

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_TIME = r"([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"
# The request in quotes may hold anything, quotes too: an escaped one, or garbage that was no HTTP.
_COMBINED = re.compile(
    r"(?P<client>\S+) \S+ (?P<user>.*?) \[" + _TIME + r"\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>[0-9]{3}) (?P<bytes>[0-9]{1,15}|-)'
    r'(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"(?P<rest>.*))?',
    re.DOTALL,
)
# A format that goes on after the user agent: the first plain number of seconds is the request's time.
SECONDS = r"(?:^|[ =])([0-9]{1,4}\.[0-9]{3})(?:[ ,]|$)"
_SECONDS = re.compile(SECONDS)
_ERROR_LOG = re.compile(
    r"([0-9]{4})/([0-9]{2})/([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) \[([a-z]+)\]"
    r" [0-9]+#[0-9]+: (?:\*[0-9]+ )?(.*)",
    re.DOTALL,
)
_ERROR_CONTEXT = re.compile(r", (?:client|server|request|upstream|host|referrer): ")
_ERROR_LEVELS = {
    "debug": "DEBUG",
    "info": "INFO",
    "notice": "INFO",
    "warn": "WARNING",
    "error": "ERROR",
    "crit": "CRITICAL",
    "alert": "CRITICAL",
    "emerg": "CRITICAL",
}
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class _BrokenError(Exception):
    pass


def parse(line: bytes, form: str = "auto") -> Record | None:
    """Return what the line (without its end) says, or None when it is broken. Never raises."""
    if len(line) > LINE_BYTES:
        return None
    text = line.decode("utf-8", "replace")
    try:
        if form != "combined" and text.startswith("{"):
            return _json(text)
        if form == "json":
            return None
        if form == "auto" and text[4:5] == "/":
            return _error_log(text)
        return _combined(text)
    except (_BrokenError, ValueError, OverflowError, RecursionError):
        return None


def _json(text: str) -> Record:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise _BrokenError
    if "request_time" in document:
        return _nginx(document)
    if "level" in document:
        return _app(document)
    raise _BrokenError


def _nginx(found: dict[str, Any]) -> Request:
    time_ms = _milliseconds(_number(found, "timestamp"))
    status = int(_number(found, "status"))
    seconds = _number(found, "request_time")
    size = int(_number(found, "bytes"))
    if not 0 <= status <= 999 or not 0 <= size <= MOST_BYTES:
        raise _BrokenError
    return _request(
        EDGE, time_ms, _text(found, "method"), _text(found, "uri"), status, _duration(seconds * 1000), size,
        _text(found, "user"),
    )  # fmt: skip


def _app(found: dict[str, Any]) -> Record:
    time_ms = _iso(_text(found, "ts"))
    level = _text(found, "level")
    event = _text(found, "event")
    if level not in _LEVELS:
        raise _BrokenError
    if event == "request":
        return _app_request(found, time_ms)
    if event == "slow_query":
        statement = " ".join(clean(_text(found, "statement")).split())
        return SlowQuery(time_ms, _duration(_number(found, "duration_ms")), statement)
    error = found.get("error")
    message = _text(found, "message")
    kind = event
    if isinstance(error, dict):
        kind = _text(error, "type") or kind
        message = f"{message}: {_text(error, 'message')}"
    return Event(
        clean(_text(found, "logger"), 100), time_ms, level, clean(kind, 100), clean(message),
        _person(_text(found, "user")), _action(_text(found, "action")),
    )  # fmt: skip


def _app_request(found: dict[str, Any], time_ms: int) -> Request:
    status = int(_number(found, "status"))
    size = int(_number(found, "bytes"))
    if not 0 <= status <= 999 or not 0 <= size <= MOST_BYTES:
        raise _BrokenError
    endpoint = _text(found, "endpoint")
    return Request(
        origin=APP,
        time_ms=time_ms,
        method=method_of(_text(found, "method")),
        # The application names the route; where it has none, the answer decides as at the edge.
        endpoint=clean(endpoint, 200) if endpoint.startswith("/") else endpoint_of("", status),
        path=clean(path_of(_text(found, "path"))),
        status=status,
        ms=_duration(_number(found, "duration_ms")),
        bytes=size,
        user=_person(_text(found, "user")),
        action=_action(_text(found, "action")),
    )


def _combined(text: str) -> Request:
    found = _COMBINED.match(text)
    if found is None:
        raise _BrokenError
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()[2:11]
    when = (int(year), _MONTHS.get(month, 0), int(day), int(hour), int(minute), int(second))
    zone = (int(zone_hours) * 60 + int(zone_minutes)) * (60 if sign == "+" else -60)
    words = found["request"].split(" ")
    is_http = len(words) == 3 and words[2].startswith("HTTP/")
    seconds = _SECONDS.search(found["rest"] or "")
    status = int(found["status"])
    return _request(
        EDGE,
        _milliseconds(_utc(*when) - zone),
        words[0] if is_http else "",
        words[1] if is_http else "",
        status,
        _duration(float(seconds[1]) * 1000) if seconds else None,
        0 if found["bytes"] == "-" else int(found["bytes"]),
        found["user"],
    )


def _error_log(text: str) -> Event:
    found = _ERROR_LOG.match(text)
    if found is None or found[7] not in _ERROR_LEVELS:
        raise _BrokenError
    # Nginx writes it in its own zone, which in the container is UTC.
    message = _ERROR_CONTEXT.split(found[8], 1)[0]
    return Event(
        "nginx",
        _milliseconds(_utc(*(int(part) for part in found.groups()[:6]))),
        _ERROR_LEVELS[found[7]],
        f"nginx {found[7]}",
        clean(message),
    )


def _request(
    origin: str, time_ms: int, method: str, uri: str, status: int, ms: int | None, size: int, user: str
) -> Request:
    path = clean(path_of(uri))
    return Request(
        origin,
        time_ms,
        method_of(method),
        endpoint_of(path, status),
        path,
        status,
        ms,
        size,
        _person(user),
        "",
    )


def _person(user: str) -> str:
    return "" if user == NO_USER else clean(user, USER_CHARACTERS)


def _action(action: str) -> str:
    return clean(action, USER_CHARACTERS)


def _number(found: dict[str, Any], key: str) -> float:
    value = found.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _BrokenError
    return value


def _text(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _BrokenError
    return value


def _milliseconds(seconds: float) -> int:
    time_ms = round(seconds * 1000)
    if not EARLIEST_MS <= time_ms < LATEST_MS:
        raise _BrokenError
    return time_ms


def _duration(ms: float) -> int:
    if not 0 <= ms < LONGEST_MS:
        raise _BrokenError
    return int(ms + 0.5)


def _utc(year: int, month: int, day: int, hour: int, minute: int, second: int) -> float:
    """Return seconds since the epoch. Raises ValueError when there is no such moment."""
    return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc).timestamp()


def _iso(text: str) -> int:
    stamp = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    if stamp.tzinfo is None:
        raise _BrokenError
    return _milliseconds(stamp.timestamp())
