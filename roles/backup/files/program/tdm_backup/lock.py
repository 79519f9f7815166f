"""One piece of work at a time on this host."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import Iterator

from tdm_backup.settings import Settings


class BusyError(Exception):
    """Another one is at work; the text says which."""


@contextlib.contextmanager
def held(settings: Settings, what: str, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock; `what` is shown to those who meet it. Raises BusyError after `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    with settings.state("lock").open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.5)
                    continue
                file.seek(0)
                raise BusyError(file.read().strip() or "unknown process") from None
        file.truncate(0)
        file.write(f"{what}, process {os.getpid()} since {time.strftime('%Y-%m-%d %H:%M:%S')}")
        file.flush()
        yield
