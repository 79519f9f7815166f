"""scripts/role-docs writes what specs and defaults say, once, and finds stale files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "role-docs"
SPECS = """
argument_specs:
  main:
    short_description: Serves pages
    description: [One thing., Another thing.]
    options:
      web_port: {type: int, description: The port.}
      web_mode: {type: str, choices: [a, b], description: "Either a | b."}
      web_parts:
        type: dict
        description: Parts.
        options:
          cache: {type: bool, description: The cache.}
"""
DEFAULTS = "web_port: 80\nweb_mode: a\nweb_parts: {cache: true}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path, text in (("meta/argument_specs.yml", SPECS), ("defaults/main.yml", DEFAULTS)):
        file = tmp_path / "roles/web" / path
        file.parent.mkdir(parents=True)
        file.write_text(text)
    # A role that somebody has just begun.
    (tmp_path / "roles/begun/meta").mkdir(parents=True)
    return tmp_path


def run(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--root", str(project), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_rows_hold_type_default_and_description(project: Path) -> None:
    assert run(project).returncode == 0
    text = (project / "roles/web/README.md").read_text()
    assert "| `web_port` | int | `80` | The port. |" in text
    assert "| `web_mode` | str: a, b | `a` | Either a \\| b. |" in text
    assert "| `web_parts.cache` | bool | `true` | The cache. |" in text
    assert "- Another thing." in text
    assert "## web" in (project / "docs/variables.md").read_text()


def test_a_second_run_writes_nothing(project: Path) -> None:
    run(project)
    assert run(project).stdout == ""


def test_check_names_stale_files_and_leaves_them(project: Path) -> None:
    run(project)
    (project / "roles/web/defaults/main.yml").write_text(DEFAULTS.replace("80", "81"))
    done = run(project, "--check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["stale: roles/web/README.md", "stale: docs/variables.md"]
    assert "`80`" in (project / "roles/web/README.md").read_text()
