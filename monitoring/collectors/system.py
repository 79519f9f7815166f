"""CPU, memory, disk, network and load of the host.

When the host is itself a container with a memory limit (the embedded host, a test host), /proc describes the
machine underneath; CPU and memory then come from the control group that is the host.
The files of /proc are read here and not by psutil, whose import would cost a third of a cycle.
"""

from __future__ import annotations

import os
from pathlib import Path

from monitoring.collectors import cgroup
from monitoring.config import SystemConfig
from monitoring.sample import Counters, Disk, System


def collect(config: SystemConfig, previous: Counters | None, now: float) -> tuple[System, Counters]:
    """Return the figures and the totals to keep; CPU is None without a usable previous cycle."""
    own_group = _own_group(config)
    counters = _counters(config, own_group, now)
    memory_used, memory_total = _memory(config, own_group)
    received, sent = _network(config)
    read, written = _disk_bytes(config)
    loads = _loads(config)
    return (
        System(
            cpu_percent=_cpu_percent(counters, previous),
            memory_percent=100 * memory_used / memory_total if memory_total else None,
            memory_used_mb=memory_used / 1048576 if memory_total else None,
            memory_total_mb=memory_total / 1048576 if memory_total else None,
            disks=tuple(disk for disk in map(_disk, config.disk_paths) if disk is not None),
            network_received_bytes=received,
            network_sent_bytes=sent,
            load_1=loads[0],
            load_5=loads[1],
            load_15=loads[2],
            cpu_steal_percent=_share(counters, previous, "cpu_steal"),
            cpu_iowait_percent=_share(counters, previous, "cpu_iowait"),
            memory_available_mb=(memory_total - memory_used) / 1048576 if memory_total else None,
            swap_percent=_swap(config),
            disk_read_bytes=read,
            disk_written_bytes=written,
            pressure=_pressure(config),
            oom_kills=_since(counters, previous),
        ),
        counters,
    )


def _own_group(config: SystemConfig) -> cgroup.Group | None:
    """Return the control group that is the whole host, or None on a real machine.

    The root group of a real machine has no limit (version 1) or no limit file (version 2).
    """
    found = cgroup.group(Path(config.cgroup_root), "")
    return found if found is not None and cgroup.memory(found).limit is not None else None


def _counters(config: SystemConfig, own_group: cgroup.Group | None, now: float) -> Counters:
    used = None if own_group is None else cgroup.cpu_nanoseconds(own_group)
    if used is not None:
        # Stolen and waiting time are the machine's below, whose share a container cannot tell.
        busy, total, steal, iowait = used / 1e9, now * (os.cpu_count() or 1), 0.0, 0.0
    else:
        busy, total, steal, iowait = _cpu_seconds(config)
    kills = _oom_kills(config, own_group)
    return Counters(now, _boot_id(config), busy, total, {}, steal, iowait, kills)


def _cpu_percent(current: Counters, previous: Counters | None) -> float | None:
    if previous is None or previous.boot_id != current.boot_id:
        return None
    busy = current.cpu_busy - previous.cpu_busy
    total = current.cpu_total - previous.cpu_total
    if total <= 0 or busy < 0:
        return None
    return min(100 * busy / total, 100.0)


def _share(current: Counters, previous: Counters | None, name: str) -> float | None:
    if previous is None or previous.boot_id != current.boot_id or not getattr(current, name):
        return None
    total = current.cpu_total - previous.cpu_total
    part = getattr(current, name) - getattr(previous, name)
    return min(100 * part / total, 100.0) if total > 0 and part >= 0 else None


def _oom_kills(config: SystemConfig, own_group: cgroup.Group | None) -> int | None:
    if own_group is not None:
        return cgroup.oom_kills(own_group)
    return cgroup.field(Path(config.proc_root) / "vmstat", "oom_kill")


def _since(current: Counters, previous: Counters | None) -> int | None:
    """Return the OOM kills since the previous cycle. A group that is gone took its count with it."""
    if current.oom_kills is None or previous is None or previous.oom_kills is None:
        return None
    if previous.boot_id != current.boot_id:
        return current.oom_kills
    return max(current.oom_kills - previous.oom_kills, 0)


