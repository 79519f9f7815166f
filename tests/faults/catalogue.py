"""Every fault by its name."""

from __future__ import annotations

from tests.faults import clock, deploys, disk, kills, memory, power
from tests.faults.harness import Fault

ALL = {
    fault.name: fault for module in (kills, memory, clock, disk, power, deploys) for fault in module.FAULTS
}
# Short enough for every CI run.
SHORT = ("kill-app", "kill-queue-in-write", "kill-worker", "kill-dockerd")


def chosen(names: list[str]) -> list[Fault]:
    """The faults of these names, all when none is given. Raises KeyError with an unknown one."""
    return [ALL[name] for name in names or ALL]


def listing() -> str:
    width = max(map(len, ALL))
    return "\n".join(f"  {fault.name.ljust(width)}  {fault.says}" for fault in ALL.values())
