"""What one cycle measures.

Named tuples and not dataclasses: importing dataclasses costs a one-shot process some milliseconds a minute.
A figure that could not be read is None, never 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Disk(NamedTuple):
    """Use of the file system that holds `path`; `percent` as df counts it (0 to 100)."""

    path: str
    percent: float
    used_mb: float
    total_mb: float
    inodes_percent: float | None = None


class System(NamedTuple):
    """Figures of the host. CPU in percent of all CPUs together; network and disk I/O as counters since boot.

    `pressure` maps cpu, memory and io to the share of the last minute, in percent, in which something waited
    for it; None where the kernel does not count it. `oom_kills` are those since the previous cycle.
    """

    cpu_percent: float | None
    memory_percent: float | None
    memory_used_mb: float | None
    memory_total_mb: float | None
    disks: tuple[Disk, ...]
    network_received_bytes: int | None
    network_sent_bytes: int | None
    load_1: float | None
    load_5: float | None
    load_15: float | None
    cpu_steal_percent: float | None = None
    cpu_iowait_percent: float | None = None
    memory_available_mb: float | None = None
    swap_percent: float | None = None
    disk_read_bytes: int | None = None
    disk_written_bytes: int | None = None
    pressure: dict[str, float] | None = None
    oom_kills: int | None = None


class Health(NamedTuple):
    """Answer of the application's health address.

    `ok` is None when the check is turned off. `error` says in words why `ok` is False.
    `body` is the decoded JSON document, or None when the answer was none. `not_after` is the end of the
    certificate's life, in seconds since the epoch.
    """

    ok: bool | None
    status: int | None
    response_ms: float | None
    body: Any
    error: str
    not_after: float | None = None


class Container(NamedTuple):
    """One container: `state` and `health` in Docker's words, CPU in percent of one CPU.

    Memory is counted without page cache; `memory_percent` is of the container's limit, or of the host's
    memory when there is no limit. Restarts and OOM kills are those since the previous cycle.
    """

    id: str
    name: str
    service: str
    state: str
    health: str
    cpu_percent: float | None
    memory_mb: float | None
    memory_limit_mb: float | None
    memory_percent: float | None
    restarts: int | None = None
    oom_kills: int | None = None


class Containers(NamedTuple):
    """All containers of the project, or the reason why Docker could not be asked."""

    items: tuple[Container, ...]
    error: str


class Traffic(NamedTuple):
    """What Nginx answered since the previous cycle, from its log. `error_rate`: 5xx in percent of all."""

    requests: int
    errors_4xx: int
    errors_5xx: int
    error_rate: float | None
    p95_ms: float | None
    bytes: int
    seconds: float | None


class RedisState(NamedTuple):
    """One Redis instance. `error` says why it does not answer, `persistence` what it cannot write."""

    name: str
    error: str
    memory_mb: float | None = None
    memory_percent: float | None = None
    evicted: int | None = None
    persistence: str = ""


class Queue(NamedTuple):
    """The job queue: jobs that wait, run and failed; age in seconds of the job that waits longest."""

    length: int
    oldest_seconds: float | None
    started: int
    failed: int
    workers: int


class Database(NamedTuple):
    """The service's SQLite file; `checked` is when a copy of it last passed its integrity check."""

    size_mb: float
    wal_mb: float
    checked: float | None


class Result(NamedTuple):
    """The last backup or rehearsal. `status` is "ok", "failed" or "missing"; times since the epoch."""

    kind: str
    status: str
    started_at: float | None = None
    finished_at: float | None = None
    snapshot: str | None = None
    error: str = ""
    cause: str = ""
    last_success: float | None = None


class Timer(NamedTuple):
    """A systemd timer and how the unit that it starts ended last ("success", else systemd's word)."""

    unit: str
    result: str
    last_run: float | None
    next_run: float | None


class Updates(NamedTuple):
    """Security updates that wait, counted at `checked_at`, and whether a restart of the host is due."""

    security_pending: int | None
    reboot_required: bool
    checked_at: float | None


class Clock(NamedTuple):
    """Whether the time service says that it is in step, and how far a time server says we are off."""

    synchronised: bool | None
    offset_seconds: float | None


class Prediction(NamedTuple):
    """Hours until the file system that holds `path` is full, by its trend."""

    path: str
    hours: float


class Parts(NamedTuple):
    """What is watched besides the host, the health address and the containers; None: not watched."""

    public: Health | None = None
    nginx: Traffic | None = None
    redis: tuple[RedisState, ...] = ()
    queue: Queue | None = None
    database: Database | None = None
    results: tuple[Result, ...] = ()
    timers: tuple[Timer, ...] | None = None
    updates: Updates | None = None
    clock: Clock | None = None
    predictions: tuple[Prediction, ...] | None = None
    gap_seconds: float | None = None
    watched_since: float | None = None
    recent_ooms: tuple[str, ...] = ()
    recent_restarts: dict[str, int] | None = None
    failing_channels: dict[str, str] | None = None


class Sample(NamedTuple):
    """One cycle. `time` in seconds since the epoch; `containers` is None when Docker is not watched."""

    time: float
    host: str
    system: System
    health: Health
    containers: Containers | None
    parts: Parts = Parts()


class Counters(NamedTuple):
    """Running totals kept until the next cycle, from which rates are made.

    `cpu_busy` and `cpu_total` in seconds, `containers` maps a container's id to its CPU time in ns.
    `memo` is what a collector keeps for itself from cycle to cycle, by the collector's name.
    """

    time: float
    boot_id: str
    cpu_busy: float
    cpu_total: float
    containers: dict[str, int]
    cpu_steal: float = 0.0
    cpu_iowait: float = 0.0
    oom_kills: int | None = None
    memo: dict[str, Any] = {}  # noqa: RUF012 (never changed in place)
