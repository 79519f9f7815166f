"""Writes numbered lines of Nginx's format: `python -m tests.support.log_writer PATH COUNT RATE`.

The n-th line says that n bytes were sent, so that the sum shows losses and doubles. Opens its file anew on
SIGUSR1, as Nginx does; makes a file `written` beside the log's directory when all lines are written, and ends
when its standard input does.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from tests.support.log_lines import START, nginx_line


def main(path: str, count: int, rate: int) -> None:
    opened = [os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)]

    def reopen(_number: int, _frame: object) -> None:
        old = opened[0]
        opened[0] = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.close(old)

    signal.signal(signal.SIGUSR1, reopen)
    print("writing", flush=True)
    started = time.monotonic()
    for number in range(1, count + 1):
        line = nginx_line(
            START + number / 10, f"/api/documents/{number}", size=number, identity=f"{number:032x}"
        )
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        os.write(opened[0], line)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        time.sleep(max(0.0, started + number / rate - time.monotonic()))
    Path(path).parent.with_name("written").touch()
    # It stays, with its file open, until it is told to go.
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
