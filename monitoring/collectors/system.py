"""CPU, memory, disk, network and load of the host.

When the host is itself a container with a memory limit (the embedded host, a test host), /proc describes the
machine underneath; CPU and memory then come from the control group that is the host.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from monitoring.collectors import cgroup
from monitoring.config import SystemConfig
from monitoring.sample import Counters, Disk, System


def collect(config: SystemConfig, previous: Counters | None, now: float) -> tuple[System, Counters]:
    """Return the figures and the totals to keep; CPU is None without a usable previous cycle."""
    psutil.PROCFS_PATH = config.proc_root
    own_group = _own_group(config)
    busy, total = _cpu_totals(own_group, now)
    counters = Counters(now, _boot_id(config), busy, total, {})
    memory_used, memory_total = _memory(own_group)
    received, sent = _network()
    loads = _loads(config)
    return (
        System(
            cpu_percent=_cpu_percent(counters, previous),
            memory_percent=100 * memory_used / memory_total if memory_total else None,
            memory_used_mb=memory_used / 1048576,
            memory_total_mb=memory_total / 1048576,
            disks=tuple(disk for disk in map(_disk, config.disk_paths) if disk is not None),
            network_received_bytes=received,
            network_sent_bytes=sent,
            load_1=loads[0],
            load_5=loads[1],
            load_15=loads[2],
        ),
        counters,
    )


def _own_group(config: SystemConfig) -> cgroup.Group | None:
    """Return the control group that is the whole host, or None on a real machine.

    The root group of a real machine has no limit (version 1) or no limit file (version 2).
    """
    found = cgroup.group(Path(config.cgroup_root), "")
    return found if found is not None and cgroup.memory(found).limit is not None else None


def _cpu_totals(own_group: cgroup.Group | None, now: float) -> tuple[float, float]:
    if own_group is not None:
        used = cgroup.cpu_nanoseconds(own_group)
        if used is not None:
            return used / 1e9, now * (psutil.cpu_count() or 1)
    times = psutil.cpu_times()
    # guest and guest_nice are contained in user and nice.
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total - times.idle - getattr(times, "iowait", 0.0), total


def _cpu_percent(current: Counters, previous: Counters | None) -> float | None:
    if previous is None or previous.boot_id != current.boot_id:
        return None
    busy = current.cpu_busy - previous.cpu_busy
    total = current.cpu_total - previous.cpu_total
    if total <= 0 or busy < 0:
        return None
    return min(100 * busy / total, 100.0)


def _memory(own_group: cgroup.Group | None) -> tuple[float, float]:
    machine = psutil.virtual_memory()
    if own_group is not None:
        own = cgroup.memory(own_group)
        if own.used is not None and own.limit is not None and own.limit < machine.total:
            return own.used, own.limit
    return machine.total - machine.available, machine.total


def _network() -> tuple[int | None, int | None]:
    """Return bytes received and sent by interfaces that leave the host (no loopback, no container's)."""
    try:
        counters = psutil.net_io_counters(pernic=True)
    except (OSError, RuntimeError):
        return None, None
    outer = [
        value for name, value in counters.items() if not name.startswith(("lo", "docker", "br-", "veth"))
    ]
    return sum(value.bytes_recv for value in outer), sum(value.bytes_sent for value in outer)


def _loads(config: SystemConfig) -> tuple[float | None, float | None, float | None]:
    try:
        words = (Path(config.proc_root) / "loadavg").read_text(encoding="ascii").split()
        return float(words[0]), float(words[1]), float(words[2])
    except (OSError, ValueError, IndexError):
        return None, None, None


def _boot_id(config: SystemConfig) -> str:
    try:
        return (Path(config.proc_root) / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _disk(path: str) -> Disk | None:
    try:
        usage = os.statvfs(path)
    except OSError:
        return None
    used = (usage.f_blocks - usage.f_bfree) * usage.f_frsize
    available = usage.f_bavail * usage.f_frsize
    if used + available == 0:
        return None
    percent = 100 * used / (used + available)
    return Disk(path, percent, used / 1048576, usage.f_blocks * usage.f_frsize / 1048576)
