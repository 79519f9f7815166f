"""Symbolic links that are replaced in one step."""

from __future__ import annotations

import os
from pathlib import Path


def target(link: Path) -> str | None:
    """Where a link points, as it is written; None when there is no link."""
    try:
        return os.readlink(link)
    except OSError:
        return None


def point(link: Path, to: str) -> bool:
    """Makes `link` point to `to` by one rename, so that it exists at every moment; whether it had to."""
    if target(link) == to:
        return False
    fresh = link.with_name(f".{link.name}.new")
    if fresh.is_symlink():
        fresh.unlink()
    fresh.symlink_to(to)
    os.rename(fresh, link)  # noqa: PTH104 - Path.rename of 3.7 returns None
    sync(link.parent)
    return True


def sync(directory: Path) -> None:
    """Makes a rename in the directory last through a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
