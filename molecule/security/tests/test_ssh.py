"""sshd as a client meets it."""

from __future__ import annotations

import pytest
from conftest import Outside
from testinfra.host import Host

testinfra_hosts = ["ansible://tdm-security-trixie", "ansible://tdm-security-bullseye"]


def effective(host: Host) -> set[str]:
    """sshd's merged configuration, a line for each value."""
    return set(host.check_output("sshd -T -C user=root,host=localhost,addr=127.0.0.1").splitlines())


def test_the_operators_key_logs_in(host: Host, outside: Outside) -> None:
    answer = outside.ssh()
    assert answer.returncode == 0, answer.stderr + host.check_output("journalctl -n 30 --no-pager -t sshd")
    assert answer.stdout.strip() == host.check_output("hostname")


def test_passwords_are_off_where_a_key_works(host: Host, outside: Outside) -> None:
    assert {"passwordauthentication no", "permitrootlogin without-password"} <= effective(host) | {
        line.replace("prohibit-password", "without-password") for line in effective(host)
    }
    offered = outside.ssh(
        "-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=password,keyboard-interactive"
    )
    assert "Permission denied (publickey)" in offered.stderr, offered.stderr


@pytest.mark.parametrize(
    "option",
    [
        "Ciphers=aes128-cbc",
        "KexAlgorithms=diffie-hellman-group14-sha256",
        "MACs=hmac-sha1",
        "HostKeyAlgorithms=ssh-rsa",
    ],
)
def test_old_algorithms_are_refused(outside: Outside, option: str) -> None:
    # Not those ciphers that carry their own MAC, or the MAC would not matter.
    answer = outside.ssh("-o", option, *(["-o", "Ciphers=aes256-ctr"] if option.startswith("MACs") else []))
    assert answer.returncode != 0
    assert "no matching" in answer.stderr, answer.stderr


@pytest.mark.parametrize("kex", ["curve25519-sha256", "diffie-hellman-group16-sha512"])
def test_modern_algorithms_are_accepted(outside: Outside, kex: str) -> None:
    answer = outside.ssh("-o", f"KexAlgorithms={kex}", "-o", "Ciphers=aes256-gcm@openssh.com")
    assert answer.returncode == 0, answer.stderr
