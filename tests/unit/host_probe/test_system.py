"""What a host is, from the files of real hosts and of an Ubuntu 20.04 written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.host_probe.files import HostFiles
from plugins.module_utils.host_probe.session import ssh_port
from plugins.module_utils.host_probe.system import cpus, disk_facts, os_release, system_facts, systemd_version
from tests.unit.host_probe.captures import FACTS, MakeFiles, capture


@pytest.mark.parametrize("name", sorted(path.name for path in FACTS.glob("*.json")))
def test_facts_of_known_hosts(name: str, make_files: MakeFiles) -> None:
    host = capture(name)
    uname = host["uname"]
    facts = system_facts(
        make_files(host["files"]), host["affinity"], uname["machine"], uname["release"], uname["nodename"]
    )
    found = {key: facts[key] for key in host["stack_host"]}
    assert found == host["stack_host"], host["source"]
    assert facts["kernel"] == uname["release"]


def test_a_host_without_anything_is_no_crash(make_files: MakeFiles) -> None:
    facts = system_facts(make_files({}), 1, "riscv64", "6.1", "bare")
    assert (facts["memory_mb"], facts["version"], facts["deb_architecture"]) == (0, "", "")
    assert facts["systemd_version"] is None


def test_os_release_values_lose_quotes_comments_and_escapes() -> None:
    text = '# comment\nID=\'debian\'\nPRETTY_NAME="A \\"B\\""\nVERSION_ID=13\n\nbroken\n'
    assert os_release(text) == {"ID": "debian", "PRETTY_NAME": 'A "B"', "VERSION_ID": "13"}


@pytest.mark.parametrize(
    ("affinity", "quota", "expected"),
    [(4, None, 4), (4, 1.5, 1.5), (2, 8.0, 2), (4, 2.0, 2), (4, 1.999, 1.99)],
)
def test_cpus_are_the_smaller_of_affinity_and_quota(
    affinity: int, quota: float | None, expected: float
) -> None:
    found = cpus(affinity, quota)
    assert found == expected
    assert isinstance(found, type(expected))


def test_systemd_version_ignores_what_follows_the_number(make_files: MakeFiles) -> None:
    assert systemd_version(make_files({"/usr/lib/systemd/libsystemd-shared-252.38-1.so": ""})) == 252


def test_disks_of_paths_that_do_not_exist_yet_are_those_of_the_nearest_parent(tmp_path: Path) -> None:
    (tmp_path / "opt").mkdir()
    here, there = disk_facts(HostFiles(str(tmp_path)), ["/opt", "/opt/not/yet/there"])
    assert here["size_gb"] == there["size_gb"] > 0
    assert there["path"] == "/opt/not/yet/there"
    assert here["free_mb"] <= here["size_gb"] * 1024


def test_the_ssh_port_is_found_above_sudo(make_files: MakeFiles) -> None:
    files = make_files(
        {
            "/proc/30/environ": "SUDO_USER=admin\0PATH=/bin\0",
            "/proc/30/status": "Name:\tpython3\nPPid:\t20\n",
            "/proc/20/environ": "HOME=/root\0SSH_CONNECTION=10.0.0.2 54321 10.0.0.10 2222\0",
            "/proc/20/status": "Name:\tsh\nPPid:\t1\n",
        }
    )
    assert ssh_port(files, 30) == 2222


def test_outside_of_ssh_there_is_no_port(make_files: MakeFiles) -> None:
    files = make_files({"/proc/9/environ": "", "/proc/9/status": "Name:\tsh\nPPid:\t1\n"})
    assert ssh_port(files, 9) is None
    assert ssh_port(files, 777) is None
