"""CPU time and memory of a control group, read from its files; versions 1 and 2.

A file that is missing, unreadable or not a number is a missing value (None).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

# Version 1 writes "no limit" as the largest multiple of the page size below 2^63.
UNLIMITED = 1 << 60

CPU_DIRECTORIES = ("cpuacct", "cpu,cpuacct", "cpuacct,cpu")


class Group(NamedTuple):
    """Where a control group's files are; the same directory twice in version 2."""

    version: int
    cpu: Path
    memory: Path


class Memory(NamedTuple):
    """Bytes in use without inactive page cache, and the limit (None: no limit)."""

    used: int | None
    limit: int | None


def version_of(root: Path) -> int:
    """Return 2 for a unified hierarchy mounted at `root`, else 1."""
    return 2 if (root / "cgroup.controllers").exists() else 1


def group(root: Path, relative: str) -> Group | None:
    """Return the control group at `relative` below `root`, or None when it does not exist."""
    if version_of(root) == 2:
        path = root / relative
        return Group(2, path, path) if path.is_dir() else None
    memory = root / "memory" / relative
    for name in CPU_DIRECTORIES:
        cpu = root / name / relative
        if cpu.is_dir():
            return Group(1, cpu, memory)
    return Group(1, root / CPU_DIRECTORIES[0] / relative, memory) if memory.is_dir() else None


def container_group(root: Path, container_id: str) -> Group | None:
    """Return the control group of a Docker container with either of Docker's cgroup drivers."""
    for relative in (f"system.slice/docker-{container_id}.scope", f"docker/{container_id}"):
        found = group(root, relative)
        if found is not None:
            return found
    return None


def cpu_nanoseconds(found: Group) -> int | None:
    """Return the CPU time used since the group was made."""
    if found.version == 1:
        return _number(found.cpu / "cpuacct.usage")
    microseconds = field(found.cpu / "cpu.stat", "usage_usec")
    return None if microseconds is None else microseconds * 1000


def memory(found: Group) -> Memory:
    """Return the memory in use and the limit; a limit of zero or "max" counts as none."""
    if found.version == 1:
        usage = _number(found.memory / "memory.usage_in_bytes")
        limit = _number(found.memory / "memory.limit_in_bytes")
        inactive = field(found.memory / "memory.stat", "total_inactive_file")
    else:
        usage = _number(found.memory / "memory.current")
        limit = _number(found.memory / "memory.max")
        inactive = field(found.memory / "memory.stat", "inactive_file")
    used = None if usage is None else max(usage - (inactive or 0), 0)
    return Memory(used, limit if limit is not None and 0 < limit < UNLIMITED else None)


def oom_kills(found: Group) -> int | None:
    """Return the processes that were killed in the group and below it for want of memory.

    Version 1 counts each group by itself, so the groups that exist are added up.
    """
    if found.version == 2:
        return field(found.memory / "memory.events", "oom_kill")
    counts = [
        field(Path(directory, "memory.oom_control"), "oom_kill")
        for directory, _, files in os.walk(str(found.memory))
        if "memory.oom_control" in files
    ]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isascii() and text.isdigit() else None


def field(path: Path, name: str) -> int | None:
    """Return the number behind `name` in a file of "name number" lines, or None."""
    for line in _read(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            value = value.replace(" kB", "").strip()
            return int(value) if value.isascii() and value.isdigit() else None
    return None
