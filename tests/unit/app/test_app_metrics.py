"""Metrics: for the internal port alone, one sum over all processes, and what Prometheus reads."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app.metrics import LANES, Requests
from tests.unit.app.stack import Stack, UnixConnection, free_port, wait_until

LIVE = "/api/health/live"


@dataclass
class Server:
    process: subprocess.Popen[str]
    address: str
    socket: Path

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        asked = urllib.request.Request(self.address + path, headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def samples(self) -> dict[tuple[str, ...], float]:
        """(name, label values ...) -> value"""
        status, text = self.get("/internal/metrics")
        assert status == 200, text
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def counted(self) -> float:
        return self.samples().get(("tdm_http_requests_total", "GET", LIVE, "200"), 0)


@pytest.fixture
def server(stack: Stack) -> Server:
    assert stack.run("-m", "flask", "--app", "app", "bootstrap").wait(90) == 0
    path, port = stack.directory / "blue.sock", free_port()
    process = stack.run(
        "-m", "gunicorn", "--config", "python:app.gunicorn_conf", "app.wsgi:app",
        env={"BIND": f"unix:{path},127.0.0.1:{port}", "WEB_CONCURRENCY": "3", "GUNICORN_THREADS": "2"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    found = Server(process, f"http://127.0.0.1:{port}", path)

    def answers() -> bool:
        try:
            return found.get(LIVE)[0] == 200
        except OSError:
            return False

    wait_until(answers, 60, lambda: stack.log("app.log"))
    return found


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True)
    return [int(child) for child in listed.stdout.split()]


def test_all_processes_count_together_and_a_killed_one_is_not_forgotten(server: Server) -> None:
    before = server.counted()
    for _ in range(60):
        assert server.get(LIVE)[0] == 200
    assert server.counted() == before + 60
    # The first of them answers before the last is forked.
    wait_until(lambda: len(children(server.process.pid)) == 3, 30)
    for pid in children(server.process.pid):
        os.kill(pid, signal.SIGKILL)

    def back() -> bool:
        try:
            return server.get(LIVE)[0] == 200
        except OSError:
            return False

    wait_until(back, 60)
    counted = server.counted()
    assert counted >= before + 61
    samples = server.samples()
    count = samples["tdm_http_request_duration_seconds_count", "GET", LIVE]
    assert samples["tdm_http_request_duration_seconds_bucket", "GET", LIVE, "+Inf"] == count >= counted
    assert samples[("tdm_documents",)] == 0
    assert samples[("tdm_disk_free_bytes",)] > 0


def test_nobody_reads_them_through_nginx(server: Server) -> None:
    """Nginx comes over the unix socket, or as a proxy that says for whom."""
    connection = UnixConnection(server.socket)
    connection.request("GET", "/internal/metrics")
    assert connection.getresponse().status == 404
    connection.close()
    assert server.get("/internal/metrics", **{"X-Forwarded-For": "203.0.113.9"})[0] == 404
    assert server.get("/internal/metrics")[0] == 200


def test_an_administrator_does_not_read_them_either(client: FlaskClient) -> None:
    assert client.get("/internal/metrics").status_code == 404


def test_more_processes_than_lanes_still_count() -> None:
    requests = Requests([("GET", "/a")])
    for _ in range(LANES + 3):
        pid = os.fork()
        if pid == 0:
            requests.observe("GET", "/a", 200, 0.001)
            os._exit(0)
        os.waitpid(pid, 0)
    requests.observe("GET", "/nowhere", 404, 100.0)
    text = "\n".join(requests.text())
    assert f'tdm_http_requests_total{{method="GET",endpoint="/a",status="200"}} {LANES + 3}' in text
    assert 'tdm_http_requests_total{method="other",endpoint="(none)",status="404"} 1' in text
