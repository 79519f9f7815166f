"""A second run while one is going on is refused; what a dead run left does not stand in the way."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run, command, refused
from testinfra.host import Host

testinfra_hosts = ["tdm-stack-trixie"]
LOCK = "/run/tencent-doc-manager.lock"
LOCKED = ("-e", "stack_lock=true")


@pytest.fixture
def going_on(host: Host, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that holds the lock until it is ended."""
    wait = tmp_path / "wait"
    wait.touch()
    environment = {**os.environ, "TDM_STACK_WAIT": str(wait)}
    process = subprocess.Popen(
        command(host, *LOCKED), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + 240
    while not host.file(LOCK).exists and time.monotonic() < deadline:
        time.sleep(0.2)
    assert host.file(LOCK).exists, "the first run did not take the lock"
    yield process
    wait.unlink()
    output = process.communicate(timeout=300)[0]
    assert process.returncode in (0, -9), output


def test_a_second_run_is_refused_and_the_first_releases_its_lock(
    host: Host, run: Run, going_on: subprocess.Popen[str]
) -> None:
    holder = json.loads(host.check_output(f"cat {LOCK}"))
    assert holder["pid"] == going_on.pid
    for options in (LOCKED, (*LOCKED, "--check")):
        output = refused(host, run, *options)
        assert "Another run is changing this host" in output
        assert f"{holder['who']} (pid {going_on.pid})" in output
        assert "-e break_lock=true" in output
    assert json.loads(host.check_output(f"cat {LOCK}")) == holder


def test_a_killed_runs_lock_is_taken_over(host: Host, run: Run, going_on: subprocess.Popen[str]) -> None:
    going_on.kill()
    going_on.wait()
    assert host.file(LOCK).exists
    done = run(*LOCKED)
    assert done.returncode == 0, done.stdout
    assert "changed=0" in done.stdout
    assert not host.file(LOCK).exists, "the run that took it over has released it"


def test_another_controllers_lock_is_broken_on_demand_alone(host: Host, run: Run) -> None:
    holder = {"who": "bob@desk", "command": "ansible-playbook site.yml", "controller": "another", "boot": "b",
              "pid": 1, "started": "1", "time": int(time.time()) - 7200}  # fmt: skip
    host.check_output(f"echo '{json.dumps(holder)}' >{LOCK}")
    output = refused(host, run, *LOCKED)
    assert "bob@desk (pid 1) has run ansible-playbook site.yml for 120 minutes" in output
    assert "probably dead" in output
    done = run(*LOCKED, "-e", "break_lock=true")
    assert done.returncode == 0, done.stdout
    assert not host.file(LOCK).exists


def test_check_mode_takes_no_lock(host: Host, run: Run, tmp_path: Path) -> None:
    done = run(*LOCKED, "--check")
    assert done.returncode == 0, done.stdout
    assert not host.file(LOCK).exists


def test_a_refused_machine_leaves_no_lock(host: Host, run: Run) -> None:
    refused(host, run, *LOCKED, "-e", "stack_memory_max_mb=600")
    assert not host.file(LOCK).exists


def test_the_lock_is_kept_for_the_next_playbook_of_the_same_run_on_demand(host: Host, run: Run) -> None:
    done = run(*LOCKED, "-e", "stack_lock_keep=true")
    assert done.returncode == 0, done.stdout
    assert host.file(LOCK).exists
    host.check_output(f"rm {LOCK}")
