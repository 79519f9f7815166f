"""A server whose operator has no key yet is not locked, and what its main file said still holds."""

from __future__ import annotations

from conftest import Outside
from testinfra.host import Host

testinfra_hosts = ["ansible://tdm-security-plain"]


def effective(host: Host) -> list[str]:
    """sshd's merged configuration, a line for each value."""
    return str(host.check_output("sshd -T -C user=root,host=localhost,addr=127.0.0.1")).splitlines()


def test_passwords_stay(host: Host, outside: Outside) -> None:
    assert "passwordauthentication yes" in effective(host)
    assert "permitrootlogin yes" in effective(host)
    denied = outside.ssh("-o", "PreferredAuthentications=password", port=2200)
    assert "publickey,password" in denied.stderr, denied.stderr


def test_the_port_is_kept_and_named_in_one_place(host: Host) -> None:
    assert [line for line in effective(host) if line.startswith("port ")] == ["port 2200"]
    main = host.file("/etc/ssh/sshd_config").content_string
    assert "\nPort 2200" not in main
    assert "# Port 2200" in main


def test_the_main_file_reads_the_drop_ins_first(host: Host) -> None:
    first = host.check_output("grep -v '^#' /etc/ssh/sshd_config | head -n 1")
    assert first == "Include /etc/ssh/sshd_config.d/*.conf"
    assert "x11forwarding no" in effective(host)
