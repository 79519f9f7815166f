"""`make size` prints a table or JSON and refuses with exit status 1."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "size"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


def test_the_table_goes_to_standard_output() -> None:
    done = run("--memory", "2048", "--cpus", "4")
    assert done.returncode == 0, done.stderr
    assert "4 processes x 8 threads" in done.stdout


def test_json_is_the_form_that_templates_read() -> None:
    budget = json.loads(run("--memory", "2048", "--cpus", "4", "--json").stdout)
    assert budget["services"]["redis_queue"]["maxmemory_mb"] == 32
    assert set(budget) == {"memory_mb", "cpus", "disk_gb", "reserve_mb", "services", "disk", "logs"}


def test_a_small_machine_is_refused_with_the_same_table() -> None:
    done = run("--memory", "512", "--cpus", "4", "--json")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "memory: 512 MB, needed 960 MB" in done.stderr
    assert "minimum MB" in done.stderr


def test_parts_are_named_and_unknown_ones_refused() -> None:
    assert "worker                      448" in run("--parts", "browser,backup").stdout
    done = run("--parts", "brwser")
    assert done.returncode == 2
    assert "no such part: brwser" in done.stderr
