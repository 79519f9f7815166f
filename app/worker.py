"""The background worker: `python -m app.worker`; `--check` tells whether the one in this container is alive.

The check imports nothing but the standard library, for it runs every few seconds.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

# Touched at every heartbeat: at least every 15 s when idle, every 5 s during a job.
ALIVE_FILE = Path(os.environ.get("WORKER_ALIVE_FILE", "/tmp/worker.alive"))  # noqa: S108 - the container's own
ALIVE_SECONDS = 60


def check() -> int:
    """0 when the worker showed itself within the last minute, 1 otherwise."""
    try:
        age = time.time() - ALIVE_FILE.stat().st_mtime
    except FileNotFoundError:
        sys.stdout.write("the worker has not started\n")
        return 1
    sys.stdout.write(f"the worker showed itself {age:.0f} s ago\n")
    return 0 if age <= ALIVE_SECONDS else 1


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        return check()
    from app.jobs.process import work

    return work(ALIVE_FILE)


if __name__ == "__main__":
    sys.exit(main())
