"""The second host of these tests is the machine they run on: it reaches them over their bridge."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from testinfra.host import Host


@dataclass(frozen=True)
class Outside:
    """A test host as it looks from another machine."""

    name: str
    address: str
    key: Path

    def admits(self, port: int, seconds: float = 2.0) -> bool:
        """Whether a TCP connection to the port is taken up. A closed port that refuses is not."""
        try:
            with socket.create_connection((self.address, port), timeout=seconds):
                return True
        except OSError:
            return False

    def drops(self, port: int) -> bool:
        """Whether the firewall swallows a connection: no answer at all, not even a refusal."""
        try:
            socket.create_connection((self.address, port), timeout=2.0).close()
        except TimeoutError:
            return True
        except OSError:
            return False
        return False

    def ssh(
        self, *options: str, port: int = 22, user: str = "root", seconds: int = 30
    ) -> subprocess.CompletedProcess[str]:
        """Log in with the operator's key and ask for the host's name."""
        return subprocess.run(
            ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", str(self.key),
             "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=INFO",
             "-o", "ConnectTimeout=5", "-p", str(port), *options, f"{user}@{self.address}", "hostname"],
            capture_output=True, text=True, check=False, timeout=seconds,
        )  # fmt: skip


@pytest.fixture
def outside(host: Host) -> Outside:
    """The host under test, seen from here."""
    name = host.backend.get_hostname()
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    inspected = subprocess.run(
        ["docker", "inspect", "--format", template, name], capture_output=True, text=True, check=True
    )
    key = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "operator")
    return Outside(name, inspected.stdout.strip(), key)


@pytest.fixture
def listener() -> Iterator[tuple[str, int]]:
    """A service of the outer machine, on the bridge's own address: the outside of containers."""
    inspected = subprocess.run(
        ["docker", "network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", "bridge"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    address = inspected.stdout.strip()
    with socket.create_server((address, 0)) as server:
        yield address, server.getsockname()[1]


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Waits up to 90 seconds for something to become true: a host may boot beside busy others."""

    def wait(condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 90
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.5)
        return True

    return wait
