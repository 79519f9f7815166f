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
    """What the kernel filters by and what Docker said last, for the message of a failed assertion."""
    journal = "journalctl --unit docker --unit tdm-firewall --no-pager --lines 15"
    return str(host.check_output(f"nft list ruleset; {journal}"))


def reaches(host: Host, container: str, address: str, port: int) -> bool:
    """Whether a TCP connection out of a container is taken up."""
    connect = f"/bin/busybox nc -w 3 {address} {port} -e /bin/busybox true"
    return bool(host.run(f"docker exec {container} {connect}").rc == 0)


def address_of(host: Host, container: str) -> str:
    """A container's own address on the network `inner`."""
    template = "{{.NetworkSettings.Networks.inner.IPAddress}}"
    return str(host.check_output("docker inspect --format %s %s", template, container))


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
    address = address_of(host, "careless")
    subprocess.run(["ip", "route", "replace", address, "via", outside.address], check=True)
    try:
        # On the web server's own port, and on one that is admitted for the host.
        for port in (8000, 80):
            assert Outside(outside.name, address, outside.key).drops(port), rules(host)
    finally:
        subprocess.run(["ip", "route", "del", address], check=True)


def test_containers_reach_the_outside(host: Host, listener: tuple[str, int]) -> None:
    address, port = listener
    assert reaches(host, "careless", address, port), rules(host)


def test_containers_reach_each_other(host: Host) -> None:
    # By address: the static program cannot resolve names on bullseye.
    address = address_of(host, "wanted")
    assert reaches(host, "careless", address, 8000), rules(host)
    assert not reaches(host, "careless", address, 8001), "the test sees connections that are not there"


def test_containers_reach_the_service_by_the_hosts_own_address(host: Host, outside: Outside) -> None:
    assert reaches(host, "careless-bridge", outside.address, 80), rules(host)


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
