"""A jump of the clock, as app and worker see it.

A container has the host's clock, and a test host that of this machine, which no test may turn. So libfaketime
is preloaded into containers of the same images: wall-clock time jumps while they run, monotonic time goes on,
as it does when a clock is set.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.harness import Fault, NotInjected, Scene
from tests.support.machine import COMPOSE_PROJECT, Machine

CLOCK = "/run/fault-clock"
# Not Redis: its allocator (jemalloc) and libfaketime wait for each other for ever. So the service's clock
# jumps against Redis's as well, which keeps the true time.
SERVICES = ("app", "worker")
# Past the day that the queue keeps finished jobs, and past every lease.
FORWARD, BACK = "+26h", "-2h"

OVERRIDE = """services:
  {service}:
    environment:
      LD_PRELOAD: /faketime/libfaketimeMT.so.1
      FAKETIME_TIMESTAMP_FILE: /clock/offset
      FAKETIME_CACHE_DURATION: "1"
      FAKETIME_DONT_FAKE_MONOTONIC: "1"
    volumes:
      - {{type: bind, source: /usr/lib/x86_64-linux-gnu/faketime, target: /faketime, read_only: true}}
      - {{type: bind, source: {clock}, target: /clock, read_only: true}}
"""


def made_from(machine: Machine, container: str) -> list[str]:
    """The Compose files that a container was made from, and where."""
    labels = ("project.working_dir", "project.config_files")
    template = " ".join(f'{{{{index .Config.Labels "com.docker.compose.{label}"}}}}' for label in labels)
    return machine.sh(f"docker inspect --format '{template}' {container}").split()


def recreate(machine: Machine, made: dict[str, list[str]], override: str = "") -> None:
    """Makes the containers again from their own Compose files and one more."""
    for service, (directory, files) in made.items():
        own = [override.format(service=service)] if override else []
        words = " ".join(f"--file {file}" for file in [*files.split(","), *own])
        project = f"--project-name {COMPOSE_PROJECT} --project-directory {directory}"
        machine.sh(
            f"cd {directory}; docker compose {project} {words} up --detach --no-deps --force-recreate "
            f"--wait --wait-timeout 180 {service} 2>&1"
        )


@contextmanager
def turnable(machine: Machine) -> Iterator[None]:
    """Containers of the same images with a clock that can be turned; the usual ones afterwards."""
    containers = [machine.container(name) for name in SERVICES]
    made = {name[len(COMPOSE_PROJECT) + 1 : -2]: made_from(machine, name) for name in containers}
    machine.sh(
        "[ -e /usr/lib/x86_64-linux-gnu/faketime ] || "
        "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libfaketime >/dev/null\n"
        f"mkdir -p {CLOCK}; echo +0 >{CLOCK}/offset; rm -f {CLOCK}/*.yaml"
    )
    for service in made:
        text = OVERRIDE.format(service=service, clock=CLOCK)
        machine.sh(f"cat >{CLOCK}/{service}.yaml <<'END'\n{text}\nEND")
    try:
        recreate(machine, made, f"{CLOCK}/{{service}}.yaml")
        yield
    finally:
        recreate(machine, made)
        machine.sh(f"rm -rf {CLOCK}")


def seen(machine: Machine) -> float:
    """The wall clock as the app's container has it, less the host's, in seconds."""
    inside = machine.sh(f"docker exec {machine.container('app')} python -c 'import time; print(time.time())'")
    return float(inside) - time.time()


@contextmanager
def jump(scene: Scene) -> Iterator[None]:
    """Forward by more than a day, back to two hours ago, then right again."""
    machine = scene.machine
    try:
        for offset, expected in ((FORWARD, 26 * 3600), (BACK, -2 * 3600)):
            machine.sh(f"echo {offset} >{CLOCK}/offset")
            time.sleep(5)
            if abs(seen(machine) - expected) > 60:
                raise NotInjected(f"the app's clock is {seen(machine):.0f} s off instead of {expected}")
        yield
    finally:
        machine.sh(f"echo +0 >{CLOCK}/offset")


FAULTS = [Fault("clock-jump", "clock 26 h ahead, then 2 h behind, then right", jump, turnable, hold=4)]
