"""What the host itself lets in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Outside
from testinfra.host import Host


@pytest.fixture
def stray_service(host: Host) -> Iterator[int]:
    """Something on the host that listens to everybody, on a port nobody meant to open."""
    host.check_output("systemd-run --unit=stray --collect python3 -m http.server 7777 --bind 0.0.0.0")
    host.check_output("timeout 10 bash -c 'until </dev/tcp/127.0.0.1/7777; do sleep 0.2; done' 2>/dev/null")
    yield 7777
    host.check_output("systemctl stop stray")


def test_a_stray_service_is_not_reachable(host: Host, outside: Outside, stray_service: int) -> None:
    assert outside.drops(stray_service), host.check_output("nft list table inet tdm_firewall")


def test_ssh_is_reachable(host: Host, outside: Outside) -> None:
    port = 2200 if outside.name.endswith("plain") else 22
    assert outside.admits(port), host.check_output("nft list table inet tdm_firewall")


def test_an_admitted_port_without_a_service_refuses_at_once(host: Host, outside: Outside) -> None:
    """Admitted means that the packet reaches the host, whose kernel says that nobody listens."""
    port = 8443 if outside.name.endswith("plain") else 443
    assert not outside.drops(port), host.check_output("nft list table inet tdm_firewall")


def test_the_default_ports_give_way_to_the_inventorys(outside: Outside) -> None:
    if outside.name.endswith("plain"):
        assert outside.drops(443)
        assert outside.drops(22)


def test_the_unit_starts_at_boot_and_rules_of_others_stay(host: Host) -> None:
    assert host.service("tdm-firewall").is_enabled
    assert host.service("tdm-firewall").is_running
    host.check_output("nft add table inet somebody_else")
    host.check_output("systemctl reload tdm-firewall")
    assert host.run("nft list table inet somebody_else").rc == 0, "a reload flushed rules that are not ours"
    host.check_output("nft delete table inet somebody_else")
