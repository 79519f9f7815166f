"""Out of memory inside a container's limit, until the kernel has killed the service's own processes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.faults.harness import Fault, NotInjected, Scene
from tests.faults.kills import RESTART_SECONDS, runs
from tests.support.machine import wait_until

# Touches every page; ends when the kernel ends it or its container.
HOG = "import time\nheld = []\nwhile True:\n    held.append(b'x' * 4_000_000)\n    time.sleep(0.005)\n"


@contextmanager
def exhausted(scene: Scene, service: str) -> Iterator[None]:
    """A process in the container's cgroup allocates; the kernel shall take the service's own first."""
    machine = scene.machine
    name = machine.container(service)
    before = machine.sh(f"docker top {name} -eo pid | tail -n +2").split()
    machine.sh(f"for pid in {' '.join(before)}; do echo 1000 >/proc/$pid/oom_score_adj; done")
    hog = subprocess.Popen(
        ["docker", "exec", machine.name, "docker", "exec", name, "python", "-c", HOG],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
        hog.wait(RESTART_SECONDS)
        alive = machine.sh(
            f"for pid in {' '.join(before)}; do [ -e /proc/$pid ] && echo $pid; done; true"
        ).split()
        if len(alive) == len(before):
            raise NotInjected(f"every process of {service} outlived it: {before}")
        wait_until(lambda: runs(machine, service), RESTART_SECONDS, lambda: f"{service} stays down")
    finally:
        hog.kill()
        hog.wait()
        # The client's end does not end what it started in the container.
        machine.sh(f"pkill -9 -f '[h]eld.append' || test $? = 1; docker start {name}")


FAULTS = [
    Fault("oom-app", "out of memory in the app", partial(exhausted, service="app"), hold=3),
    Fault("oom-worker", "out of memory in the worker", partial(exhausted, service="worker"), hold=3),
]
