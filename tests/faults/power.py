"""The whole host: an orderly reboot, and a cut where every process ends at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.harness import Fault, NotInjected, Scene


@contextmanager
def reboot(scene: Scene) -> Iterator[None]:
    """The host is shut down in order and started again."""
    started = scene.machine.sh("stat -c %Y /proc/1")
    scene.machine.reboot()
    if scene.machine.sh("stat -c %Y /proc/1") == started:
        raise NotInjected("the host's init is the same as before")
    yield


@contextmanager
def power_cut(scene: Scene) -> Iterator[None]:
    """SIGKILL of all that runs on the host. The disk still gets what the kernel had taken, fsynced or not."""
    scene.machine.power_cut()
    yield


FAULTS = [
    Fault("reboot", "reboot of the host", reboot, hold=1),
    Fault("power-cut", "every process of the host killed at once, then a boot", power_cut, hold=1),
]
