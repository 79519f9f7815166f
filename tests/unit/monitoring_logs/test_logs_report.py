"""What a person gets: the command, its exit status, the table, the page, both languages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.support.log_lines import app_line, app_request, nginx_line

PROJECT = Path(__file__).resolve().parents[3]


class Command:
    """`monitoring logs` with a configuration of its own."""

    def __init__(self, directory: Path, *logs: Path) -> None:
        self._config = directory / "config.json"
        document = {
            "state_directory": str(directory),
            "health": {"enabled": False},
            "docker": {"enabled": False},
            "logs": {"files": [str(log) for log in logs]},
        }
        self._config.write_text(json.dumps(document))

    def run(self, *words: str, status: int = 0, python: str = sys.executable) -> str:
        done = subprocess.run(
            [python, "-m", "monitoring", "--config", str(self._config), "logs", *words],
            cwd=PROJECT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        return done.stdout + (done.stderr if status else "")

    def json(self, *words: str) -> Any:
        return json.loads(self.run("--json", *words))


@pytest.fixture
def now() -> float:
    """A moment in this hour, so that all that is written before it is in the last 24 hours."""
    return time.time()


@pytest.fixture
def service(tmp_path: Path, now: float) -> Command:
    nginx, app = tmp_path / "access.log", tmp_path / "app.log"
    nginx.write_bytes(
        b"".join(nginx_line(now - n * 60, f"/api/documents/{n}", ms=n, size=1000) for n in range(100))
        + nginx_line(now - 60, "/api/upload?token=secret", "POST", 201, 4321)
        + nginx_line(now - 90, "/api/documents", status=502)
        + nginx_line(now - 90, "/<script>alert(1)</script>", ms=5000, user="<b>anna</b>")
        + nginx_line(now - 49 * 3600, "/long/ago")
        + b"garbage\n"
    )
    app.write_bytes(
        app_request(now - 30, user="anna", action="upload")
        + app_request(now - 30, user="anna", action="login", status=401)
        + app_line(now - 40, "job", "export of 17 failed", "ERROR", ("ValueError", "no sheet 'a1'"))
        + app_line(now - 20, "job", "export of 18 failed", "ERROR", ("ValueError", "no sheet 'b2'"))
        + app_line(now - 20, "slow_query", "slow", "WARNING", duration_ms=812.4, statement="SELECT 1")
    )
    return Command(tmp_path, nginx, app)


def test_hourly_figures_and_files_say_the_same(service: Command) -> None:
    service.run("--fold")
    stored, deep, plain = service.json(), service.json("--deep"), service.json("--deep", "--engine", "plain")
    engines = [document.pop("source")["engine"] for document in (stored, deep, plain)]
    assert engines == ["rollups", "duckdb", "plain"]
    assert stored == deep == plain
    assert (stored["requests"]["requests"], stored["requests"]["errors_5xx"]) == (103, 1)
    assert stored["broken_lines"] == 1


def test_errors_are_grouped_with_first_last_and_sample(service: Command) -> None:
    errors = service.json("--deep")["errors"]
    assert errors["by_type"] == {"ValueError": 2}
    (group,) = errors["most_frequent"]
    assert group["message"] == 'export of # failed: no sheet "*"'
    assert group["sample"] == "export of 17 failed: no sheet 'a1'"
    assert group["first"] < group["last"]


def test_slow_requests_queries_and_users(service: Command) -> None:
    document = service.json("--deep")
    assert [(row["ms"], row["path"]) for row in document["slow_requests"]["slowest"]] == [
        (5000, "/<script>alert(1)</script>"),
        (4321, "/api/upload"),
    ]
    assert document["slow_queries"]["slowest"][0]["most_ms"] == 812
    users = {row["user"]: row["actions"] for row in document["users"]}
    assert users["anna"] == {"upload": 1, "login (refused)": 1}


def test_all_hours_reach_back_to_the_beginning(service: Command) -> None:
    assert service.json("--deep", "--hours", "0")["requests"]["requests"] == 104


def test_the_summary_speaks_both_languages(service: Command) -> None:
    summary = service.json("--deep")["summary"]
    assert summary["en"][0].startswith("103 requests; 1 failed")
    assert summary["zh"][0].startswith("共 103 个请求；1 个失败")
    assert "错误" in service.run("--deep", "--lang", "zh")


class Page(HTMLParser):
    """What a page refers to, and its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("href", "src", "action", "xlink:href")
        ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_needs_nothing_else_and_runs_nothing(
    service: Command, tmp_path: Path, language: str
) -> None:
    service.run("--deep", "--html", str(tmp_path / "page.html"), "--lang", language)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.addresses == []
    assert not {"script", "link", "img", "iframe"} & set(page.elements)
    assert page.elements.count("svg") == 3
    assert re.search(r"url\(|@import|https?://", text) is None
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;b&gt;anna" in text
    assert "token=secret" not in text


def test_the_table_has_no_control_characters(tmp_path: Path, now: float) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(app_line(now, "job", "\x1b[31mred\x07", "ERROR", user="\x1b]0;title\x07", action="a"))
    shown = Command(tmp_path, log).run("--deep")
    assert "red" in shown
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_without_data_the_status_tells_and_the_message_says_what_to_do(tmp_path: Path) -> None:
    command = Command(tmp_path, tmp_path / "none.log")
    assert "--deep" in command.run("--deep", status=2) or "--file" in command.run("--deep", status=2)
    assert "is the timer running" in command.run(status=2)
    assert "none.log" in command.run("--file", str(tmp_path / "none.log"), status=2)


def test_a_file_of_another_format(tmp_path: Path, now: float) -> None:
    log = tmp_path / "old.log"
    stamp = time.strftime("%d/%b/%Y:%H:%M:%S", time.gmtime(now))
    log.write_text(
        f'192.0.2.1 - - [{stamp} +0000] "GET /a HTTP/1.1" 200 12 "-" "curl"\n'
        f'192.0.2.1 - - [{stamp} +0000] "\\x16\\x03\\x01" 400 0 "-" "-"\n'
        f'192.0.2.1 - - [{stamp} +0000] "" 400 0 "-" "-"\n'
    )
    document = Command(tmp_path).json("--file", str(log), "--format", "combined")
    assert document["requests"]["by_status"] == {"200": 1, "400": 2}
    assert document["broken_lines"] == 0
