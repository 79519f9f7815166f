"""Lines as Nginx and the application write them, made to order: for tests and the benchmark."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36"
)
USERS = [f"user{number:02d}" for number in range(40)]
ACTIONS = ["login", "upload", "download", "export", "view"]
START = 1_763_942_400.0
ROUTES = [
    ("GET", "/api/documents?page={n}&size=20"),
    ("GET", "/api/documents/{id}"),
    ("GET", "/api/documents/{id}/download"),
    ("POST", "/api/upload"),
    ("GET", "/api/jobs/{id}"),
    ("GET", "/api/jobs?page={n}"),
    ("GET", "/api/me"),
    ("GET", "/"),
    ("GET", "/static/index-{id}.js"),
    ("GET", "/static/index-{id}.css"),
]


def nginx_line(
    time: float,
    uri: str = "/api/documents",
    method: str = "GET",
    status: int = 200,
    ms: int = 12,
    size: int = 512,
    user: str = "",
    agent: str = AGENT,
    identity: str = "0" * 32,
) -> bytes:
    """One line of Nginx's format `structured` (templates/nginx/snippets/log-format.conf.j2), with its end."""
    stamp = datetime.fromtimestamp(time, UTC)
    return (
        f'{{"time":"{stamp:%Y-%m-%dT%H:%M:%S}+00:00","timestamp":{time:.3f},"request_id":"{identity}",'
        f'"client":"203.0.113.{int(time) % 250}","user":"{user}","method":"{method}","scheme":"https",'
        f'"host":"docs.example.com","uri":"{uri}","request":"{method} {uri} HTTP/2.0","protocol":"HTTP/2.0",'
        f'"status":{status},"bytes":{size},"request_bytes":310,"referrer":"https://docs.example.com/",'
        f'"agent":"{agent}","forwarded_for":"","request_time":{ms / 1000:.3f},'
        f'"upstream_time":"{ms / 1000:.3f}",'
        f'"upstream_connect_time":"0.000","upstream_status":"{status}","tls":"TLSv1.3"}}\n'
    ).encode()


def combined_line(
    time: float,
    uri: str = "/",
    method: str = "GET",
    status: int = 200,
    size: int = 512,
    user: str = "-",
    rest: str = "",
) -> bytes:
    stamp = datetime.fromtimestamp(time, UTC)
    request = f"{method} {uri} HTTP/1.1"
    return (
        f'203.0.113.9 - {user} [{stamp:%d/%b/%Y:%H:%M:%S} +0000] "{request}" {status} {size}'
        f' "-" "{AGENT}"{rest}\n'
    ).encode()


def app_line(
    time: float,
    event: str,
    message: str = "",
    level: str = "INFO",
    error: tuple[str, str] | None = None,
    **fields: object,
) -> bytes:
    """One line as app/logs.py formats it, with its end."""
    line: dict[str, object] = {
        "ts": datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "logger": "app",
        "event": event,
        "message": message,
        "request_id": None,
        **fields,
    }
    if error:
        line["error"] = {"type": error[0], "message": error[1], "traceback": "Traceback ..."}
    return (json.dumps(line, ensure_ascii=False) + "\n").encode()


def app_request(time: float, **fields: object) -> bytes:
    values: dict[str, Any] = {
        "user": "anna", "action": "view", "method": "GET", "endpoint": "/api/documents/{document_id}",
        "path": "/api/documents/7", "status": 200, "duration_ms": 12.34, "bytes": 512,
    }  # fmt: skip
    return app_line(time, "request", "GET /api/documents/7 200", **{**values, **fields})


def traffic(count: int, seconds: float, seed: int = 1, start: float = START) -> Iterator[bytes]:
    """`count` lines of Nginx over `seconds`: usual routes, 4 % scanners, 1 % errors, a long tail."""
    chance = random.Random(seed)
    for number in range(count):
        identity = f"{chance.getrandbits(128):032x}"
        method, route = ROUTES[min(int(chance.expovariate(0.35)), len(ROUTES) - 1)]
        uri = route.format(id=identity[:12], n=number % 30)
        roll = chance.random()
        status = 200
        if roll < 0.04:
            method, uri, status = "GET", f"/{identity[:6]}/wp-login-{number}.php", 404
        elif roll < 0.05:
            status = chance.choice((500, 502, 504, 429, 401))
        ms = min(60_000, int(chance.lognormvariate(3.2, 1.1)))
        size = chance.randrange(200, 40_000)
        yield nginx_line(start + seconds * number / count, uri, method, status, ms, size, identity=identity)
