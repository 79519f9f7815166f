"""A test host for the tests that break it: commands, address, containers, power switch."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.load.client import Call, Connection, Failure, Server, tls_context
from tests.support.site import ROOT

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE_PROJECT = "tencent-doc-manager"


class CommandFailed(Exception):  # noqa: N818
    """A command on the test host ended badly. The message holds its output."""


@dataclass
class Machine:
    """The test host in container `name`, whose service is known as `domain`."""

    name: str
    domain: str
    public_port: int
    ca: Path
    inventory: str
    # What ansible-playbook is told in every run.
    options: list[str] = field(default_factory=list)

    @classmethod
    def embedded(cls) -> Machine:
        """The host that `make up` started. Raises CommandFailed when there is none."""
        ca = PROJECT / "build" / "load-ca.pem"
        machine = cls("tdm-embedded", "localhost", 8443, ca, "inventories/local")
        ca.parent.mkdir(exist_ok=True)
        ca.write_text(machine.sh(f"cat {ROOT}/tls/ca.pem"))
        return machine

    # --- commands ---

    def sh(self, script: str, *, check: bool = True, seconds: float = 300) -> str:
        """Standard output of a shell script on the host. Raises CommandFailed."""
        answer = subprocess.run(
            ["docker", "exec", "--interactive", self.name, "bash", "-c", f"set -euo pipefail\n{script}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        if check and answer.returncode:
            raise CommandFailed(
                f"on {self.name}: {script.strip()[:200]}\n{answer.stdout[-1000:]}{answer.stderr[-2000:]}"
            )
        return answer.stdout

    def container(self, service: str) -> str:
        """Name of the container of a Compose service; `app` is the slot that serves."""
        if service == "app":
            socket = self.sh(f"readlink {ROOT}/run/sock/current.sock").strip()
            service = f"app-{socket.removesuffix('.sock')}"
        return f"{COMPOSE_PROJECT}-{service}-1"

    def pid(self, service: str) -> int:
        """The process of a container that is its init, as the host numbers it."""
        template = shlex.quote("{{.State.Pid}}")
        return int(self.sh(f"docker inspect --format {template} {self.container(service)}"))

    def playbook(self, name: str, *options: str, directory: Path = PROJECT) -> subprocess.Popen[str]:
        """Starts a playbook against the host in a process group of its own; its output is a pipe."""
        return subprocess.Popen(
            ["ansible-playbook", name, "-i", self.inventory, *self.options, *options],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            # The checkout's own roles; no colours between the words that a test looks for.
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
                "ANSIBLE_HOME": str(PROJECT / ".ansible"),
                "ANSIBLE_FORCE_COLOR": "false",
            },
        )

    def play(self, name: str, *options: str, directory: Path = PROJECT) -> str:
        """Output of a playbook that must succeed. Raises CommandFailed."""
        status, output = self.run(name, *options, directory=directory)
        if status:
            raise CommandFailed(f"{name} ended with status {status}:\n{output[-4000:]}")
        return output

    def run(self, name: str, *options: str, directory: Path = PROJECT) -> tuple[int, str]:
        """Exit status and output of a playbook, which ends when the caller is interrupted."""
        process = self.playbook(name, *options, directory=directory)
        try:
            output, _ = process.communicate(timeout=900)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate()
            raise
        return process.returncode, output

    # --- the service ---

    def server(self) -> Server:
        """The service at the host's own address: nothing between the client and the host's port 443."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        answer = subprocess.run(
            ["docker", "inspect", "--format", template, self.name], capture_output=True, text=True, check=True
        )
        return Server(self.domain, answer.stdout.strip(), self.ca, 443, self.public_port)

    def token(self, name: str) -> str:
        """A new API token of the administrator."""
        password = self.sh(f"cat {ROOT}/secrets/admin_password").strip()
        server = self.server()
        headers = {"Content-Type": "application/json"}
        body = json.dumps({"username": "admin", "password": password}).encode()
        with closing(Connection(server, tls_context(server))) as connection:
            cookie = connection.send(Call("POST", "/api/login", 200, headers, body)).cookie
            wanted = json.dumps({"name": name}).encode()
            answer = connection.send(Call("POST", "/api/tokens", 201, {**headers, "Cookie": cookie}, wanted))
        return str(answer.json()["token"])

    def health(self) -> str:
        """`ok`, `degraded`, `failed`, or how the question failed."""
        server = self.server()
        with closing(Connection(server, tls_context(server))) as connection:
            try:
                return str(connection.send(Call("GET", "/api/health")).json()["status"])
            except Failure as failure:
                return str(failure)

    def wait_healthy(self, seconds: float = 180) -> float:
        """Seconds until the service says `ok`. Raises CommandFailed when it does not in time."""
        return wait_until(lambda: self.health() == "ok", seconds, lambda: f"health: {self.health()}")

    # --- the power switch ---

    def reboot(self) -> None:
        """An orderly restart, as `reboot` does; what is not gone after 90 s is cut off."""
        subprocess.run(["docker", "restart", "--time", "90", self.name], check=True, capture_output=True)
        self.wait_booted()

    def power_cut(self) -> None:
        """Every process of the host ends at once, then it boots."""
        subprocess.run(["docker", "kill", self.name], check=True, capture_output=True)
        subprocess.run(["docker", "start", self.name], check=True, capture_output=True)
        self.wait_booted()

    def wait_booted(self) -> None:
        def booted() -> bool:
            state = self.sh("systemctl is-system-running", check=False).strip()
            return state in ("running", "degraded")

        wait_until(booted, 120, lambda: self.sh("systemctl list-jobs", check=False))


def wait_until(true: Callable[[], bool], seconds: float, state: Callable[[], str]) -> float:
    """Seconds until a question was answered yes. Raises CommandFailed with `state` when the time is up."""
    started = time.monotonic()
    while not true():
        if time.monotonic() - started > seconds:
            raise CommandFailed(f"not within {seconds:.0f} s; {state()}")
        time.sleep(0.25)
    return time.monotonic() - started
