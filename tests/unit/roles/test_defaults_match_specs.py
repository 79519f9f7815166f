"""Every role has the same anatomy: documented defaults, matching specs, a preflight, a README, a scenario."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
role = pytest.mark.parametrize("role", ROLES)


def load(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}


def options_of(role: str) -> dict[str, Any]:
    specs = load(ROOT / "roles" / role / "meta/argument_specs.yml")
    options: dict[str, Any] = specs["argument_specs"]["main"].get("options") or {}
    return options


def defaults_of(role: str) -> dict[str, Any]:
    path = ROOT / "roles" / role / "defaults/main.yml"
    return load(path) if path.exists() else {}


def test_there_are_roles() -> None:
    assert "stack" in ROLES


@role
def test_defaults_and_argument_specs_name_the_same_variables(role: str) -> None:
    required = {name for name, option in options_of(role).items() if option.get("required")}
    assert set(defaults_of(role)) | required == set(options_of(role))
    assert not required & set(defaults_of(role)), "a required variable has no default"


@role
def test_a_default_that_the_specs_repeat_is_the_same(role: str) -> None:
    defaults = defaults_of(role)
    for name, option in options_of(role).items():
        if "default" in option:
            assert option["default"] == defaults[name], name


@role
def test_every_variable_has_the_roles_prefix(role: str) -> None:
    assert [name for name in defaults_of(role) if not name.startswith(role + "_")] == []


@role
def test_every_variable_is_described(role: str) -> None:
    assert [name for name, option in options_of(role).items() if not option.get("description")] == []


@role
def test_a_comment_stands_above_every_default(role: str) -> None:
    path = ROOT / "roles" / role / "defaults/main.yml"
    assert uncommented(path.read_text(encoding="utf-8")) == []


def uncommented(text: str) -> list[str]:
    """Variables without a comment above; those of one paragraph share the comment at its head."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        commented = False
        for line in paragraph.splitlines():
            commented = commented or line.startswith("#")
            if (name := re.match(r"(\w+):", line)) and not commented:
                found.append(name[1])
    return found


def test_a_variable_without_a_comment_is_found() -> None:
    assert uncommented("---\n# Why.\na: 1\nb: 2\n\nc: 3\n") == ["c"]


@role
def test_a_preflight_comes_first(role: str) -> None:
    tasks = ROOT / "roles" / role / "tasks"
    assert (tasks / "preflight.yml").is_file()
    first = yaml.safe_load((tasks / "main.yml").read_text(encoding="utf-8"))[0]
    included = [
        value for key, value in first.items() if key.rpartition(".")[2] in ("import_tasks", "include_tasks")
    ]
    assert included == ["preflight.yml"]


@role
def test_every_role_depends_on_stack(role: str) -> None:
    dependencies = load(ROOT / "roles" / role / "meta/main.yml").get("dependencies") or []
    names = [entry if isinstance(entry, str) else entry.get("role") for entry in dependencies]
    assert role == "stack" or "stack" in names


@role
def test_a_scenario_of_the_roles_name_asserts_something(role: str) -> None:
    scenario = ROOT / "molecule" / role
    assert (scenario / "molecule.yml").is_file()
    tests = [path.read_text(encoding="utf-8") for path in scenario.glob("tests/test_*.py")]
    assert any(re.search(r"^\s+assert ", text, re.MULTILINE) for text in tests)


@pytest.fixture(scope="module")
def stale_documents() -> list[str]:
    """What scripts/role-docs --check names."""
    check = [sys.executable, str(ROOT / "scripts/role-docs"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [line.partition(": ")[2] for line in done.stdout.splitlines()]


@role
def test_the_readme_says_what_the_specs_say(role: str, stale_documents: list[str]) -> None:
    assert (ROOT / "roles" / role / "README.md").is_file()
    assert f"roles/{role}/README.md" not in stale_documents, "run `make docs`"


def test_the_reference_of_all_variables_is_up_to_date(stale_documents: list[str]) -> None:
    assert "docs/variables.md" not in stale_documents, "run `make docs`"
