"""One run of the program at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Iterator

from .failure import ReleaseError

PATIENCE_S = 10.0


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Holds the lock at `path`, which ends with the process whatever becomes of it.

    Who comes here holds the run lock of the host, so another run of the program has lost its controller: it
    is ended, and what it was at is taken up from what it left. Raises ReleaseError when it cannot be ended.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    for attempt in (signal.SIGTERM, signal.SIGKILL, None):
        deadline = time.monotonic() + (PATIENCE_S if attempt is None else 0)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                if time.monotonic() >= deadline:
                    break
                time.sleep(0.1)
        if attempt is None:
            continue
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace")
        if holder.isdigit():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(holder), attempt)
        _wait_free(descriptor)
    raise ReleaseError("another run of this program does not end: see `ps` for it")


def _wait_free(descriptor: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            return
