"""Log lines: their form, their file's rotation, and what never gets into them."""

from __future__ import annotations

import json
import logging
import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import logs
from app.factory import Application
from app.logs import AppendHandler, JsonFormatter
from tests.unit.app.stack import PASSWORD, Stack, upload


@pytest.fixture
def lines(stack: Stack, app: Application) -> Iterator[list[dict[str, Any]]]:
    """The lines that requests write; read after the block that makes them."""
    config = stack.config()
    before = logging.getLogger().handlers[:]
    found: list[dict[str, Any]] = []
    logs.set_up("INFO", config.log_dir, "app.log", config.secrets, service="app")
    yield found
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    for handler in before:
        root.addHandler(handler)
    logging.captureWarnings(False)


def read(stack: Stack) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stack.log("app.log").splitlines()]


def test_a_request_is_one_line_with_everything_about_it(
    stack: Stack, client: FlaskClient, lines: list[dict[str, Any]]
) -> None:
    document = upload(client, b"12345", "a.csv").get_json()["id"]
    client.get(
        f"/api/documents/{document}/download",
        headers={"X-Request-ID": "from-nginx-01", "X-Forwarded-For": "203.0.113.9"},
    )
    line = read(stack)[-1]
    assert line["ts"].endswith("+00:00")
    assert line["duration_ms"] > 0
    assert {key: line[key] for key in line.keys() - {"ts", "duration_ms"}} == {
        "level": "INFO",
        "logger": "app.request",
        "event": "request",
        "message": f"GET /api/documents/{document}/download 200",
        "request_id": "from-nginx-01",
        "service": "app",
        "user": "editor",
        "action": "download",
        "method": "GET",
        "endpoint": "/api/documents/{document_id}/download",
        "path": f"/api/documents/{document}/download",
        "status": 200,
        "bytes": 5,
        "address": "203.0.113.9",
    }


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "bad id with spaces", 'quote"'])
def test_a_request_id_of_another_form_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/api/me", headers={"X-Request-ID": given})
    assert len(answer.headers["X-Request-ID"]) == 32


def test_paths_of_scanners_do_not_become_endpoints(
    stack: Stack, client: FlaskClient, lines: list[dict[str, Any]]
) -> None:
    client.get("/api/wp-login.php")
    assert read(stack)[-1]["endpoint"] == "(none)"


def test_an_error_is_told_with_its_traceback_and_the_answer_has_its_id(
    stack: Stack, client: FlaskClient, lines: list[dict[str, Any]]
) -> None:
    document = upload(client, b"12345", "a.csv").get_json()["id"]
    for path in (stack.directory / "data" / "files").rglob("*-*"):
        path.unlink()
    answer = client.get(f"/api/documents/{document}/download")
    assert answer.status_code == 500
    (line,) = [line for line in read(stack) if line["level"] == "ERROR"]
    assert line["request_id"] == answer.get_json()["request_id"]
    assert line["event"] == "error"
    assert line["error"]["type"] == "FileNotFoundError"
    assert "send_file" in line["error"]["traceback"]


def test_no_secret_reaches_the_log(stack: Stack, app: Application, lines: list[dict[str, Any]]) -> None:
    client = app.test_client()
    client.post("/api/login", json={"username": "editor", "password": PASSWORD})
    client.post("/api/login", json={"username": "editor", "password": "wrong-pass-1"})
    token = client.post("/api/tokens", json={"name": "x"}).get_json()["token"]
    client.get("/api/me", headers={"Authorization": f"Bearer {token}"})
    cookie = client.get_cookie("session")
    assert cookie is not None
    logging.getLogger("app").error("someone prints the key: %s", stack.config().secret_key)
    text = stack.log("app.log")
    assert "someone prints the key: ***" in text
    for secret in (PASSWORD, "wrong-pass-1", token, cookie.value, stack.config().secret_key):
        assert secret not in text


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("test", logging.INFO, __file__, 1, text, None, None)


def test_a_file_renamed_by_rotation_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    handler = AppendHandler(path)
    handler.setFormatter(JsonFormatter())
    handler.emit(record("before"))
    path.rename(tmp_path / "app.log.1")
    handler.emit(record("after"))
    handler.close()
    assert "before" in (tmp_path / "app.log.1").read_text()
    assert "after" not in (tmp_path / "app.log.1").read_text()
    assert "after" in path.read_text()
    assert path.stat().st_mode & 0o777 & ~0o640 == 0


def write_lines(path: Path, name: str, count: int) -> None:
    handler = AppendHandler(path)
    handler.setFormatter(JsonFormatter())
    for number in range(count):
        handler.emit(record(f"{name} {number} " + "x" * 20_000))
    handler.close()


def test_processes_do_not_cut_each_others_lines(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_lines, args=(path, name, 50)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = [json.loads(line)["message"].split()[0] for line in path.read_text().splitlines()]
    assert sorted(found) == sorted("abcd" * 50)


def test_a_line_is_a_line_whatever_is_in_it() -> None:
    text = JsonFormatter().format(record('new\nline "quoted" \u2028 \udcff \x00'))
    assert "\n" not in text
    assert json.loads(text)["message"].startswith("new\nline")
