"""Rollups, DuckDB and the plain way give what a slow reference gives, on random logs with broken lines."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from monitoring.config import parse
from monitoring.logs import duck, plain, rollups
from monitoring.logs.document import Document, Origin, build
from monitoring.logs.figures import Figures
from monitoring.logs.increment import fold
from tests.support import log_reference
from tests.support.log_lines import START, app_line, app_request, combined_line, nginx_line

PATHS = [
    "/", "/api/documents", "/api/documents/7", "/api/documents/7/9/download", "/static/app-1a2b3c4d.js",
    "/api/jobs/0f8fad5b-d9cb-469f-a165-70867728950e", "/api/documents?q=%E4%B8%AD", "/wp-login.php", "*", "",
]  # fmt: skip
BROKEN = [
    b"", b"   ", b"{", b"garbage", b'{"a":1}', b"[1]", b"{}x", b"\x00\x00", b'\xff\xfe{"',
    b'"quoted, unclosed',
    b'{"timestamp":"1","status":200,"bytes":1,"request_time":0.1}', b"GET / HTTP/1.1", b"x" * 70_000,
    b'{"timestamp":NaN,"status":200,"bytes":1,"request_time":0.1,"method":"GET","uri":"/","user":""}',
]  # fmt: skip
moments = st.integers(0, 5 * 3600_000).map(lambda ms: START + ms / 1000)
statuses = st.sampled_from([200, 200, 200, 201, 304, 301, 400, 401, 403, 404, 429, 444, 499, 500, 502, 0])
durations = st.one_of(st.integers(0, 400), st.integers(401, 9000))
users = st.sampled_from(["", "-", "anna", "li.wei", "王伟"])
methods = st.sampled_from(["GET", "POST", "DELETE", "PROPFIND"])


@st.composite
def nginx(draw: st.DrawFn) -> bytes:
    agent = draw(st.sampled_from(["curl/8", 'a \\"quoted\\" agent', "tab\\u0009", "中文"]))
    line = nginx_line(
        draw(moments), draw(st.sampled_from(PATHS)), draw(methods), draw(statuses), draw(durations),
        draw(st.integers(0, 10**7)), draw(users), agent,
    )  # fmt: skip
    # Nginx lets bytes of no UTF-8 through.
    return line.replace(b"curl/8", b"curl/\xe4\x80\xff") if draw(st.booleans()) else line


@st.composite
def combined(draw: st.DrawFn) -> bytes:
    rest = draw(st.sampled_from(["", ' "-" 0.123', ' rt=3.500 "x"', " -"]))
    path = draw(st.sampled_from([*PATHS, "/a b", '/\\"q']))
    user = draw(st.sampled_from(["-", "anna"]))
    return combined_line(
        draw(moments), path, draw(methods), draw(statuses) or 400, draw(st.integers(0, 9999)), user, rest
    )


@st.composite
def app(draw: st.DrawFn) -> bytes:
    kind = draw(st.integers(0, 5))
    when = draw(moments)
    if kind == 0:
        error = draw(
            st.sampled_from([None, ("ValueError", "no sheet 'a1'"), ("OSError", "[Errno 28]\nfull")])
        )
        return app_line(when, "job", "it failed", draw(st.sampled_from(["ERROR", "WARNING", "INFO"])), error)
    if kind == 1:
        return app_line(when, "slow_query", "slow", "WARNING", duration_ms=250.5, statement="SELECT  1")
    return app_request(
        when, user=draw(st.sampled_from([None, "anna", "王伟"])),
        action=draw(st.sampled_from([None, "login", "view"])),
        status=draw(statuses), duration_ms=draw(durations) + 0.25,
    )  # fmt: skip


def spoilt(line: bytes, cut: int) -> bytes:
    """The line without its end, as a full disk or a crash leaves it."""
    return line[: cut % len(line)].rstrip(b"\n") + b"\n"


def logs_of(good: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    broken = st.one_of(
        st.sampled_from(BROKEN).map(lambda line: line + b"\n"), st.builds(spoilt, good, st.integers(1, 700)),
        st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"") + b"\n"),
    )  # fmt: skip
    line = st.one_of(good, good, good, good, good, good, good, broken)
    return st.lists(line, max_size=40).map(b"".join)


def rolled(data: bytes) -> Figures:
    """The data folded in three steps, the second of which ends inside a line."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "access.log")
        config = parse(
            {"state_directory": directory, "health": {"enabled": False}, "docker": {"enabled": False},
             "logs": {"files": [str(log)], "rollup_days": 36500}}
        )  # fmt: skip
        log.write_bytes(b"")
        for begin, end in (
            (0, len(data) // 3),
            (len(data) // 3, 2 * len(data) // 3),
            (2 * len(data) // 3, len(data)),
        ):
            with log.open("ab") as file:
                file.write(data[begin:end])
            fold(config)
        connection = rollups.open_readonly(directory)
        figures = rollups.load(connection, 0)
        connection.close()
        return figures


def deep(data: bytes, engine: Any, name: str = "access.log") -> Figures:
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, name)
        log.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        counted = engine.count([str(log)], 0)
        assert counted.problems == []
        figures: Figures = counted.figures
        return figures


def compared(figures: Figures) -> tuple[dict[str, Any], list[float | None]]:
    document: Document = build(figures, Origin("test", [], [], 0, int(START * 1000)))
    requests = document["requests"]
    shown = {
        "entries": document["entries"],
        "broken": document["broken_lines"],
        "requests": requests["requests"],
        "bytes": requests["bytes"],
        "statuses": requests["by_status"],
        "hours": {
            hour: traffic.requests
            for (hour, origin), traffic in figures.hours.items()
            if origin == ("edge" if requests["seen_by"] == "nginx" else "app")
        },
        "endpoints": {(row["method"], row["endpoint"]): row["requests"] for row in requests["by_endpoint"]},
        "slow": document["slow_requests"]["total"],
        "slowest": [row["ms"] for row in document["slow_requests"]["slowest"]],
        "average": requests["average_ms"],
        "errors": document["errors"]["total"],
        "error_types": document["errors"]["by_type"],
        "queries": {row["statement"]: row["count"] for row in document["slow_queries"]["slowest"]},
        "actions": {
            (row["user"], action): count
            for row in document["users"]
            for action, count in row["actions"].items()
        },
    }
    return shown, [requests["p50_ms"], requests["p95_ms"], requests["p99_ms"]]


def check(figures: Figures, data: bytes) -> None:
    expected = log_reference.count(data)
    exact = expected.pop("quantiles")
    shown, quantiles = compared(figures)
    assert shown == expected
    for about, right in zip(quantiles, exact, strict=True):
        assert (about is None) == (right is None)
        assert about is None or about == pytest.approx(right, rel=0.0051, abs=0.51), (quantiles, exact)


usual = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
any_log = st.one_of(
    logs_of(nginx()), logs_of(combined()), logs_of(app()), logs_of(st.one_of(nginx(), combined(), app()))
)


@usual
@given(any_log)
@example(nginx_line(START, "/x") + b"\r" + nginx_line(START, "/y") + b"last, without an end")
def test_the_plain_way_equals_the_reference(data: bytes) -> None:
    check(deep(data, plain), data)


@usual
@given(any_log)
@example(
    nginx_line(START, "/x") * 30
    + nginx_line(START, ms=60_000)
    + b"\r"
    + b"\x01" * 9
    + b"\n"
    + b"\x85\n"
    + b'"\n'
)
def test_duckdb_equals_the_reference(data: bytes) -> None:
    check(deep(data, duck), data)


@usual
@given(any_log)
def test_rollups_equal_the_reference(data: bytes) -> None:
    # A line without an end is not complete yet: it is counted when its end has come.
    check(rolled(data), data if data.endswith(b"\n") else data[: data.rfind(b"\n") + 1])


def test_all_three_agree_in_every_figure() -> None:
    data = b"".join(
        nginx_line(START + n * 7, PATHS[n % 8], ms=n * 3 % 2500, user="anna") for n in range(3000)
    )
    documents = [
        build(figures, Origin("test", [], [], 0, 0))
        for figures in (
            deep(data, plain),
            deep(data, duck),
            deep(data, duck, "access.log.1.gz"),
            rolled(data),
        )
    ]
    assert documents[0] == documents[1] == documents[2] == documents[3]
    assert documents[0]["requests"]["requests"] == 3000


def test_duckdb_is_what_counts_the_usual_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(nginx_line(START + n, "/api/documents/7") for n in range(2000)))
    seen: list[bytes] = []
    counted = plain.Count.line

    def watched(self: plain.Count, line: bytes) -> None:
        seen.append(line)
        counted(self, line)

    monkeypatch.setattr(plain.Count, "line", watched)
    assert duck.count([str(log)], 0).figures.entries == 2000
    assert seen == []


def test_a_damaged_compressed_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    log = tmp_path / "access.log.2.gz"
    data = b"".join(nginx_line(START + n, f"/p{n}", agent=f"agent {n * 7919}") for n in range(20_000))
    log.write_bytes(gzip.compress(data)[:-3000])
    for engine in (plain, duck):
        counted = engine.count([str(log)], 0)
        assert 0 < counted.figures.entries < 20_000
        assert "read only in part" in counted.problems[0]


def test_what_scanners_ask_for_does_not_fill_the_table() -> None:
    data = b"".join(nginx_line(START, f"/{n}x{n}.php", status=404) for n in range(5000))
    data += b"".join(nginx_line(START, f"/page-{n}-x") for n in range(5000))
    figures = rolled(data)
    assert ("edge", "GET", "(not found)") in figures.endpoints
    assert len(figures.endpoints) <= 201
    assert sum(traffic.requests for traffic in figures.endpoints.values()) == 10_000
