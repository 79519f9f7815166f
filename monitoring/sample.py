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


class System(NamedTuple):
    """Figures of the host. CPU in percent of all CPUs together; network as counters since boot."""

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


class Health(NamedTuple):
    """Answer of the application's health address.

    `ok` is None when the check is turned off. `error` says in words why `ok` is False.
    `body` is the decoded JSON document, or None when the answer was none.
    """

    ok: bool | None
    status: int | None
    response_ms: float | None
    body: Any
    error: str


class Container(NamedTuple):
    """One container: `state` and `health` in Docker's words, CPU in percent of one CPU.

    Memory is counted without page cache; `memory_percent` is of the container's limit, or of the host's
    memory when there is no limit.
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


class Containers(NamedTuple):
    """All containers of the project, or the reason why Docker could not be asked."""

    items: tuple[Container, ...]
    error: str


class Sample(NamedTuple):
    """One cycle. `time` in seconds since the epoch; `containers` is None when Docker is not watched."""

    time: float
    host: str
    system: System
    health: Health
    containers: Containers | None


class Counters(NamedTuple):
    """Running totals kept until the next cycle, from which rates are made.

    `cpu_busy` and `cpu_total` in seconds, `containers` maps a container's id to its CPU time in ns.
    """

    time: float
    boot_id: str
    cpu_busy: float
    cpu_total: float
    containers: dict[str, int]
