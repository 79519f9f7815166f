"""Runs the role again with other variables, to see it refuse."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from testinfra.host import Host

SCENARIO = Path(__file__).parents[1]


@pytest.fixture
def converge(host: Host) -> Callable[..., tuple[int, str]]:
    """Exit status and output of a run on this host with the given variables."""

    def run(**variables: object) -> tuple[int, str]:
        command = ["ansible-playbook", "-i", os.environ["MOLECULE_INVENTORY_FILE"]]
        command += ["--limit", host.backend.get_hostname(), str(SCENARIO / "converge.yml")]
        command += [f"-e{name}={value}" for name, value in variables.items()]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
        return result.returncode, " ".join((result.stdout + result.stderr).split())

    return run
