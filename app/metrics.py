"""Counters that all processes of the server share, and their text for Prometheus.

One block of memory is made before gunicorn forks. Each process writes a lane of its own, so that no lock is
shared (a killed process would keep it); who reads adds the lanes up. A new process takes over the lane of a
dead one and counts on, so the sums never go back while the server lives. prometheus_client keeps a file for
each process that ever was instead, and ours are replaced every thousand requests.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from collections.abc import Iterable, Iterator, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Upper ends in seconds of the histogram's buckets, and the statuses that are counted by themselves.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
STATUSES = ("200", "201", "202", "204", "206", "304", "400", "401", "403", "404", "405", "409", "413", "422",
            "429", "500", "503", "507", "other")  # fmt: skip
_OF_STATUS = {status: at for at, status in enumerate(STATUSES)}
_BUCKETS_AT = len(STATUSES)
# The last bucket has no end; the sum of the seconds follows it.
_SUM_AT = _BUCKETS_AT + len(BUCKETS) + 1
_WIDTH = _SUM_AT + 1
LANES = 32

Series = tuple[str, str]


class Requests:
    """Counts and durations of requests by (method, endpoint); what is not in `series` counts as the last."""

    def __init__(self, series: Sequence[Series]) -> None:
        self._series = [*series, ("other", "(none)")]
        self._row = {key: at for at, key in enumerate(self._series)}
        self._lane_size = len(self._series) * _WIDTH
        memory = mmap.mmap(-1, 8 * LANES * (1 + self._lane_size))
        self._cells = memoryview(memory).cast("d")
        # A file in memory: its lock goes with the process that holds it, however that ends.
        self._turns = os.memfd_create("metrics", os.MFD_CLOEXEC)
        self._own: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def observe(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Counts one request of this process."""
        row = self._row.get((method, endpoint), len(self._series) - 1) * _WIDTH
        bucket = next((at for at, end in enumerate(BUCKETS) if seconds <= end), len(BUCKETS))
        with self._lock:
            start = self._lane() + row
            self._cells[start + _OF_STATUS.get(str(status), _BUCKETS_AT - 1)] += 1
            self._cells[start + _BUCKETS_AT + bucket] += 1
            self._cells[start + _SUM_AT] += seconds

    def text(self) -> Iterator[str]:
        """The lines of Prometheus' text format."""
        yield "# HELP tdm_http_requests_total Requests answered."
        yield "# TYPE tdm_http_requests_total counter"
        sums = [(labels, self._sums(at)) for at, labels in enumerate(self._series)]
        used = [(labels, row) for labels, row in sums if any(row)]
        for (method, endpoint), row in used:
            for status, count in zip(STATUSES, row, strict=False):
                if count:
                    labels = f'method="{method}",endpoint="{endpoint}",status="{status}"'
                    yield f"tdm_http_requests_total{{{labels}}} {count:.0f}"
        yield "# HELP tdm_http_request_duration_seconds Time from a request to its answer's headers."
        yield "# TYPE tdm_http_request_duration_seconds histogram"
        for (method, endpoint), row in used:
            labels = f'method="{method}",endpoint="{endpoint}"'
            yield from _histogram("tdm_http_request_duration_seconds", labels, row[_BUCKETS_AT:])

    def _sums(self, row: int) -> list[float]:
        starts = [LANES + lane * self._lane_size + row * _WIDTH for lane in range(LANES)]
        return [sum(self._cells[start + at] for start in starts) for at in range(_WIDTH)]

    def _lane(self) -> int:
        """Where this process's lane begins; taken at its first request."""
        pid = os.getpid()
        if self._own is None or self._own[0] != pid:
            self._own = (pid, self._take(pid))
        return LANES + self._own[1] * self._lane_size

    def _take(self, pid: int) -> int:
        # Before the lanes are their owners' process ids.
        fcntl.lockf(self._turns, fcntl.LOCK_EX)
        try:
            for lane in range(LANES):
                owner = int(self._cells[lane])
                if owner == 0 or not _alive(owner):
                    self._cells[lane] = pid
                    return lane
        finally:
            fcntl.lockf(self._turns, fcntl.LOCK_UN)
        return LANES - 1


def gauges(values: Iterable[tuple[str, str, float]]) -> Iterator[str]:
    """Lines for (name, help, value)."""
    for name, description, value in values:
        yield f"# HELP {name} {description}"
        yield f"# TYPE {name} gauge"
        yield f"{name} {value:g}"


def _histogram(name: str, labels: str, row: Sequence[float]) -> Iterator[str]:
    total = 0.0
    for end, count in zip((*(f"{end:g}" for end in BUCKETS), "+Inf"), row, strict=False):
        total += count
        yield f'{name}_bucket{{{labels},le="{end}"}} {total:.0f}'
    yield f"{name}_sum{{{labels}}} {row[-1]:.6f}"
    yield f"{name}_count{{{labels}}} {total:.0f}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
