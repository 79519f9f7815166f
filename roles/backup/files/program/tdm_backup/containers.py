"""The parts of the service that write, and the replication: stopped for the moment of a restore."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Iterator, NamedTuple

from tdm_backup import disk
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings

_HEALTHY_SECONDS = 150


class Pause(NamedTuple):
    """What was stopped. Noted on the disk, so that a cut restore is made up for by the next one."""

    containers: list[str]
    units: list[str]


@contextlib.contextmanager
def paused(settings: Settings, note: Path) -> Iterator[Pause]:
    """Stop the app's and the worker's containers and the replication; start them again, whatever happens."""
    pause = _merged(Pause(_running(settings), _active(settings)), note)
    note.write_text(json.dumps(pause._asdict()), encoding="utf-8")
    disk.sync(note)
    try:
        if pause.units:
            _call("systemctl", "stop", *pause.units)
        if pause.containers:
            _call("docker", "stop", *pause.containers)
        yield pause
    finally:
        if pause.containers:
            _call("docker", "start", *pause.containers)
        if pause.units:
            _call("systemctl", "start", *pause.units)
        note.unlink()


def wait_healthy(pause: Pause) -> None:
    """Return when each container is healthy. Raises Problem."""
    deadline = time.monotonic() + _HEALTHY_SECONDS
    for name in pause.containers:
        while True:
            state = _call("docker", "inspect", "--format", "{{json .State}}", name)
            health = (json.loads(state).get("Health") or {}).get("Status", "healthy")
            if health == "healthy":
                break
            if time.monotonic() > deadline:
                raise Problem(f"{name} is {health} after the restore: docker logs --tail 30 {name}")
            time.sleep(0.3)


def _merged(now: Pause, note: Path) -> Pause:
    try:
        before = Pause(**json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return now
    return Pause(
        sorted({*now.containers, *before.containers}),
        sorted({*now.units, *before.units}),
    )


def _running(settings: Settings) -> list[str]:
    if not settings.project or shutil.which("docker") is None:
        return []
    shown = _call(
        "docker", "ps", "--filter", f"label=com.docker.compose.project={settings.project}",
        "--format", '{{.Label "com.docker.compose.service"}} {{.Names}}',
    )  # fmt: skip
    pairs = (line.split() for line in shown.splitlines() if line.strip())
    return sorted(name for service, name in pairs if service.startswith("app-") or service == "worker")


def _active(settings: Settings) -> list[str]:
    unit = settings.replica.get("unit")
    if not unit:
        return []
    asked = subprocess.run(["systemctl", "is-active", "--quiet", unit], check=False)
    return [unit] if asked.returncode == 0 else []


def _call(*words: str) -> str:
    done = subprocess.run(list(words), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(f"{' '.join(words[:2])} failed: {done.stderr.strip()[:500]}")
    return done.stdout
