"""Counts logs slowly and plainly, from the definition of the formats and not with the code under test.

It keeps every record and sorts; percentiles are exact.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from datetime import datetime
from typing import Any

COMBINED = re.compile(
    rb'^(\S+) \S+ (.*?) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)'
    rb'(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"(.*))?', re.DOTALL,
)  # fmt: skip
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}


class Broken(Exception):  # noqa: N818 - the lines' own word
    pass


def count(data: bytes) -> dict[str, Any]:
    """The figures of all lines in `data`."""
    found: list[dict[str, Any]] = []
    broken = 0
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            if len(line) > 65536:
                raise Broken
            found.append(json_record(line) if line.startswith(b"{") else combined_record(line))
        except (Broken, ValueError, KeyError, TypeError, RecursionError, OverflowError):
            broken += 1
    requests = [record for record in found if record["kind"] == "edge"] or [
        record for record in found if record["kind"] == "app"
    ]
    durations = sorted(record["ms"] for record in requests if record["ms"] is not None)
    errors = [record for record in found if record.get("level") in ("ERROR", "CRITICAL")]
    queries = [record for record in found if record["kind"] == "query"]
    return {
        "entries": len(found),
        "broken": broken,
        "requests": len(requests),
        "bytes": sum(record["bytes"] for record in requests),
        "statuses": dict(Counter(str(record["status"]) for record in requests)),
        "hours": dict(Counter(record["time"] // 3600 for record in requests)),
        "endpoints": dict(Counter((record["method"], record["endpoint"]) for record in requests)),
        "slow": sum(1 for record in requests if record["ms"] is not None and record["ms"] > 2000),
        "slowest": [ms for ms in reversed(durations) if ms > 2000][:20],
        "average": round(sum(durations) / len(durations), 1) if durations else None,
        "quantiles": [quantile(durations, share) for share in (0.5, 0.95, 0.99)],
        "errors": len(errors),
        "error_types": dict(Counter(record["type"] for record in errors)),
        "queries": dict(Counter(record["statement"] for record in queries)),
        "actions": dict(
            Counter(
                (record["user"], record["action"])
                for record in found if record.get("user") and record.get("action")
            )
        ),
    }  # fmt: skip


def quantile(durations: list[int], share: float) -> int | None:
    return durations[max(1, math.ceil(share * len(durations))) - 1] if durations else None


def json_record(line: bytes) -> dict[str, Any]:
    document = json.loads(line.decode("utf-8", "replace"))
    if "request_time" in document:
        for key in ("timestamp", "status", "bytes", "request_time"):
            if type(document[key]) not in (int, float) or not document[key] < 1e16 or document[key] < 0:
                raise Broken
        for key in ("method", "uri", "user"):
            if document.get(key) is not None and not isinstance(document[key], str):
                raise Broken
        if not 978307200 <= document["timestamp"] < 4070908800 or document["status"] > 999:
            raise Broken
        return request(
            document["timestamp"], document.get("method") or "", document.get("uri") or "",
            document["status"],
            document["bytes"], int(document["request_time"] * 1000 + 0.5), document.get("user") or "",
        )  # fmt: skip
    time = int(datetime.fromisoformat(document["ts"]).timestamp())
    if document["level"] not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise Broken
    if document.get("event") == "slow_query":
        return {"kind": "query", "time": time, "statement": " ".join(document["statement"].split())}
    user = document.get("user") or ""
    if document.get("event") != "request":
        kind = (document.get("error") or {}).get("type") or document.get("event")
        return {"kind": "event", "time": time, "level": document["level"], "type": kind, "user": user,
                "action": document.get("action")}  # fmt: skip
    status = document["status"]
    refused = " (refused)" if status in (401, 403) else ""
    return {
        "kind": "app", "time": time, "method": document["method"], "endpoint": document["endpoint"],
        "status": status,
        "bytes": document["bytes"], "ms": int(document["duration_ms"] + 0.5), "user": user,
        "action": (document.get("action") or document["method"]) + refused,
    }  # fmt: skip


def combined_record(line: bytes) -> dict[str, Any]:
    found = COMBINED.match(line)
    if not found:
        raise Broken
    time = datetime.strptime(found[3].decode(), "%d/%b/%Y:%H:%M:%S %z").timestamp()
    words = found[4].decode("utf-8", "replace").split(" ")
    http = len(words) == 3 and words[2].startswith("HTTP/")
    seconds = re.search(
        r"(?:^|[ =])([0-9]{1,4}\.[0-9]{3})(?:[ ,]|$)", (found[7] or b"").decode("utf-8", "replace")
    )
    return request(
        time, words[0] if http else "", words[1] if http else "", int(found[5]),
        0 if found[6] == b"-" else int(found[6]), int(float(seconds[1]) * 1000 + 0.5) if seconds else None,
        found[2].decode("utf-8", "replace"),
    )  # fmt: skip


def request(
    time: float, method: str, uri: str, status: float, size: float, ms: int | None, user: str
) -> dict[str, Any]:
    status = int(status)
    method = method if method in METHODS else "(other)"
    refused = " (refused)" if status in (401, 403) else ""
    return {
        "kind": "edge", "time": round(time * 1000) // 1000, "method": method,
        "endpoint": endpoint(uri.split("?")[0], status), "status": status, "bytes": int(size), "ms": ms,
        "user": "" if user == "-" else user, "action": method + refused,
    }  # fmt: skip


def endpoint(path: str, status: int) -> str:
    """Segment by segment, as the documentation says it."""
    if status in (404, 410):
        return "(not found)"
    if status in (301, 302, 303, 307, 308):
        return "(redirect)"
    if status in (0, 400, 408, 414, 431, 444, 494, 495, 496, 497) or not path.startswith("/"):
        return "(malformed)"
    if path.startswith("/static/"):
        return "/static/*"
    if not any(character.isdigit() for character in path):
        return path
    return "/".join("{id}" if is_identifier(segment) else segment for segment in path.split("/"))


def is_identifier(segment: str) -> bool:
    hexadecimal = re.fullmatch("[0-9a-fA-F]+", segment.replace("-", "")) is not None
    uuid = re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", segment) is not None
    token = (
        len(segment) >= 60 and re.fullmatch("[A-Za-z0-9_-]+", segment) is not None and segment[0].isdigit()
    )
    return segment.isascii() and (
        segment.isdigit() or uuid or token or (hexadecimal and "-" not in segment and len(segment) >= 12)
    )
