"""Who fails to log in again and again is shut out."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator

import pytest
from conftest import Outside
from testinfra.host import Host

Eventually = Callable[[Callable[[], bool]], bool]


def ssh_port(outside: Outside) -> int:
    """Port of sshd on this platform."""
    return 2200 if outside.name.endswith("plain") else 22


@pytest.fixture
def pardoned(host: Host) -> Iterator[None]:
    """Takes every ban back, at the end and beforehand: a restarted fail2ban remembers earlier failures."""
    host.check_output("fail2ban-client unban --all")
    yield
    host.check_output("fail2ban-client unban --all")


def test_it_watches_ssh(host: Host) -> None:
    assert host.service("fail2ban").is_enabled
    assert host.service("fail2ban").is_running
    assert "sshd" in host.check_output("fail2ban-client status")


@pytest.mark.usefixtures("pardoned")
def test_failed_logins_bring_a_ban(host: Host, outside: Outside, eventually: Eventually) -> None:
    port = ssh_port(outside)
    assert outside.admits(port)
    for _ in range(6):
        # The ban may fall in the middle of a connection, which then hangs.
        with contextlib.suppress(subprocess.TimeoutExpired):
            outside.ssh("-o", "PubkeyAuthentication=no", port=port, user="nobody-of-that-name", seconds=6)
    journal = "journalctl --no-pager -n 40 -u fail2ban -u ssh; fail2ban-client status sshd"
    assert eventually(lambda: not outside.admits(port, 1.0)), host.run(journal).stdout
    host.check_output("fail2ban-client unban --all")
    assert eventually(lambda: outside.admits(port, 1.0)), host.run(journal).stdout


def test_the_inventorys_friends_are_never_banned(host: Host, outside: Outside) -> None:
    ignored = host.check_output("fail2ban-client get sshd ignoreip")
    assert ("192.0.2.0/24" in ignored) == outside.name.endswith("plain"), ignored
