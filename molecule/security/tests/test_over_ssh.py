"""The role over SSH, as an operator runs it: a moved port locks nobody out, flushed rules come back."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Outside
from testinfra.host import Host

testinfra_hosts = ["ansible://tdm-security-trixie", "ansible://tdm-security-bullseye"]


@pytest.fixture
def run_role(outside: Outside) -> Iterator[Runner]:
    """Runs the role over SSH on a port."""
    # Not pytest's own directory: the path of a socket must be short.
    with tempfile.TemporaryDirectory() as directory:
        yield Runner(outside, Path(directory))


class Runner:
    """Runs the role with the operator's key."""

    def __init__(self, outside: Outside, directory: Path) -> None:
        self.outside = outside
        self.directory = directory

    def __call__(self, port: int, *options: str) -> str:
        """Output of a run that must succeed, its lines joined."""
        inventory = self.directory / "hosts.yml"
        shared = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
        shared += f" -o ControlPath={self.directory}/%p"
        inventory.write_text(
            "all:\n  hosts:\n"
            f"    {self.outside.name}:\n"
            f"      ansible_host: {self.outside.address}\n"
            f"      ansible_port: {port}\n"
            "      ansible_user: root\n"
            f"      ansible_ssh_private_key_file: {self.outside.key}\n"
            f"      ansible_ssh_common_args: {shared}\n"
        )
        project = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
        done = subprocess.run(
            ["ansible-playbook", "molecule/security/over_ssh.yml", "-i", str(inventory), *options],
            capture_output=True, text=True, check=False, timeout=300, cwd=project,
            env={**os.environ, "ANSIBLE_CONFIG": str(project / "ansible.cfg")},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return " ".join(done.stdout.split())


def test_the_port_moves_in_two_steps(host: Host, outside: Outside, run_role: Runner) -> None:
    moved = ["-e", "security_ssh_port=2222"]

    first = run_role(22, *moved)
    assert "Set ansible_port to 2222" in " ".join(first.split()), first
    assert outside.ssh(port=22).returncode == 0, "the port of the running session was closed"
    assert outside.ssh(port=2222).returncode == 0, host.check_output(
        "ss -tlnp; nft list table inet tdm_firewall"
    )

    second = run_role(2222, *moved)
    assert "Set ansible_port" not in second
    assert outside.ssh(port=2222).returncode == 0
    assert outside.drops(22), host.check_output("ss -tlnp; nft list table inet tdm_firewall")

    # And without a word about it in the inventory, the port stays where it is.
    assert "changed=0" in run_role(2222)

    run_role(2222, "-e", "security_ssh_port=22")
    run_role(22, "-e", "security_ssh_port=22")
    assert outside.drops(2222)
    assert outside.ssh(port=22).returncode == 0


def test_rules_removed_by_hand_are_noticed_and_come_back(
    host: Host, outside: Outside, run_role: Runner
) -> None:
    host.check_output("nft delete table inet tdm_firewall")
    assert outside.admits(9999), "the test needs a port that only the firewall closes"
    assert "changed=0" not in run_role(22, "--check")
    assert outside.admits(9999), "a check changed something"
    run_role(22)
    assert outside.drops(9999), host.check_output("nft list ruleset")
