"""The controller's side: who is running, whether a holder is gone, and what people are told."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs

from plugins.action import host_probe


def test_the_command_is_shown_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {
        "args": ("site.yml",),
        "inventory": ("inventories/production",),
        "extra_vars": ("app_admin_password=hunter2",),
    }
    monkeypatch.setattr(context, "CLIARGS", CLIArgs(arguments))
    assert host_probe.command() == "ansible-playbook site.yml -i inventories/production"


def test_the_start_of_a_process_is_known_and_of_a_dead_one_is_not() -> None:
    assert host_probe.started(os.getpid()).isdigit()
    with subprocess.Popen(["true"]) as process:
        process.wait()
        assert host_probe.started(process.pid) == ""


def holder(**changes: Any) -> dict[str, Any]:
    """This very process as a lock's holder."""
    mine = {"controller": "c1", "boot": "b1", "pid": os.getpid(), "started": host_probe.started(os.getpid())}
    return {**mine, "who": "bob@desk", "command": "ansible-playbook site.yml", "age_minutes": 5, **changes}


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, False),
        ({"started": "1"}, True),
        ({"boot": "before"}, True),
        ({"controller": "c2", "started": "1"}, False),
    ],
)
def test_only_a_dead_process_of_this_controller_is_gone(changes: dict[str, Any], gone: bool) -> None:
    assert host_probe.is_gone(holder(**changes), holder()) is gone


def test_a_fresh_lock_names_holder_age_and_what_to_do() -> None:
    message = host_probe.held(holder(), "/run/x.lock", 60)
    for part in ("bob@desk", "ansible-playbook site.yml", "5 minutes", "-e break_lock=true"):
        assert part in message, part
    assert "probably" not in message


def test_a_stale_lock_is_called_so() -> None:
    message = host_probe.held(holder(age_minutes=61), "/run/x.lock", 60)
    assert "probably dead" in message
    assert "/run/x.lock" in message


@pytest.mark.parametrize(
    "told",
    [
        {"msg": "ansible-core requires a minimum of Python version 3.8. Current version: 3.6.9"},
        {"msg": "MODULE FAILURE", "module_stderr": "SyntaxError: future feature annotations is not defined"},
        {"msg": "MODULE FAILURE", "module_stdout": '  File "<stdin>"\nSyntaxError: invalid syntax\n'},
    ],
)
def test_an_old_python_is_explained(told: dict[str, str]) -> None:
    message = host_probe.explain(told, "/usr/bin/python3.6")
    assert "/usr/bin/python3.6 is older than 3.8" in message
    assert "ansible_python_interpreter" in message


def test_a_missing_python_is_explained() -> None:
    told = {"msg": "The module interpreter '/usr/bin/python3' was not found."}
    assert "has no /usr/bin/python3" in host_probe.explain(told, "/usr/bin/python3")


def test_any_other_failure_keeps_its_own_words() -> None:
    assert host_probe.explain({"msg": "disk on fire"}, "") == ""