def _swap(config: SystemConfig) -> float | None:
    total = cgroup.field(Path(config.proc_root) / "meminfo", "SwapTotal:")
    free = cgroup.field(Path(config.proc_root) / "meminfo", "SwapFree:")
    if total is None or free is None:
        return None
    return 100 * (total - free) / total if total else 0.0


def _pressure(config: SystemConfig) -> dict[str, float] | None:
    """Return avg60 of each resource's "some" line, where the kernel counts pressure (4.20 and later)."""
    found = {}
    for name in ("cpu", "memory", "io"):
        try:
            words = (Path(config.proc_root) / "pressure" / name).read_text(encoding="ascii").split()
            found[name] = float(next(word[6:] for word in words if word.startswith("avg60=")))
        except (OSError, ValueError, StopIteration):
            continue
    return found or None


def _cpu_seconds(config: SystemConfig) -> tuple[float, float, float, float]:
    """Return seconds since boot of all CPUs: busy, all, stolen, waiting for a disk; zeros when unreadable."""
    words = _text(config, "stat").partition("\n")[0].split()[1:]
    # user nice system idle iowait irq softirq steal; guest and guest_nice are contained in user and nice.
    ticks = [float(word) for word in words[:8] if word.isdigit()]
    ticks += [0.0] * (8 - len(ticks))
    second = os.sysconf("SC_CLK_TCK")
    total = sum(ticks)
    return (total - ticks[3] - ticks[4]) / second, total / second, ticks[7] / second, ticks[4] / second


def _memory(config: SystemConfig, own_group: cgroup.Group | None) -> tuple[float, float]:
    """Return bytes in use and in all; zeros when the kernel does not say."""
    file = Path(config.proc_root) / "meminfo"
    total = 1024 * (cgroup.field(file, "MemTotal:") or 0)
    available = 1024 * (cgroup.field(file, "MemAvailable:") or 0)
    if own_group is not None:
        own = cgroup.memory(own_group)
        if own.used is not None and own.limit is not None and (own.limit < total or not total):
            return own.used, own.limit
    return total - available, total


def _network(config: SystemConfig) -> tuple[int | None, int | None]:
    """Return bytes received and sent by interfaces that leave the host (no loopback, no container's)."""
    received = sent = 0
    lines = _text(config, "net/dev").splitlines()[2:]
    for line in lines:
        name, _, rest = line.strip().partition(":")
        words = rest.split()
        if len(words) > 8 and not name.startswith(("lo", "docker", "br-", "veth")):
            received += int(words[0])
            sent += int(words[8])
    return (received, sent) if lines else (None, None)


def _disk_bytes(config: SystemConfig) -> tuple[int | None, int | None]:
    """Return bytes read and written by whole disks (no partition, loop or memory device twice)."""
    found = {}
    for line in _text(config, "diskstats").splitlines():
        words = line.split()
        if len(words) > 9 and not words[2].startswith(("loop", "ram", "zram", "dm-", "md")):
            # The kernel counts sectors of 512 bytes, whatever the disk's are.
            found[words[2]] = (int(words[5]) * 512, int(words[9]) * 512)
    whole = [
        value
        for name, value in found.items()
        if not any(name != other and name.startswith(other) for other in found)
    ]
    if not whole:
        return None, None
    return sum(read for read, _ in whole), sum(written for _, written in whole)


def _text(config: SystemConfig, name: str) -> str:
    try:
        return (Path(config.proc_root) / name).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


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
    inodes = usage.f_files - usage.f_ffree + usage.f_favail
    return Disk(
        path,
        percent,
        used / 1048576,
        usage.f_blocks * usage.f_frsize / 1048576,
        # btrfs and others have no fixed number of inodes, and say 0.
        100 * (usage.f_files - usage.f_ffree) / inodes if usage.f_files and inodes else None,
    )
