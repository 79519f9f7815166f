"""Runs the project's playbooks against a Molecule scenario's hosts, as an operator would."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def run_playbook(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs `name` (a path below the project) against the scenario's inventory."""
    return subprocess.run(
        ["ansible-playbook", str(PROJECT / name), "-i", os.environ["MOLECULE_INVENTORY_FILE"], *options],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
        env={**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg")},
    )
