"""The action plugin in a real ansible-playbook, against this machine and a temporary directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent


class Play:
    """A playbook with one task `host_state`, its templates and what came out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "host"
        for name in (self.root, folder / "templates", folder / "files"):
            name.mkdir()

    def run(self, *options: str, variables: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
        """Run the playbook; return the task's result, with all output as `output`."""
        task = {"host_state": {"name": "demo", "state_dir": str(self.folder / "state"), **arguments}}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables or {}}
        (self.folder / "play.yml").write_text(json.dumps([dict(play, tasks=[task])]))
        environment = dict(
            os.environ,
            ANSIBLE_CONFIG=str(PROJECT / "ansible.cfg"),
            ANSIBLE_HOME=str(self.folder / "ansible"),
            ANSIBLE_STDOUT_CALLBACK="ansible.posix.json",
            ANSIBLE_LOCALHOST_WARNING="false",
            ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
        )
        command = [str(BIN / "ansible-playbook"), "play.yml", *options]
        run = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert run.stdout.strip(), f"no result: {run.stderr}"
        report = json.loads(run.stdout[run.stdout.index("{\n") :])
        result: dict[str, Any] = report["plays"][0]["tasks"][0]["hosts"]["localhost"]
        return dict(result, output=run.stdout + run.stderr)

    def path(self, name: str) -> str:
        """Return a path of the sandbox."""
        return str(self.root / name)

    def template(self, name: str, text: str) -> None:
        """Write a template."""
        (self.folder / "templates" / name).write_text(text)


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """A playbook in an empty directory."""
    return Play(tmp_path)


def executions(result: dict[str, Any]) -> int:
    """Return how many modules ran on the target, from the output of -vvv."""
    return str(result["output"]).count("Using module file")


def test_a_whole_life(play: Play) -> None:
    play.template(
        "a.j2", "{% if true %}\ngreeting = {{ greeting }} {{ more }}\n{% endif %}\n# {{ ansible_managed }}\n"
    )
    state: dict[str, Any] = {
        "directories": [{"path": play.path("d")}],
        "files": [{"path": play.path("d/a"), "template": "a.j2", "vars": {"more": "{{ greeting | upper }}"}}],
        "triggers": {"reload": [play.path("d")]},
    }
    told = play.run("--check", "--diff", variables={"greeting": "hello"}, **state)
    assert told["changed"] is True
    assert told["changed_paths"] == [play.path("d"), play.path("d/a")]
    assert told["diff"][1]["after"] == "greeting = hello HELLO\n# Ansible managed\n"
    assert list(play.root.iterdir()) == []

    done = play.run(variables={"greeting": "hello"}, **state)
    assert (done["changed"], done["changed_paths"]) == (True, told["changed_paths"])
    assert (play.root / "d/a").read_text() == "greeting = hello HELLO\n# Ansible managed\n"

    assert play.run(acknowledge=["reload"])["changed"] is False
    again = play.run("-vvv", variables={"greeting": "hello"}, **state)
    assert (again["changed"], executions(again)) == (False, 1)

    (play.root / "d/a").chmod(0o600)
    drift = play.run("--check", variables={"greeting": "hello"}, **state)
    assert drift["changed_paths"] == [play.path("d/a")]
    mended = play.run("-vvv", variables={"greeting": "hello"}, **state)
    assert (mended["changed"], executions(mended)) == (True, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1\n2\n{{ nothing_here }}\n",
            "template b.j2, line 3 ({folder}/templates/b.j2): 'nothing_here' is undefined",
        ),
        ("1\n{% if %}\n", "template b.j2, line 2 ({folder}/templates/b.j2): Syntax error in template"),
        ("1\n{{ 1 | no_filter }}\n", "template b.j2, line 2"),
        ("1\n{{ [] | first }}\n", "template b.j2"),
    ],
)
def test_a_broken_template_is_named_with_its_line_and_nothing_is_sent(
    play: Play, text: str, message: str
) -> None:
    play.template("b.j2", text)
    files = [{"path": play.path("a"), "content": "x"}, {"path": play.path("b"), "template": "b.j2"}]
    result = play.run("-vvv", files=files)
    assert result["failed"] is True
    assert message.format(folder=play.folder) in result["msg"]
    assert executions(result) == 0
    assert list(play.root.iterdir()) == []


