"""stack_host is what the host says of itself, and stack_budget fits it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Run
from testinfra.host import Host


@pytest.fixture(scope="module")
def found(host: Host, run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the role finds while a process listens on port 8321."""
    host.check_output(
        "systemd-run --unit tdm-listener --collect python3 -m http.server 8321 --bind 127.0.0.1 "
        "&& timeout 20 sh -c 'until curl -so /dev/null http://127.0.0.1:8321/; do sleep 0.2; done'"
    )
    file = tmp_path_factory.mktemp("stack") / "found.json"
    try:
        done = run(TDM_STACK_FOUND=str(file))
    finally:
        host.check_output("systemctl stop tdm-listener")
    assert done.returncode == 0, done.stdout
    facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return facts


def test_facts_are_what_the_host_says(host: Host, found: dict[str, Any]) -> None:
    facts = found["host"]
    release = host.check_output(". /etc/os-release; echo $ID $VERSION_ID $VERSION_CODENAME").split()
    assert [facts[key] for key in ("distribution", "version", "codename")] == release
    assert facts["deb_architecture"] == host.check_output("dpkg --print-architecture")
    assert facts["kernel"] == host.check_output("uname -r")
    assert facts["systemd_version"] == int(host.check_output("systemctl --version").split()[1])
    assert facts["hostname"] == host.check_output("hostname")
    assert facts["cpus"] == int(host.check_output("nproc"))
    assert facts["container"] is True
    size_gb = int(host.check_output("df --output=size -BG /opt | tail -n 1").strip(" G"))
    assert facts["disk_gb"] in (size_gb - 1, size_gb), "df rounds up"


def test_memory_is_the_containers_limit_and_not_the_machines(found: dict[str, Any]) -> None:
    assert found["host"]["memory_mb"] == 2048
    assert found["budget"]["memory_mb"] == 2048


def test_the_budget_leaves_the_reserve(found: dict[str, Any]) -> None:
    budget = found["budget"]
    services = budget["services"]
    limits = sum(service["memory_mb"] for service in services.values()) + services["app"]["memory_mb"]
    assert limits <= budget["memory_mb"] - budget["reserve_mb"] <= 1638


def test_a_listening_process_is_in_the_facts(found: dict[str, Any]) -> None:
    [listener] = [port for port in found["host"]["ports"] if port["port"] == 8321]
    assert listener["address"] == "127.0.0.1"
    assert listener["process"].startswith("python3")
