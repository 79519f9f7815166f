"""Docker: containers as they are, from the engine's socket; changes through the `docker` command."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
from typing import Any, NamedTuple
from urllib.parse import quote

from .failure import ReleaseError
from .settings import Settings

DOCKER_SOCKET = "/var/run/docker.sock"
RELEASE_LABEL = "release"
LOG_LINES = 20


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Container(NamedTuple):
    """A container as the engine lists it; `release` is the release whose Compose file made it."""

    name: str
    state: str
    status: str
    release: str

    @property
    def up(self) -> bool:
        """Running, and not found unhealthy."""
        return self.state == "running" and "(unhealthy)" not in self.status


class Engine:
    """The containers of one project."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def containers(self) -> dict[str, Container]:
        """All slots and the worker that there are, by service."""
        services = ("app-blue", "app-green", "worker")
        names = {self._settings.container(service): service for service in services}
        filters = quote(json.dumps({"name": [f"^/{name}$" for name in names]}))
        found = {}
        for item in self._get(f"/containers/json?all=1&filters={filters}"):
            name = item["Names"][0].lstrip("/")
            release = (item.get("Labels") or {}).get(RELEASE_LABEL, "")
            found[names[name]] = Container(name, item["State"], item["Status"], release)
        return found

    def exists(self, image: str) -> bool:
        return bool(self._get(f"/images/json?filters={quote(json.dumps({'reference': [image]}))}"))

    def log(self, container: str) -> str:
        """A container's last lines."""
        command = ["docker", "logs", "--tail", str(LOG_LINES), container]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return done.stdout

    def docker(self, *arguments: str, what: str, low_priority: bool = False, seconds: float = 900) -> str:
        """The output of a docker command. Raises ReleaseError, with what the command said, when it fails."""
        prefix = ["nice", "-n", "19", "ionice", "-c", "3"] if low_priority else []
        try:
            done = subprocess.run(
                [*prefix, "docker", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=seconds,
                env={**os.environ, "COMPOSE_IGNORE_ORPHANS": "true", "DOCKER_BUILDKIT": "1"},
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            said = error.stdout.decode("utf-8", "replace") if isinstance(error.stdout, bytes) else ""
            raise ReleaseError(f"{what} took longer than {seconds:.0f} s", said) from error
        if done.returncode:
            lines = done.stdout.strip().splitlines()
            raise ReleaseError(
                f"{what} failed with exit status {done.returncode}", "\n".join(lines[-LOG_LINES:])
            )
        return done.stdout

    def compose(self, release: str, *arguments: str, what: str, seconds: float = 900) -> str:
        """The output of a Compose command on a release's own Compose file."""
        root = self._settings.root
        files = [root / "compose" / "redis.yaml", self._settings.release(release) / "app.yaml"]
        words = [word for file in files for word in ("--file", str(file))]
        project = ["--project-name", self._settings.name, "--project-directory", str(root)]
        return self.docker(
            "compose", "--ansi", "never", *project, *words, *arguments, what=what, seconds=seconds
        )

    def cgroup_driver(self) -> str:
        """Who makes the engine's control groups: systemd or cgroupfs."""
        return str(self._get("/info")["CgroupDriver"])

    def _get(self, path: str) -> Any:
        connection = UnixConnection(DOCKER_SOCKET, 20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            raise ReleaseError(f"Docker does not answer on {DOCKER_SOCKET}: {error}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise ReleaseError(f"Docker answered {answer.status} to {path}: {body[:300]!r}")
        return json.loads(body)
