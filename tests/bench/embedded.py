"""The embedded host, as the benchmarks of the monitoring use it: commands as root, over SSH."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
NAME = "tencent-doc-manager"
ROOT = f"/opt/{NAME}"
UNIT = f"{NAME}-monitoring"


def ssh(script: str, seconds: float = 300) -> str:
    """Output of a shell script on the host; ends the benchmark with the script's own words when it fails."""
    done = attempt(script, seconds)
    if done.returncode != 0:
        sys.exit(f"on the embedded host failed:\n{script[:300]}\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout


def attempt(script: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
    """The same without the demand that it succeeds."""
    return subprocess.run(
        [str(PROJECT / "scripts/embedded"), "ssh", "bash -s"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        cwd=PROJECT,
    )


def playbook(name: str, *options: str) -> None:
    """Run a playbook against the host; ends the benchmark when it fails."""
    done = subprocess.run(
        ["ansible-playbook", name, "-i", "inventories/local", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    if done.returncode != 0:
        sys.exit(f"{name} failed:\n{done.stdout[-3000:]}{done.stderr[-2000:]}")
