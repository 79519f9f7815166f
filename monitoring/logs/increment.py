"""Folds what is new in the logs into the hourly rollups; the timer's cycle calls it each minute."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple

from monitoring.logs import rollups
from monitoring.logs.figures import HOUR_MS, HOURLY_CAPS, Figures
from monitoring.logs.histogram import Histogram, bucket_of, merge, quantile
from monitoring.logs.lines import parse
from monitoring.logs.records import EDGE, Request
from monitoring.logs.tail import read_new

if TYPE_CHECKING:
    from monitoring.config import Config


class Window(NamedTuple):
    """What the edge (Nginx) served since the last fold; times in seconds since the epoch.

    `since` is None at the first fold; `p95_ms` is None when no request had a duration. `broken` counts lines
    that say nothing, of all logs. `more`: the limit of one fold was reached, the rest comes with the next.
    `problems` names the logs that could not be read, and why.
    """

    requests: int
    errors_4xx: int
    errors_5xx: int
    p95_ms: float | None
    bytes: int
    since: float | None
    until: float
    broken: int
    more: bool
    problems: tuple[str, ...]


def fold(config: Config, now: float | None = None) -> Window:
    """Read what is new in all logs into the rollups and return what came. Raises sqlite3.Error.

    The new position and the new figures are committed together. Two folds at once: the second waits for the
    first.
    """
    moment = time.time() if now is None else now
    connection = rollups.open_rollups(config.state_directory)
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            window = _fold(connection, config, moment)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return window
    finally:
        connection.close()


def _fold(connection: sqlite3.Connection, config: Config, now: float) -> Window:
    since = rollups.last_fold(connection)
    total = _Served()
    budget = int(config.logs.read_mb * 1024 * 1024)
    more = False
    problems: list[str] = []
    for log in config.logs.files:
        if budget <= 0:
            more = True
            break
        # Of a log whose reading fails half way nothing counts: the next fold begins it again.
        counter = _Counter(int(now * 1000) // HOUR_MS)
        try:
            progress = read_new(log, rollups.marks(connection, log), counter.take, budget)
        except OSError as error:
            problems.append(f"{log}: {error.strerror or error}")
            continue
        for hour, figures in counter.hours.items():
            rollups.add(connection, hour, figures)
        rollups.set_marks(connection, log, progress.marks, now)
        total.merge(counter.served)
        budget -= progress.bytes
        more = more or progress.more
    rollups.trim(connection, int((now - config.logs.rollup_days * 86400) * 1000) // HOUR_MS)
    return Window(
        requests=sum(total.statuses),
        errors_4xx=total.statuses[4],
        errors_5xx=total.statuses[5],
        p95_ms=quantile(total.histogram, 0.95),
        bytes=total.bytes,
        since=since,
        until=now,
        broken=total.broken,
        more=more,
        problems=tuple(problems),
    )


class _Served:
    """What the edge served: requests by the first digit of their status, bytes, durations; and broken
    lines.
    """

    def __init__(self) -> None:
        self.statuses = [0] * 10
        self.bytes = 0
        self.histogram: Histogram = {}
        self.broken = 0

    def merge(self, other: _Served) -> None:
        self.statuses = [mine + more for mine, more in zip(self.statuses, other.statuses)]
        self.bytes += other.bytes
        self.broken += other.broken
        merge(self.histogram, other.histogram.items())


class _Counter:
    """Sums up lines by hour; a line that says nothing has no time and goes to the hour in which it was
    read.
    """

    def __init__(self, this_hour: int) -> None:
        self.hours: dict[int, Figures] = {}
        self.served = _Served()
        self._this_hour = this_hour

    def take(self, lines: list[bytes], too_long: int) -> None:
        served = self.served
        broken = too_long
        for line in lines:
            if not line or line.isspace():
                continue
            record = parse(line)
            if record is None:
                broken += 1
                continue
            self._hour(record.time_ms // HOUR_MS).add(record)
            if isinstance(record, Request) and record.origin == EDGE:
                served.statuses[record.status // 100] += 1
                served.bytes += record.bytes
                if record.ms is not None:
                    bucket = bucket_of(record.ms)
                    served.histogram[bucket] = served.histogram.get(bucket, 0) + 1
        if broken:
            served.broken += broken
            self._hour(self._this_hour).broken += broken

    def _hour(self, hour: int) -> Figures:
        if hour not in self.hours:
            self.hours[hour] = Figures(HOURLY_CAPS)
        return self.hours[hour]