def test_a_template_that_is_nowhere_is_named_with_where_it_was_sought(play: Play) -> None:
    result = play.run(files=[{"path": play.path("a"), "template": "no.j2"}])
    assert "template no.j2 is in none of these" in result["msg"]
    assert str(PROJECT) in result["msg"]


def test_wrong_arguments_and_refusals_fail_the_task_with_their_message(play: Play) -> None:
    result = play.run(files=[{"path": play.path("a"), "content": "x", "mode": 420}])
    assert (
        result["msg"]
        == f"host_state demo: files[0] {play.path('a')}: mode 420 is a number: quote it, as in mode: '0644'"
    )
    result = play.run(files=[{"path": play.path("a/b"), "content": "x"}])
    assert f"host_state demo: files[0] {play.path('a/b')}: its directory" in result["msg"]


def test_a_binary_file_is_transferred_when_it_is_missing_and_only_then(play: Play) -> None:
    content = bytes(range(256)) * 2000
    (play.folder / "files/tool").write_bytes(content)
    state: dict[str, Any] = {"files": [{"path": play.path("tool"), "src": "tool", "mode": "0755"}]}
    assert play.run("--check", **state)["changed_paths"] == [play.path("tool")]
    first = play.run("-vvv", **state)
    assert (play.root / "tool").read_bytes() == content
    assert first["output"].count("PUT ") == 1
    second = play.run("-vvv", **state)
    assert (second["changed"], executions(second), second["output"].count("PUT ")) == (False, 1, 0)


def test_nothing_secret_is_printed_even_with_many_v(play: Play) -> None:
    (play.folder / "vault").write_text("open sesame\n")
    encrypt = [
        str(BIN / "ansible-vault"),
        "encrypt_string",
        "--vault-password-file",
        "vault",
        "vaulted-word-77",
    ]
    vaulted = subprocess.run(encrypt, cwd=play.folder, capture_output=True, text=True, check=True).stdout
    (play.folder / "secret.yml").write_text(f"vaulted: {vaulted}")
    play.template("s.j2", "given {{ given }} {{ vaulted }}\n")
    state: dict[str, Any] = {
        "files": [
            {"path": play.path("s"), "template": "s.j2", "sensitive": True},
            {"path": play.path("v"), "content": "{{ vaulted }}", "sensitive": True},
            {
                "path": play.path("w"),
                "content": "{{ given }}",
                "sensitive": True,
                "validate": "sh -c 'cat $0; exit 1' %s",
            },
        ],
    }
    (play.folder / "given.yml").write_text("given: given-word-88\n")
    options = ["-vvvv", "--diff", "-e", "@secret.yml", "-e", "@given.yml", "--vault-password-file", "vault"]
    refused = play.run(*options, **state)
    assert "refuses the new content" in refused["msg"]
    del state["files"][2]["validate"]
    runs = [refused, play.run("--check", *options, **state), play.run(*options, **state)]
    (play.root / "s").write_text("was-word-99")
    runs.append(play.run(*options, **state))
    assert (play.root / "s").read_text() == "given given-word-88 vaulted-word-77\n"
    assert (play.root / "v").read_text() == "vaulted-word-77"
    for run in runs:
        for word in ("vaulted-word-77", "given-word-88", "was-word-99"):
            assert word not in run["output"]


def test_the_projects_own_templates_are_found(play: Play) -> None:
    (play.folder / "templates").rmdir()
    name = next(path for path in sorted((PROJECT / "templates").rglob("*.j2"))).relative_to(
        PROJECT / "templates"
    )
    result = play.run("--check", files=[{"path": play.path("a"), "template": str(name)}])
    assert "is in none of these" not in result.get("msg", "")
