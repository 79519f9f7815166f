"""The firewall holds for ports that Docker publishes, and Docker's own traffic goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from conftest import Outside
from testinfra.host import Host

testinfra_hosts = ["ansible://tdm-security-trixie", "ansible://tdm-security-bullseye"]

Eventually = Callable[[Callable[[], bool]], bool]
# Published without a thought: on a network of its own, and on Docker's default bridge.
CARELESS = [9999, 9998]


def rules(host: Host) -> str:
    """Everything the kernel filters by, for the message of a failed assertion."""
    return str(host.check_output("nft list ruleset"))


def inside(host: Host, container: str, *command: str) -> int:
    """Exit status of a command in a container."""
    return int(host.run("docker exec %s /bin/busybox " + " ".join(command), container).rc)


def test_published_web_port_is_admitted(host: Host, outside: Outside) -> None:
    assert outside.admits(80), rules(host)


@pytest.mark.parametrize("port", CARELESS)
def test_careless_port_answers_on_the_host_itself(host: Host, port: int) -> None:
    """Else the next test would pass because nobody listens."""
    assert host.run(f"timeout 3 bash -c '</dev/tcp/127.0.0.1/{port}'").rc == 0


@pytest.mark.parametrize("port", CARELESS)
def test_careless_port_is_not_reachable_from_another_host(host: Host, outside: Outside, port: int) -> None:
    assert outside.drops(port), rules(host)


def test_a_container_is_not_reachable_by_a_route_past_its_published_port(
    host: Host, outside: Outside
) -> None:
    """Another machine of the same network may route to a container's own address."""
    template = "{{.NetworkSettings.Networks.inner.IPAddress}}"
    address = host.check_output("docker inspect --format %s careless", template)
    subprocess.run(["ip", "route", "replace", address, "via", outside.address], check=True)
    try:
        # On the web server's own port, and on one that is admitted for the host.
        for port in (8000, 80):
            assert Outside(outside.name, address, outside.key).drops(port), rules(host)
    finally:
        subprocess.run(["ip", "route", "del", address], check=True)


def test_containers_reach_the_outside(host: Host, listener: tuple[str, int]) -> None:
    address, port = listener
    assert inside(host, "careless", "nc", "-w", "3", "-z", address, str(port)) == 0, rules(host)


def test_containers_reach_each_other(host: Host) -> None:
    assert inside(host, "careless", "wget", "-q", "-T", "3", "-S", "-O-", "http://wanted:8000/none") == 1
    assert inside(host, "careless", "nc", "-w", "3", "-z", "wanted", "8000") == 0, rules(host)


def test_containers_reach_the_service_by_the_hosts_own_address(host: Host, outside: Outside) -> None:
    assert inside(host, "careless-bridge", "nc", "-w", "3", "-z", outside.address, "80") == 0, rules(host)


def test_the_firewall_survives_a_restart_of_docker(
    host: Host, outside: Outside, eventually: Eventually
) -> None:
    host.check_output("systemctl restart docker")
    assert eventually(lambda: outside.admits(80)), rules(host)
    assert outside.drops(9999), rules(host)


def test_the_firewall_survives_a_reboot(host: Host, outside: Outside, eventually: Eventually) -> None:
    subprocess.run(["docker", "restart", "--time", "20", outside.name], check=True, capture_output=True)
    # The address may be another one now.
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    found = subprocess.run(
        ["docker", "inspect", "--format", template, outside.name], check=True, capture_output=True, text=True
    )
    again = Outside(outside.name, found.stdout.strip(), outside.key)
    assert eventually(lambda: host.run("systemctl is-active tdm-firewall.service").rc == 0)
    assert eventually(lambda: again.admits(80)), rules(host)
    assert again.drops(9999), rules(host)
    assert eventually(lambda: again.admits(22)), host.check_output(
        "systemctl status ssh.socket ssh.service || true"
    )
