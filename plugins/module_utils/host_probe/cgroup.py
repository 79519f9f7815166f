"""Limits that control groups set to this host: memory and CPUs, versions 1 and 2.

In a container /proc/meminfo and the number of processors are those of the machine around it. What counts is
the smallest limit on the way from the root of the visible hierarchy to the module's own group. Limits of the
operator's log-in session (user.slice) do not bind the services and are left out.
"""

from __future__ import annotations

from typing import Iterator

from .files import HostFiles

ROOT = "/sys/fs/cgroup"
# Version 1 writes "no limit" as the largest multiple of the page size: anything of that order is none.
UNLIMITED = 1 << 60


def cgroup_version(files: HostFiles) -> int:
    """2 where the unified hierarchy is mounted at its usual place, else 1 (also for the hybrid of both)."""
    return 2 if files.exists(ROOT + "/cgroup.controllers") else 1


def memory_limit(files: HostFiles) -> int | None:
    """The smallest memory limit in bytes, or None."""
    limits: list[int] = []
    if cgroup_version(files) == 2:
        for directory in _directories(files, ""):
            limits += _number(files.text(directory + "/memory.max"))
    else:
        for directory in _directories(files, "memory"):
            limits += _number(files.text(directory + "/memory.limit_in_bytes"))
        # Holds the smallest limit of all ancestors, those outside of the container's view included.
        limits += _number(_keyed(files.text(ROOT + "/memory/memory.stat")).get("hierarchical_memory_limit"))
    return min((limit for limit in limits if limit < UNLIMITED), default=None)


def cpu_quota(files: HostFiles) -> float | None:
    """The smallest CPU quota in cores, or None."""
    quotas: list[float] = []
    if cgroup_version(files) == 2:
        for directory in _directories(files, ""):
            fields = (files.text(directory + "/cpu.max") or "").split()
            if len(fields) == 2 and fields[0].isdigit() and int(fields[1]) > 0:
                quotas.append(int(fields[0]) / int(fields[1]))
    else:
        for directory in _directories(files, "cpu"):
            quota = _number(files.text(directory + "/cpu.cfs_quota_us"))
            period = _number(files.text(directory + "/cpu.cfs_period_us"))
            if quota and period and quota[0] > 0 and period[0] > 0:
                quotas.append(quota[0] / period[0])
    return min(quotas, default=None)


def own_groups(text: str) -> dict[str, str]:
    """Path per controller from /proc/self/cgroup; version 2 has the one empty controller name."""
    groups: dict[str, str] = {}
    for line in text.splitlines():
        fields = line.split(":", 2)
        if len(fields) == 3:
            for controller in fields[1].split(","):
                groups[controller] = fields[2]
    return groups


def _directories(files: HostFiles, controller: str) -> Iterator[str]:
    """Directories of the controller from the root down to our own group."""
    directory = ROOT if controller == "" else f"{ROOT}/{controller}"
    yield directory
    path = own_groups(files.text("/proc/self/cgroup") or "").get(controller, "/")
    for name in path.strip("/").split("/"):
        # ".." leads out of the container's view.
        if name in ("", "..", "user.slice"):
            return
        directory += "/" + name
        yield directory


def _number(text: str | None) -> list[int]:
    stripped = (text or "").strip()
    return [int(stripped)] if stripped.lstrip("-").isdigit() else []


def _keyed(text: str | None) -> dict[str, str]:
    return dict(line.split(None, 1) for line in (text or "").splitlines() if len(line.split(None, 1)) == 2)
