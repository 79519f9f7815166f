"""The run lock: one file on the host that says who is changing it, so that two runs never meet.

The file holds the owner as JSON. It lives in /run, so a reboot clears it. flock guards the short moment in
which it is read and written, not the run: the run's processes on the host are many and short.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any, Iterator, Mapping, NamedTuple

# The keys by which a lock's owner is recognised: a process of a controller, whoever reused its number since.
IDENTITY = ("controller", "boot", "pid", "started")


class Outcome(NamedTuple):
    """Whether the lock is ours now (or would be), and who holds it otherwise (with `age_minutes`)."""

    free: bool
    holder: dict[str, Any] | None


def same_owner(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both descriptions are of the same run."""
    return all(one.get(key) == other.get(key) for key in IDENTITY)


def look(
    path: str, owner: Mapping[str, Any], instead_of: Mapping[str, Any] | None = None, force: bool = False
) -> Outcome:
    """Who would be in the way of take(); changes nothing."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            outcome = _judge(_parse(file.read()), owner, instead_of)
            return Outcome(free=True, holder=None) if force else outcome
    except FileNotFoundError:
        return Outcome(free=True, holder=None)


def take(
    path: str, owner: Mapping[str, Any], instead_of: Mapping[str, Any] | None = None, force: bool = False
) -> Outcome:
    """Take the lock when it is free, ours, held by `instead_of` (who is known to be gone), or by force."""
    with _locked(path) as descriptor:
        holder = _parse(os.read(descriptor, 65536).decode("utf-8", "replace"))
        outcome = _judge(holder, owner, instead_of)
        if not outcome.free and not force:
            return outcome
        since = holder["time"] if holder is not None and same_owner(holder, owner) else int(time.time())
        text = json.dumps({**owner, "time": since}, sort_keys=True) + "\n"
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
        os.fsync(descriptor)
        return Outcome(free=True, holder=None)


def release(path: str, owner: Mapping[str, Any]) -> Outcome:
    """Remove the lock when it is ours; somebody else's stays, and is named."""
    outcome = look(path, owner)
    if not outcome.free or not Path(path).exists():
        return outcome
    with _locked(path) as descriptor:
        holder = _parse(os.read(descriptor, 65536).decode("utf-8", "replace"))
        outcome = _judge(holder, owner, None)
        if outcome.free:
            Path(path).unlink()
        return outcome


@contextlib.contextmanager
def _locked(path: str) -> Iterator[int]:
    """A descriptor of the file, made when missing, under flock; never of one that was removed meanwhile."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                current = Path(path).stat()
            except FileNotFoundError:
                continue
            opened = os.fstat(descriptor)
            if (current.st_dev, current.st_ino) == (opened.st_dev, opened.st_ino):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _judge(
    holder: dict[str, Any] | None, owner: Mapping[str, Any], instead_of: Mapping[str, Any] | None
) -> Outcome:
    if holder is None or same_owner(holder, owner):
        return Outcome(free=True, holder=None)
    if instead_of is not None and same_owner(holder, instead_of):
        return Outcome(free=True, holder=None)
    age = max(0, int(time.time()) - int(holder["time"])) // 60
    return Outcome(free=False, holder={**holder, "age_minutes": age})


def _parse(text: str) -> dict[str, Any] | None:
    """The holder; an empty or torn file is nobody's: its writer died while writing."""
    try:
        holder = json.loads(text)
    except ValueError:
        return None
    return holder if isinstance(holder, dict) and isinstance(holder.get("time"), int) else None
