"""What a host is: memory, CPUs, distribution, architecture, kernel, Python, systemd, disks."""

from __future__ import annotations

import math
import os
import re
import sys
from pathlib import Path
from typing import Any

from .cgroup import cgroup_version, cpu_quota, memory_limit
from .files import HostFiles

MB = 1024 * 1024
GB = 1024 * MB
DEB_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
SYSTEMD_DIRECTORIES = (
    "/usr/lib/systemd",
    "/lib/systemd",
    "/usr/lib/x86_64-linux-gnu/systemd",
    "/usr/lib/aarch64-linux-gnu/systemd",
)


def system_facts(files: HostFiles, affinity: int, machine: str, kernel: str, hostname: str) -> dict[str, Any]:
    """Everything but disks and ports.

    `affinity` counts the processors the process may run on; `machine`, `kernel` and `hostname` are uname's.
    """
    memory = meminfo(files.text("/proc/meminfo") or "")
    release = os_release(files.text("/etc/os-release") or files.text("/usr/lib/os-release") or "")
    limit = memory_limit(files)
    total = memory.get("MemTotal", 0)
    return {
        "memory_mb": (total if limit is None else min(total, limit)) // MB,
        "swap_mb": memory.get("SwapTotal", 0) // MB,
        "cpus": cpus(affinity, cpu_quota(files)),
        "distribution": release.get("ID", ""),
        "distribution_title": release.get("PRETTY_NAME", release.get("ID", "unknown")),
        "version": release.get("VERSION_ID", ""),
        "codename": release.get("VERSION_CODENAME", ""),
        "architecture": machine,
        "deb_architecture": DEB_ARCHITECTURES.get(machine, ""),
        "kernel": kernel,
        "hostname": hostname,
        "cgroup_version": cgroup_version(files),
        "container": is_container(files),
        "systemd_version": systemd_version(files),
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
    }


def meminfo(text: str) -> dict[str, int]:
    """Bytes per name from /proc/meminfo."""
    found = re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)
    return {name: int(kilobytes) * 1024 for name, kilobytes in found}


def os_release(text: str) -> dict[str, str]:
    """Values of os-release(5), quotes removed."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            quoted = re.fullmatch(r"""(["'])(.*)\1""", value)
            values[name] = re.sub(r"\\(.)", r"\1", quoted.group(2) if quoted else value)
    return values


def cpus(affinity: int, quota: float | None) -> int | float:
    """Cores the services can use: an int where it is a whole number, else rounded down to hundredths."""
    usable = math.floor(min(float(affinity), quota or math.inf) * 100) / 100
    return int(usable) if usable == int(usable) else usable


def is_container(files: HostFiles) -> bool:
    """Whether the host is itself a container; systemd writes the file, Docker the other."""
    return files.exists("/run/systemd/container") or files.exists("/.dockerenv")


def systemd_version(files: HostFiles) -> int | None:
    """systemd's version from the name of its library, which costs no process; None without systemd."""
    for directory in SYSTEMD_DIRECTORIES:
        for name in files.names(directory):
            match = re.match(r"libsystemd-shared-(\d+)", name)
            if match:
                return int(match.group(1))
    return None


def disk_facts(files: HostFiles, paths: list[str]) -> list[dict[str, Any]]:
    """Size and free space of the file system that holds (or will hold) each path."""
    disks: list[dict[str, Any]] = []
    for path in paths:
        existing = path
        while existing != "/" and not files.path(existing).exists():
            existing = str(Path(existing).parent)
        status = os.statvfs(files.path(existing))
        disks.append(
            {
                "path": path,
                "size_gb": status.f_blocks * status.f_frsize // GB,
                "free_mb": status.f_bavail * status.f_frsize // MB,
                # File systems without a fixed number of inodes say 0.
                "free_inodes": status.f_favail if status.f_files else None,
            }
        )
    return disks
