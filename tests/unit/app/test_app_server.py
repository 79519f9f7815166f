"""The application under gunicorn, as the container runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.app.stack import Stack, UnixConnection, wait_until


def ask(path: Path, method: str, address: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    connection = UnixConnection(path)
    try:
        connection.request(method, address, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.fixture
def server(stack: Stack) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    path = stack.directory / "blue.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    boot = stack.run("-m", "flask", "--app", "app", "bootstrap")
    assert boot.wait(90) == 0, boot.communicate()
    process = stack.run(
        "-m", "gunicorn", "--config", "python:app.gunicorn_conf", "app.wsgi:app",
        env={"BIND": f"unix:{path}", "WEB_CONCURRENCY": "2", "GUNICORN_THREADS": "4", "SLOT": "blue"},
    )  # fmt: skip

    def answers() -> bool:
        try:
            return ask(path, "GET", "/api/health/live")[0] == 200
        except OSError:
            return False

    wait_until(answers, 60, lambda: stack.log("app.log"))
    yield path, process
    process.terminate()
    process.communicate(timeout=60)


def test_it_takes_a_stale_socket_over_and_opens_it_to_its_group_alone(
    server: tuple[Path, subprocess.Popen[str]],
) -> None:
    assert server[0].stat().st_mode & 0o777 == 0o770


def test_every_line_of_the_server_is_json_and_holds_no_secret(
    stack: Stack, server: tuple[Path, subprocess.Popen[str]]
) -> None:
    path, process = server
    password = (stack.directory / "secrets" / "admin_password").read_text()
    body = json.dumps({"username": "admin", "password": password}).encode()
    assert ask(path, "POST", "/api/login", body, **{"Content-Type": "application/json"})[0] == 200
    process.terminate()
    output, errors = process.communicate(timeout=60)
    assert errors == ""
    lines = [json.loads(line) for line in (output + stack.log("app.log")).splitlines()]
    assert {"gunicorn.error", "app.request"} <= {line["logger"] for line in lines}
    assert any(line.get("action") == "login" and line["user"] == "admin" for line in lines)
    assert password not in output + stack.log("app.log")


def test_workers_killed_by_the_kernel_are_replaced(
    stack: Stack, server: tuple[Path, subprocess.Popen[str]]
) -> None:
    path, process = server
    listed = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True)
    for pid in listed.stdout.split():
        os.kill(int(pid), signal.SIGKILL)

    def healthy() -> bool:
        try:
            return ask(path, "GET", "/api/health")[0] == 200
        except OSError:
            return False

    wait_until(healthy, 60, lambda: stack.log("app.log"))


def test_a_stopping_server_finishes_the_upload_under_way(
    stack: Stack, server: tuple[Path, subprocess.Popen[str]]
) -> None:
    path, process = server
    password = (stack.directory / "secrets" / "admin_password").read_text()
    connection = UnixConnection(path)
    body = json.dumps({"username": "admin", "password": password})
    connection.request("POST", "/api/login", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
    answer.read()
    connection.close()

    head = b'--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    content = os.urandom(200_000)
    whole = head + content + b"\r\n--X--\r\n"
    slow = UnixConnection(path)
    slow.putrequest("POST", "/api/upload")
    slow.putheader("Cookie", cookie)
    slow.putheader("Content-Type", "multipart/form-data; boundary=X")
    slow.putheader("Content-Length", str(len(whole)))
    slow.endheaders()
    slow.send(whole[:100_000])
    tmp = stack.directory / "data" / "tmp"
    wait_until(lambda: any(entry.stat().st_size for entry in tmp.iterdir()), 60)
    process.terminate()
    slow.send(whole[100_000:])
    stored = slow.getresponse()
    assert stored.status == 201, stored.read()
    stored.read()
    slow.close()
    assert process.wait(60) == 0


def test_a_cut_connection_leaves_no_file(stack: Stack, server: tuple[Path, subprocess.Popen[str]]) -> None:
    path, _ = server
    made = stack.run(
        "-m", "flask", "--app", "app", "user", "create", "worker", "--stdin", stdin=subprocess.PIPE
    )
    assert made.communicate("a good password\n", timeout=90)[0]
    connection = UnixConnection(path)
    body = json.dumps({"username": "worker", "password": "a good password"})
    connection.request("POST", "/api/login", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
    answer.read()
    connection.close()
    cut = UnixConnection(path)
    cut.putrequest("POST", "/api/upload")
    for name, value in {
        "Cookie": cookie,
        "Content-Type": "multipart/form-data; boundary=X",
        "Content-Length": "5000000",
    }.items():
        cut.putheader(name, value)
    cut.endheaders()
    cut.send(b'--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + bytes(300_000))
    data = stack.directory / "data"
    wait_until(lambda: list((data / "tmp").iterdir()), 60)
    cut.close()
    wait_until(lambda: not list((data / "tmp").iterdir()), 60)
    assert [entry for entry in (data / "files").rglob("*") if entry.is_file()] == []
    assert ask(path, "GET", "/api/documents", Cookie=cookie)[1] == '{"items":[],"next":null}'
