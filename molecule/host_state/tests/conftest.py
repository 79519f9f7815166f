"""Runs the scenario's play again with other variables, against the host under test alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

SCENARIO = Path(__file__).resolve().parents[1]
PROJECT = SCENARIO.parents[1]


@dataclass(frozen=True)
class Outcome:
    """What a run said: `task` is the result of the task host_state, `rc` the exit status of the play."""

    rc: int
    task: dict[str, Any]
    tasks: list[str]

    @property
    def message(self) -> str:
        """The message of a failure."""
        return str(self.task.get("msg", ""))


Converge = Callable[..., Outcome]


def journal(host: Host, unit: str) -> str:
    """The last lines of a unit's journal, for messages."""
    return str(host.run(f"journalctl --no-pager -n 30 -u {unit}").stdout)


def command_line(name: str, variables: dict[str, Any], *options: str) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment of a run of the scenario's play on one host."""
    environment = dict(
        os.environ,
        ANSIBLE_CONFIG=str(PROJECT / "ansible.cfg"),
        ANSIBLE_HOME=str(PROJECT / ".ansible"),
        ANSIBLE_STDOUT_CALLBACK="ansible.posix.json",
    )
    inventory = os.environ["MOLECULE_INVENTORY_FILE"]
    play = str(SCENARIO / "converge.yml")
    command = ["ansible-playbook", "-i", inventory, "-l", name, "-e", json.dumps(variables), *options, play]
    return command, environment


@pytest.fixture
def name(host: Host) -> str:
    """The inventory name of the host under test."""
    return str(host.backend.get_pytest_id()).rpartition("://")[2]


@pytest.fixture
def converge(name: str) -> Iterator[Converge]:
    """Run the play with variables and ansible-playbook's options; its own state is back at the end."""
    other = False

    def run(*options: str, **variables: Any) -> Outcome:
        nonlocal other
        other = bool(options or variables)
        command, environment = command_line(name, variables, *options)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout.strip(), f"no result: {done.stderr}"
        tasks = json.loads(done.stdout[done.stdout.index("{\n") :])["plays"][0]["tasks"]
        names = [task["task"]["name"] for task in tasks if not task["hosts"][name].get("skipped")]
        return Outcome(done.returncode, tasks[0]["hosts"][name], names)

    yield run
    if other:
        outcome = run()
        assert outcome.rc == 0, outcome.message
