"""The release's name: by content, the same everywhere, and quick to compute."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.app.stack import ROOT

INPUTS = ["app", "requirements/app.txt", "files/app", "scripts/build-wheel"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of its own with what goes into a release."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *INPUTS],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.splitlines():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
        target.chmod((ROOT / name).stat().st_mode)
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def identity(checkout: Path) -> dict[str, Any]:
    command = [str(checkout / "scripts/build-wheel"), "--print-id"]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def test_the_same_content_has_the_same_name_anywhere(checkout: Path) -> None:
    here, there = identity(ROOT), identity(checkout)
    assert here["release"] == there["release"]
    assert there["dirty"] is False
    assert there["rebuilt"] is False
    assert len(there["commit"]) == 40


@pytest.mark.parametrize(
    "name",
    [
        "app/models.py",
        "app/frontend/src/main.tsx",
        "requirements/app.txt",
        "files/app/Dockerfile",
        "app/brand_new.py",
    ],
)
def test_a_change_of_what_goes_in_changes_the_name(checkout: Path, name: str) -> None:
    before = identity(checkout)["release"]
    with (checkout / name).open("a") as file:
        file.write("\n# changed\n")
    after = identity(checkout)
    assert after["release"] != before
    assert after["dirty"] is True


def test_what_git_ignores_does_not_matter(checkout: Path) -> None:
    (checkout / ".gitignore").write_text("__pycache__/\n/app/static/\n")
    before = identity(checkout)["release"]
    for name in ("app/__pycache__/x.pyc", "app/static/index.html"):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text("x")
    assert identity(checkout)["release"] == before


def test_the_name_is_computed_in_a_moment() -> None:
    """Processor time, for the machine may be busy."""
    spent = []
    for _ in range(3):
        before = os.times()
        identity(ROOT)
        after = os.times()
        spent.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    assert min(spent) < 0.5, f"an ordinary run of site.yml waits for this: {spent}"
