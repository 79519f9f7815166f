"""Each reason not to start is one message; a host that fits gives none."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.host_probe.preflight import Requirements, refusals
from tests.unit.host_probe.captures import capture

NEEDS = Requirements(
    project="tencent-doc-manager",
    ports={"stack_http_port": 80, "stack_https_port": 443},
    parts={"browser": False, "backup": True, "monitoring": True},
    at_most={},
    free_install_mb=4096,
    free_run_mb=512,
)


def host(**changes: Any) -> dict[str, Any]:
    """The rented server of the specification, fresh."""
    disk = {"path": "/opt/tencent-doc-manager", "size_gb": 37, "free_mb": 30000, "free_inodes": 2000000}
    return {
        **capture("ubuntu-20.04.json")["stack_host"],
        "distribution_title": "Ubuntu 20.04.6 LTS",
        "disk_gb": 37,
        "disks": [disk],
        "installed": False,
        "ports": [{"port": 22, "address": "::", "process": "sshd", "pid": 790}],
        "published": [],
        **changes,
    }


def only(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]


def test_the_rented_server_is_accepted() -> None:
    assert refusals(host(), NEEDS) == []


@pytest.mark.parametrize(
    ("distribution", "version"),
    [("ubuntu", "22.04"), ("ubuntu", "24.04"), ("debian", "11"), ("debian", "12"), ("debian", "13")],
)
def test_other_supported_releases_are_accepted(distribution: str, version: str) -> None:
    assert refusals(host(distribution=distribution, version=version), NEEDS) == []


@pytest.mark.parametrize(
    ("distribution", "version", "title"),
    [
        ("ubuntu", "18.04", "Ubuntu 18.04.6 LTS"),
        ("debian", "10", "Debian GNU/Linux 10 (buster)"),
        ("debian", "", "Debian GNU/Linux forky/sid"),
        ("linuxmint", "20.04", "Linux Mint"),
        ("", "", "unknown"),
    ],
)
def test_other_distributions_are_named_with_those_that_work(
    distribution: str, version: str, title: str
) -> None:
    message = only(
        refusals(host(distribution=distribution, version=version, distribution_title=title), NEEDS)
    )
    assert title in message
    assert "Ubuntu 20.04, 22.04, 24.04; Debian 11, 12, 13" in message


def test_other_architectures_are_refused() -> None:
    assert refusals(host(architecture="aarch64"), NEEDS) == []
    assert "armv7l" in only(refusals(host(architecture="armv7l"), NEEDS))


def test_too_small_a_machine_gets_the_sizing_table() -> None:
    message = only(refusals(host(memory_mb=512), NEEDS))
    assert "memory: 512 MB, needed 960 MB" in message
    assert "redis-queue" in message


def test_ceilings_count_as_the_machines_size() -> None:
    assert "600 MB" in only(refusals(host(), NEEDS._replace(at_most={"memory_mb": 600})))


def test_a_first_installation_needs_more_room_than_a_later_run() -> None:
    disk = {"path": "/opt/x", "size_gb": 37, "free_mb": 1000, "free_inodes": None}
    assert refusals(host(disks=[disk], installed=True), NEEDS) == []
    message = only(refusals(host(disks=[disk]), NEEDS))
    assert "1000 MB free" in message
    assert "a first installation needs 4096 MB (stack_disk_free_install_mb)" in message
    full = {**disk, "free_mb": 10}
    assert "every run needs 512 MB" in only(refusals(host(disks=[full], installed=True), NEEDS))


def test_paths_on_one_full_disk_are_one_message() -> None:
    disk = {"size_gb": 37, "free_mb": 10, "free_inodes": None}
    disks = [{**disk, "path": "/opt/x"}, {**disk, "path": "/var/lib/docker"}]
    assert "/opt/x and /var/lib/docker" in only(refusals(host(disks=disks), NEEDS))


def test_a_disk_without_inodes_is_full() -> None:
    disk = {"path": "/opt/x", "size_gb": 37, "free_mb": 30000, "free_inodes": 7}
    assert "7 inodes free" in only(refusals(host(disks=[disk]), NEEDS))


def listening(process: str | None, port: int = 80) -> dict[str, Any]:
    return {
        "ports": [{"port": port, "address": "0.0.0.0", "process": process, "pid": 321 if process else None}]
    }


def test_a_process_on_a_port_is_named() -> None:
    message = only(refusals(host(**listening("apache2")), NEEDS))
    assert message.startswith("Port 80 is taken by the process apache2 (pid 321")
    assert "stack_http_port" in message


def test_an_unknown_process_on_a_port_is_a_refusal_too() -> None:
    assert "could not be identified" in only(refusals(host(**listening(None, 443)), NEEDS))


def test_another_ports_process_is_nobodys_business() -> None:
    assert refusals(host(**listening("apache2", 8080)), NEEDS) == []


def test_another_projects_container_is_named() -> None:
    published = [{"port": 443, "container": "shop-web-1", "project": "shop"}]
    message = only(refusals(host(published=published), NEEDS))
    assert "Port 443 is taken by the container shop-web-1 of the Compose project shop" in message
    assert "docker stop shop-web-1" in message


def test_a_container_of_no_project_is_named() -> None:
    published = [{"port": 80, "container": "web", "project": None}]
    assert "the container web. Stop it (docker stop web)" in only(refusals(host(published=published), NEEDS))


@pytest.mark.parametrize("listener", ["docker-proxy", "dockerd", None])
def test_our_own_containers_ports_are_not_taken(listener: str | None) -> None:
    published = [{"port": port, "container": "tdm-nginx-1", "project": NEEDS.project} for port in (80, 443)]
    ports = listening(listener) if listener else {}
    assert refusals(host(published=published, **ports), NEEDS) == []


def test_a_proxy_without_an_engine_to_ask_is_ours_only_after_the_installation() -> None:
    assert refusals(host(**listening("docker-proxy"), installed=True), NEEDS) == []
    assert "docker-proxy" in only(refusals(host(**listening("docker-proxy")), NEEDS))


def test_every_reason_is_told_at_once() -> None:
    assert len(refusals(host(architecture="mips", version="18.04", **listening("apache2")), NEEDS)) == 3
