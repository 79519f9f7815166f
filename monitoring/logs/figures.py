"""Adds up records. A Figures is a sum over some time; sums merge exactly, in any order."""

from __future__ import annotations

from typing import Callable, NamedTuple, Tuple, TypeVar

from monitoring.logs.endpoints import OTHER
from monitoring.logs.histogram import Histogram, bucket_of
from monitoring.logs.lines import Record
from monitoring.logs.messages import normalised
from monitoring.logs.records import Event, Request, SlowQuery

HOUR_MS = 3_600_000
SLOW_MS = 2000
# The slowest of each origin that are kept with time and path.
SLOW_KEPT = 20
FAILED_LEVELS = ("ERROR", "CRITICAL")

EndpointKey = Tuple[str, str, str]
Key = TypeVar("Key")
Value = TypeVar("Value")


class Group(NamedTuple):
    """Requests that were added up elsewhere: how many, how many of them have a duration, sums."""

    lines: int
    timed: int
    sum_ms: int
    bytes: int


class Traffic:
    """Requests of one origin: how many, how they were answered, how long they took.

    `timed` counts those with a duration, of which `sum_ms` is the sum and `histogram` the distribution.
    """

    __slots__ = ("bytes", "histogram", "slow", "statuses", "sum_ms", "timed")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.bytes = 0
        self.timed = 0
        self.sum_ms = 0
        self.slow = 0
        self.histogram: Histogram = {}

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())

    def answered(self, hundred: int) -> int:
        """Return how many were answered with a status of that hundred (4: 400 to 499)."""
        return sum(count for status, count in self.statuses.items() if status // 100 == hundred)

    def add(self, status: int, ms: int | None, size: int, bucket: int) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.bytes += size
        if ms is not None:
            self.timed += 1
            self.sum_ms += ms
            self.slow += ms > SLOW_MS
            self.histogram[bucket] = self.histogram.get(bucket, 0) + 1

    def add_many(self, status: int, bucket: int | None, group: Group) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + group.lines
        self.bytes += group.bytes
        self.timed += group.timed
        self.sum_ms += group.sum_ms
        if bucket is not None:
            self.histogram[bucket] = self.histogram.get(bucket, 0) + group.timed

    def merge(self, other: Traffic) -> None:
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count
        self.bytes += other.bytes
        self.timed += other.timed
        self.sum_ms += other.sum_ms
        self.slow += other.slow
        for bucket, count in other.histogram.items():
            self.histogram[bucket] = self.histogram.get(bucket, 0) + count


class ErrorGroup:
    """Errors with the same normalised message. `sample` is the message of the first."""

    __slots__ = ("count", "first_ms", "last_ms", "sample")

    def __init__(self, count: int, first_ms: int, last_ms: int, sample: str) -> None:
        self.count = count
        self.first_ms = first_ms
        self.last_ms = last_ms
        self.sample = sample

    def merge(self, other: ErrorGroup) -> None:
        self.count += other.count
        self.first_ms, self.sample = min((self.first_ms, self.sample), (other.first_ms, other.sample))
        self.last_ms = max(self.last_ms, other.last_ms)


class QueryGroup:
    """Slow runs of one statement of the database."""

    __slots__ = ("count", "last_ms", "most_ms", "sum_ms")

    def __init__(self, count: int, sum_ms: int, most_ms: int, last_ms: int) -> None:
        self.count = count
        self.sum_ms = sum_ms
        self.most_ms = most_ms
        self.last_ms = last_ms

    def merge(self, other: QueryGroup) -> None:
        self.count += other.count
        self.sum_ms += other.sum_ms
        self.most_ms = max(self.most_ms, other.most_ms)
        self.last_ms = max(self.last_ms, other.last_ms)


class SlowList:
    """The SLOW_KEPT slowest requests: (-ms, time_ms, method, path, status, endpoint), slowest first."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, str, str, int, str]] = []

    def add(self, row: tuple[int, int, str, str, int, str]) -> None:
        self._rows.append(row)
        if len(self._rows) > 20 * SLOW_KEPT:
            self._cut()

    def rows(self) -> list[tuple[int, int, str, str, int, str]]:
        self._cut()
        return self._rows

    def _cut(self) -> None:
        self._rows.sort()
        del self._rows[SLOW_KEPT:]


class Caps:
    """How many distinct names are kept; what comes after them is counted under one common name."""

    __slots__ = ("actions", "endpoints", "errors", "queries")

    def __init__(self, endpoints: int, actions: int, errors: int, queries: int) -> None:
        self.endpoints = endpoints
        self.actions = actions
        self.errors = errors
        self.queries = queries


HOURLY_CAPS = Caps(endpoints=200, actions=500, errors=200, queries=100)
TOTAL_CAPS = Caps(endpoints=2000, actions=5000, errors=2000, queries=1000)


class Figures:
    """Everything that is known of some time. `hours` maps (hour since the epoch, origin) to its traffic."""

    def __init__(self, caps: Caps = TOTAL_CAPS) -> None:
        self.caps = caps
        self.entries = 0
        self.broken = 0
        self.warnings = 0
        self.hours: dict[tuple[int, str], Traffic] = {}
        self.endpoints: dict[EndpointKey, Traffic] = {}
        self.actions: dict[tuple[str, str], int] = {}
        self.error_hours: dict[int, int] = {}
        self.errors: dict[tuple[str, str, str], ErrorGroup] = {}
        self.queries: dict[str, QueryGroup] = {}
        self.slow: dict[str, SlowList] = {}

    def add(self, record: Record) -> None:
        self.entries += 1
        if isinstance(record, Request):
            self._add_request(record)
        elif isinstance(record, Event):
            self._add_event(record)
        else:
            self._add_query(record)

    def add_many(
        self,
        origin: str,
        hour: int,
        method: str,
        endpoint: str,
        status: int,
        bucket: int | None,
        user: str,
        action: str,
        group: Group,
    ) -> None:
        """Add requests that differ in nothing else, none of them slow. `bucket` is None without a
        duration.
        """
        self.entries += group.lines
        self.hour(hour, origin).add_many(status, bucket, group)
        self.endpoint((origin, method, endpoint)).add_many(status, bucket, group)
        if user:
            self.act(user, action_name(action, method, status), group.lines)

    def hour(self, hour: int, origin: str) -> Traffic:
        return _at(self.hours, (hour, origin), Traffic)

    def endpoint(self, key: EndpointKey) -> Traffic:
        return _capped(self.endpoints, key, (key[0], OTHER, OTHER), self.caps.endpoints, Traffic)

    def act(self, user: str, action: str, count: int) -> None:
        key = (user, action)
        if key not in self.actions and len(self.actions) >= self.caps.actions:
            key = (OTHER, OTHER)
        self.actions[key] = self.actions.get(key, 0) + count

    def add_error(self, hour: int, key: tuple[str, str, str], group: ErrorGroup) -> None:
        self.error_hours[hour] = self.error_hours.get(hour, 0) + group.count
        self.merge_error(key, group)

    def merge_error(self, key: tuple[str, str, str], group: ErrorGroup) -> None:
        if key not in self.errors and len(self.errors) >= self.caps.errors:
            key = (OTHER, OTHER, OTHER)
        if key in self.errors:
            self.errors[key].merge(group)
        else:
            self.errors[key] = group

    def merge_query(self, statement: str, group: QueryGroup) -> None:
        if statement not in self.queries and len(self.queries) >= self.caps.queries:
            statement = OTHER
        if statement in self.queries:
            self.queries[statement].merge(group)
        else:
            self.queries[statement] = group

    def slow_list(self, origin: str) -> SlowList:
        return _at(self.slow, origin, SlowList)

    def _add_request(self, record: Request) -> None:
        ms = record.ms
        bucket = 0 if ms is None else bucket_of(ms)
        self.hour(record.time_ms // HOUR_MS, record.origin).add(record.status, ms, record.bytes, bucket)
        key = (record.origin, record.method, record.endpoint)
        self.endpoint(key).add(record.status, ms, record.bytes, bucket)
        if ms is not None and ms > SLOW_MS:
            self.slow_list(record.origin).add(
                (-ms, record.time_ms, record.method, record.path, record.status, record.endpoint)
            )
        if record.user:
            self.act(record.user, action_name(record.action, record.method, record.status), 1)

    def _add_event(self, record: Event) -> None:
        if record.user and record.action:
            self.act(record.user, record.action, 1)
        if record.level in FAILED_LEVELS:
            key = (record.source, record.type, normalised(record.message))
            group = ErrorGroup(1, record.time_ms, record.time_ms, record.message)
            self.add_error(record.time_ms // HOUR_MS, key, group)
        elif record.level == "WARNING":
            self.warnings += 1

    def _add_query(self, record: SlowQuery) -> None:
        self.merge_query(record.statement, QueryGroup(1, record.ms, record.ms, record.time_ms))


def action_name(action: str, method: str, status: int) -> str:
    """Return what the user did: its name in the application, else the method; refusals are told apart."""
    name = action or method
    return f"{name} (refused)" if status in (401, 403) else name


def _at(table: dict[Key, Value], key: Key, make: Callable[[], Value]) -> Value:
    value = table.get(key)
    if value is None:
        value = table[key] = make()
    return value


def _capped(table: dict[Key, Value], key: Key, rest: Key, cap: int, make: Callable[[], Value]) -> Value:
    value = table.get(key)
    if value is None:
        value = _at(table, key if len(table) < cap else rest, make)
    return value
