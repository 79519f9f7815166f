"""Runs of the role from the test, against the host under test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from testinfra.host import Host

SCENARIO = Path(__file__).resolve().parents[1]
Run = Callable[..., subprocess.CompletedProcess[str]]


def command(host: Host, *options: str) -> list[str]:
    """The command line of a run against the host."""
    inventory = os.environ["MOLECULE_INVENTORY_FILE"]
    limit = str(host.backend.get_hostname())
    return ["ansible-playbook", "-i", inventory, "--limit", limit, str(SCENARIO / "converge.yml"), *options]


@pytest.fixture(scope="module")
def run(host: Host) -> Run:
    """Run the role with further options; variables of the environment as keywords."""

    def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(host, *options),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def contents(host: Host) -> str:
    """Names, times and sizes of all that a run could change on the host."""
    roots = "/etc /opt /usr/local /root /home /var/log/tencent-doc-manager /var/spool/cron"
    listing = host.run(f"find {roots} -xdev -printf '%p %y %s %T@ %m %U %G\\n' 2>/dev/null; ls /run/*.lock")
    return str(listing.stdout)


def refused(host: Host, run: Run, *options: str, **environment: str) -> str:
    """The output of a run that must fail and change nothing."""
    before = contents(host)
    done = run(*options, **environment)
    output = done.stdout + done.stderr
    assert done.returncode != 0, output
    assert "failed=1" in output, output
    assert "changed=0" in output, output
    assert contents(host) == before, "the host was changed"
    return output
