"""What the tests of releases share: variants of the application, clients, what the host says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from steady_client import SteadyClient
from testinfra.host import Host

from tests.support.playbooks import PROJECT, run_playbook
from tests.support.service import Service
from tests.support.site import NAME, ROOT

AUDIT = "/var/log/tencent-doc-manager/releases.jsonl"
Outcome = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Repository:
    """A clone of this project in which each variant is a branch."""

    path: Path

    def git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "safe.directory=*")
        subprocess.run(["git", *identity, *arguments], cwd=self.path, check=True, capture_output=True)

    def variant(self, name: str, path: str, change: Callable[[str], str]) -> str:
        """A branch with one file changed (made when missing); its name."""
        self.git("checkout", "--quiet", "-B", name, "start")
        file = self.path / path
        old = file.read_text(encoding="utf-8") if file.exists() else ""
        new = change(old)
        assert new != old, f"{path} did not change: the text that was looked for is gone"
        file.write_text(new, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", name)
        return name


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    path = tmp_path_factory.mktemp("repository") / "app"
    found = Repository(path)
    safe = ("git", "-c", "safe.directory=*", "clone", "--quiet", str(PROJECT), str(path))
    subprocess.run(safe, check=True, capture_output=True)
    # The files that are being worked on are part of the start, as they are of the checkout that is deployed.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"],
        cwd=PROJECT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in listed.splitlines():
        if (PROJECT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, path / name)
    found.git("checkout", "--quiet", "-B", "start")
    found.git("add", "--all")
    found.git("commit", "--quiet", "--allow-empty", "--message", "start")
    return found


@pytest.fixture(scope="session")
def deploy(repository: Repository) -> Callable[..., Outcome]:
    """Deploys a branch of the repository, as an operator does."""

    def run(branch: str, *options: str) -> Outcome:
        source = json.dumps(
            {"app_source": "git", "app_git_repository": str(repository.path), "app_git_ref": branch}
        )
        return run_playbook("playbooks/deploy.yml", "-e", source, *options)

    return run


@dataclass(frozen=True)
class HostState:
    """What is live, read from the host itself."""

    host: Host

    @property
    def slot(self) -> str:
        return str(self.host.check_output(f"readlink {ROOT}/run/sock/current.sock")).removesuffix(".sock")

    @property
    def release(self) -> str:
        return str(self.host.check_output(f"readlink {ROOT}/current")).removeprefix("releases/")

    @property
    def previous(self) -> str:
        return str(self.host.check_output(f"readlink {ROOT}/previous")).removeprefix("releases/")

    def containers(self) -> dict[str, str]:
        """State of each of our containers, those that do not run included."""
        lines = self.host.check_output("docker ps --all --format '{{.Names}} {{.State}}'").splitlines()
        pairs = (line.split() for line in lines)
        return {name.removeprefix("tencent-doc-manager-").removesuffix("-1"): state for name, state in pairs}

    def running(self) -> set[str]:
        return {name for name, state in self.containers().items() if state == "running"}

    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.host.check_output(f"cat {AUDIT}").splitlines()]


@pytest.fixture
def state(host: Host) -> HostState:
    return HostState(host)


@pytest.fixture(scope="module")
def connect(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Service]:
    """Makes a client of the service, logged in as its administrator."""
    name = host.backend.get_hostname()
    command = ["docker", "inspect", "--format", "{{.NetworkSettings.IPAddress}}", name]
    address = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    ca = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.write_text(host.file(f"{ROOT}/tls/ca.pem").content_string)
    password = host.file(f"{ROOT}/secrets/admin_password").content_string.strip()
    first = Service(NAME, address, ca)
    answer = first.login("admin", password)
    assert answer.status_code == 200, answer.text

    def make() -> Service:
        service = Service(NAME, address, ca)
        service.session.cookies.update(first.session.cookies)
        return service

    return make


@pytest.fixture
def steady(connect: Callable[[], Service]) -> SteadyClient:
    return SteadyClient(connect)


def figures(output: str) -> dict[str, float]:
    """What a run printed at its end: seconds on the host, and after how many it served."""
    found = re.search(r": ([\d.]+) s on the host(?:, serving after ([\d.]+) s)?", output)
    assert found, output[-2000:]
    return {"seconds": float(found[1]), "serving": float(found[2] or 0)}


def assert_unnoticed(client: SteadyClient, least: int = 100) -> None:
    """No request of a steady client failed, and there were enough of them for that to mean something."""
    assert client.failures == [], f"{len(client.failures)} of {client.requests}: {client.failures[:5]}"
    assert client.requests >= least, client.requests
