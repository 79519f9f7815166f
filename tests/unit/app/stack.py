"""Real parts for the application's tests: Redis servers, SQLite files, the WSGI app, worker processes."""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from app.config import Config
from app.factory import Application
from app.services import Services

ROOT = Path(__file__).parents[3]
PASSWORD = "correct horse battery"
USERS = {"admin": "admin", "editor": "editor", "viewer": "viewer"}


@dataclass
class RedisServer:
    """A redis-server of our own on a unix socket."""

    directory: Path
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.directory / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing; run: apt-get install -y redis-server"
        self.directory.mkdir(exist_ok=True)
        log = (self.directory / "redis.log").open("wb")
        self.process = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.directory),
             "--save", "", "--daemonize", "no", *self.options],
            stdout=log,
        )  # fmt: skip
        log.close()
        wait_until(self.answers, 60, lambda: (self.directory / "redis.log").read_text())

    def answers(self) -> bool:
        try:
            with Redis(unix_socket_path=str(self.socket)) as client:
                return bool(client.ping())
        except OSError:
            return False
        except Exception as error:
            return type(error).__name__ == "AuthenticationError"

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.socket.unlink(missing_ok=True)

    def flush(self) -> None:
        with Redis(unix_socket_path=str(self.socket)) as client:
            client.flushall()


def wait_until(condition: Callable[[], Any], seconds: float, report: Callable[[], str] = str) -> Any:
    """The condition's first true value; fails with `report()` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not true within {seconds} s: {report()}"
        time.sleep(0.05)


@dataclass
class Stack:
    """One deployment: its directories, its environment, its processes."""

    directory: Path
    redis: RedisServer
    extra: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        return {
            "APP_ENV": "test",
            "DATA_DIR": str(self.directory / "data"),
            "LOG_DIR": str(self.directory / "log"),
            "SECRETS_DIR": str(self.directory / "secrets"),
            "REDIS_CACHE_URL": self.redis.url,
            "REDIS_QUEUE_URL": self.redis.url,
            "PUBLIC_URL": "http://localhost",
            "WORKER_ALIVE_FILE": str(self.directory / "worker.alive"),
            "MIN_FREE_MB": "1",
            "MAINTENANCE_SECONDS": "1",
            "JOB_MONITORING_SECONDS": "1",
            "JOB_LEASE_SECONDS": "3",
            "WORKER_TTL_SECONDS": "16",
            **self.extra,
        }

    def prepare(self) -> None:
        for name in ("data", "log", "secrets"):
            (self.directory / name).mkdir()
        for name in ("secret_key", "admin_password"):
            (self.directory / "secrets" / name).write_text(secrets.token_urlsafe(32))

    def config(self) -> Config:
        return Config.from_environ(self.environ)

    def log(self, name: str) -> str:
        path = self.directory / "log" / name
        return path.read_text() if path.exists() else ""

    def run(self, *command: str, **more: Any) -> subprocess.Popen[str]:
        """A process in this deployment's environment, in a session of its own."""
        environ = {
            **os.environ,
            **self.environ,
            "PYTHONPATH": str(ROOT),
            "FLASK_APP": "app.wsgi",
            **more.pop("env", {}),
        }
        process = subprocess.Popen(
            [sys.executable, *command], env=environ, cwd=self.directory, text=True, start_new_session=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )  # fmt: skip
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen[str]:
        process = self.run("-m", "app.worker")
        wait_until(lambda: "the worker listens" in self.log("worker.log"), 60, lambda: self.log("worker.log"))
        return process

    def stop(self) -> None:
        for process in self.processes:
            kill_with_children(process)
            process.communicate()


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=90)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(str(self._path))


def kill_with_children(process: subprocess.Popen[str]) -> None:
    """SIGKILL to the process and all that it started, as when a container dies."""
    children = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True
    ).stdout.split()
    for pid in [*map(int, children), process.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def close(services: Services) -> None:
    """Gives every connection back, so that no warning about one is left."""
    services.database.dispose()
    services.cache.close()
    services.queue.connection.close()


class WholeAnswers(FlaskClient):
    """A client that reads each answer to its end, so that every opened file is closed again."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **kwargs})


def upload(
    client: FlaskClient,
    content: bytes,
    name: str = "table.xlsx",
    document: str | None = None,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    """Sends the file as a browser would, without the test client's temporary files."""
    disposition = f'Content-Disposition: form-data; name="file"; filename="{_quoted(name)}"'
    head = f"--frontier\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n"
    if document is not None:
        field = 'Content-Disposition: form-data; name="document"'
        head = f"--frontier\r\n{field}\r\n\r\n{document}\r\n{head}"
    body = head.encode("utf-8", "surrogatepass") + content + b"\r\n--frontier--\r\n"
    return client.post(
        "/api/upload", data=body, content_type="multipart/form-data; boundary=frontier", headers=headers
    )


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def log_in(app: Application, name: str) -> FlaskClient:
    app.test_client_class = WholeAnswers
    client = app.test_client()
    answer = client.post("/api/login", json={"username": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client
