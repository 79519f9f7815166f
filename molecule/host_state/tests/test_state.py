"""What the play asked for is there."""

from __future__ import annotations

from conftest import journal
from testinfra.host import Host

CONF = "/etc/demo/demo.conf"


def test_packages_accounts_and_paths_are_there(host: Host) -> None:
    assert host.package("tree").is_installed
    user = host.user("demo")
    assert (user.uid, user.gid, user.shell) == (4711, 4711, "/usr/sbin/nologin")
    assert "adm" in user.groups
    conf = host.file(CONF)
    assert (conf.user, conf.group, conf.mode) == ("demo", "demo", 0o640)
    assert "greeting=hello\nname=one\nname=two\n" in conf.content_string
    assert host.file("/etc/demo/current").linked_to == CONF
    assert not host.file("/etc/motd").exists
    assert host.file("/etc/demo/blob").size > 1000


def test_the_secret_is_in_the_file_that_needs_it(host: Host) -> None:
    token = host.file("/etc/demo/token").content_string
    assert len(token) == 43
    assert f"TOKEN={token}\n" in host.file("/etc/demo/token.env").content_string
    assert token not in host.check_output("cat /var/lib/host_state/demo.json")
    assert token not in host.check_output("journalctl --no-pager -t ansible-host_state -t python3 | cat")


def test_units_run_and_are_enabled(host: Host) -> None:
    for unit in ("demo.service", "cron.service", "demo.timer"):
        assert host.service(unit).is_running, journal(host, unit)
        assert host.service(unit).is_enabled
    assert "greeting=hello" in host.file("/run/demo/loaded").content_string


def test_the_kernel_parameter_is_set_and_written(host: Host) -> None:
    assert host.check_output("cat /proc/sys/net/ipv4/tcp_keepalive_time") == "1234"
    files = host.check_output("cat /etc/sysctl.d/60-*-demo.conf")
    assert "net.ipv4.tcp_keepalive_time = 1234" in files
