"""Room on the disk, and making files durable."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tdm_backup.problems import DISK_FULL, Problem

SPARE_BYTES = 16 << 20


def demand(directory: Path, needed: int, what: str) -> None:
    """Raise Problem unless `needed` bytes and a little more fit into `directory`."""
    usage = os.statvfs(str(directory))
    free = usage.f_bavail * usage.f_frsize
    needed += SPARE_BYTES
    if free < needed:
        raise Problem(
            f"{directory} has no room for {what}: {needed >> 20} MB are needed, {free >> 20} MB are free;"
            " free some disk space",
            DISK_FULL,
        )


def remove(directory: Path) -> None:
    """Remove a directory with all it holds; one that is not there is no error."""
    if directory.exists():
        shutil.rmtree(str(directory))


def sync(path: Path) -> None:
    """Make a file or a directory durable."""
    handle = os.open(str(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
