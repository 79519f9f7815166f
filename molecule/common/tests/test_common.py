"""What role common promises, asked of the host itself."""

from __future__ import annotations

import pytest
from testinfra.host import Host

ROOT = "/opt/tencent-doc-manager"


def suite(host: Host) -> str:
    """Codename of the host's distribution."""
    return str(host.check_output(". /etc/os-release; echo $VERSION_CODENAME"))


def only_on(host: Host, wanted: str) -> bool:
    """Whether this host is the platform that a test is about (see molecule.yml)."""
    return suite(host) == wanted


@pytest.mark.parametrize("name", ["ca-certificates", "curl", "logrotate", "lsof", "rsync", "tzdata"])
def test_base_packages_are_installed(host: Host, name: str) -> None:
    assert host.package(name).is_installed


def test_service_user_has_its_fixed_ids_and_cannot_log_in(host: Host) -> None:
    user = host.user("tdm")
    assert (user.uid, user.gid, user.shell) == (10001, 10001, "/usr/sbin/nologin")
    assert host.group("tdm").gid == 10001


@pytest.mark.parametrize(
    ("path", "uid", "mode"),
    [
        (ROOT, 0, 0o755),
        (ROOT + "/run", 0, 0o755),
        (ROOT + "/secrets", 0, 0o711),
        (ROOT + "/data", 10001, 0o750),
        ("/var/log/tencent-doc-manager", 0, 0o755),
        ("/opt/backups/tencent-doc-manager", 0, 0o700),
    ],
)
def test_top_directories(host: Host, path: str, uid: int, mode: int) -> None:
    directory = host.file(path)
    assert directory.is_directory
    assert (directory.uid, directory.mode) == (uid, mode), path


def test_time_zone_is_what_programs_see(host: Host) -> None:
    wanted = "+0800" if only_on(host, "trixie") else "+0000"
    assert host.check_output("date +%z") == wanted
    assert host.file("/etc/timezone").content_string.strip() == (
        "Asia/Shanghai" if wanted == "+0800" else "Etc/UTC"
    )


def test_time_service(host: Host) -> None:
    if only_on(host, "bullseye"):
        assert host.package("chrony").is_installed, "the operator's own time service was removed"
        assert not host.package("systemd-timesyncd").is_installed
    else:
        assert host.service("systemd-timesyncd").is_enabled
        servers = host.check_output("systemd-analyze cat-config systemd/timesyncd.conf")
        assert "NTP=ntp.example.com" in servers.splitlines()


@pytest.mark.parametrize(
    ("key", "value"),
    [("vm.overcommit_memory", 1), ("vm.swappiness", 10), ("net.core.somaxconn", 1024)],
)
def test_kernel_settings_are_live_and_kept(host: Host, key: str, value: int) -> None:
    assert host.sysctl(key) == value
    kept = host.check_output("cat /etc/sysctl.d/60-tencent-doc-manager*.conf").replace(" ", "").splitlines()
    assert f"{key}={value}" in kept


def test_the_inventory_adds_kernel_settings(host: Host) -> None:
    assert host.sysctl("net.ipv4.tcp_keepalive_time") == (600 if only_on(host, "trixie") else 7200)


def test_extra_ca_is_trusted(host: Host) -> None:
    verified = host.run("openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt /root/leaf.pem")
    assert verified.rc == 0, verified.stdout + verified.stderr


def test_mirror_takes_the_place_of_the_distributions_sources(host: Host) -> None:
    mirror = host.file("/etc/apt/sources.list.d/tencent-doc-manager-mirror.sources")
    if only_on(host, "trixie"):
        assert "trixie-security" in mirror.content_string
        assert not host.file("/etc/apt/sources.list").exists
        assert "trixie-security" in host.check_output("apt-get indextargets --format '$(RELEASE)' | sort -u")
    else:
        assert not mirror.exists
        assert host.file("/etc/apt/sources.list").exists
    assert "Candidate: (none)" not in host.check_output("apt-cache policy redis-server")


def test_security_updates_come_by_themselves(host: Host) -> None:
    if only_on(host, "bullseye"):
        assert not host.package("unattended-upgrades").is_installed
        return
    for timer in ("apt-daily.timer", "apt-daily-upgrade.timer"):
        assert host.service(timer).is_enabled, timer
        assert host.service(timer).is_running, timer
    settings = host.check_output("apt-config dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in settings
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in settings
    dry = host.run("unattended-upgrade --dry-run --debug")
    words = dry.stdout + dry.stderr
    assert dry.rc == 0, words
    allowed = next(line for line in words.splitlines() if "Allowed origins are" in line)
    assert allowed.count("origin=") == 2, allowed
    assert "label=Debian-Security" in allowed, allowed
    assert "Initial blacklist: docker" in words, words


def test_journal_is_limited(host: Host) -> None:
    megabytes = 120 if only_on(host, "trixie") else 200
    config = host.check_output("systemd-analyze cat-config systemd/journald.conf").splitlines()
    assert f"SystemMaxUse={megabytes}M" in config
    # The running daemon says on its start what it keeps to, in memory a quarter.
    said = host.check_output("journalctl --boot --no-pager _COMM=systemd-journal + _COMM=systemd-journald")
    assert (
        f"max {megabytes / 4:.1f}M" in said
        or f"max {megabytes / 4:.0f}M" in said
        or f"max {megabytes}" in said
    ), said


def test_no_swap_is_taken_into_use_in_a_container(host: Host) -> None:
    assert not host.file("/etc/systemd/system/var-lib-swap-file.swap").exists
    assert "/var/lib/swap/file" not in host.check_output("cat /proc/swaps")


def test_swap_file_of_a_machine(host: Host) -> None:
    """converge.yml has it made as on a machine: whole, formatted, readable by root alone."""
    file = host.file("/var/lib/swap/file")
    assert (file.size, file.mode, file.user) == (64 * 1024 * 1024, 0o600, "root")
    assert "UUID" in host.check_output("swaplabel /var/lib/swap/file")
    blocks = int(host.check_output("stat --format=%b /var/lib/swap/file"))
    assert blocks * 512 >= file.size, "the file has holes: the kernel would refuse to swap to it"
    assert not host.file("/var/lib/swap/file.new").exists


def test_nothing_rebooted_the_host(host: Host) -> None:
    assert host.file("/run/reboot-required").exists, "the flag lives in memory: it is gone after a reboot"


def test_logs_are_looked_at_each_hour_and_the_journal_keeps_to_its_share(host: Host) -> None:
    shown = host.check_output("systemctl show logrotate.timer --property TimersCalendar")
    assert "OnCalendar=*-*-* *:00:00" in shown, shown
    assert "OnCalendar=*-*-* 00:00:00" not in shown, shown
    assert host.service("logrotate.timer").is_running
    conf = host.check_output("cat /etc/systemd/journald.conf.d/60-tencent-doc-manager.conf")
    assert "SystemMaxUse=200M" in conf or "SystemMaxUse=1" in conf, conf
