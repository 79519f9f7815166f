"""Sizing: what each service may use of a machine, as one Budget.

Pure functions: no Ansible import, nothing is read from the machine. The starting figures are those of spec.md
section 2 (resource plan of the 4H2G host), the minima and the sizes per process those measured in recipes.md,
"Memory and throughput". They shrink or grow in proportion until they fill what the reserve leaves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Mapping

from .budget import APP_SLOTS, App, Budget, Disk, Logs, Nginx, Redis, Services, Worker

MEMORY_UNIT_MB = 8
RESERVE_PERCENT = 20
# recipes.md: dockerd 88 to 182 MB, containerd 52, 7 per shim. The images' builds run in their share, too.
DOCKER_DAEMONS_MB = 300
# systemd, journald, sshd, one Ansible module (30 MB) and one monitoring sample (14 MB); caches come on top.
SYSTEM_MB = 100
MINIMUM_CPUS = 1.0
# recipes.md: four gunicorn workers of a preloaded app use 63 MB idle, 104 to 122 under load; the rest of a
# process's 32 MB is for what a request holds (a parsed sheet, an upload's buffers).
APP_BASE_MB = 64
APP_PROCESS_MB = 32
# recipes.md: an idle RQ worker 27 to 36 MB, its cron 28; a job parses and compares whole workbooks.
WORKER_BASE_MB = 64
WORKER_JOB_MB = 96
# A headless Chromium with one page, in the worker alone and only where the browser part is on.
BROWSER_MB = 320
# recipes.md: Nginx used 58 MB for 1000 TLS connections, so a worker process of 1024 gets 32 MB.
NGINX_PROCESS_MB = 32


# Both app slots, worker, cron, two Redis, Nginx; and a second Nginx while its image is replaced.
CONTAINERS = 8
CONTAINER_FILES = 3
# Rotated files kept of a log at most, and how many times smaller gzip makes them (13 measured on Nginx's).
KEPT = 30
COMPRESSION = 8


@dataclass(frozen=True)
class Share:
    """A claim on memory or disk: the plan's figure, the least that works, the most that helps."""

    figure: int
    minimum: int
    maximum: int
    copies: int = 1


@dataclass(frozen=True)
class Parts:
    """The optional parts of the service; the names are those of the variable `stack_parts`."""

    browser: bool = False
    backup: bool = True
    monitoring: bool = True


@dataclass(frozen=True)
class Machine:
    """A machine's size: memory in MB, CPUs in cores (a quota may be a fraction), disk in GB."""

    memory_mb: int
    cpus: float
    disk_gb: int


def machine_of(found: Mapping[str, Any], at_most: Mapping[str, float]) -> Machine:
    """The part of a machine that the service may use: what was found, under ceilings (0: none)."""

    def capped(name: str) -> float:
        ceiling = float(at_most.get(name) or 0)
        has = float(found[name])
        return min(has, ceiling) if ceiling > 0 else has

    return Machine(int(capped("memory_mb")), capped("cpus"), int(capped("disk_gb")))


class TooSmallError(ValueError):
    """The machine cannot hold the service. `missing` names each shortage; `smallest` is what would do."""

    def __init__(self, machine: Machine, smallest: Machine) -> None:
        self.machine = machine
        self.smallest = smallest
        self.missing = [
            f"{what}: {has:g} {unit}, needed {needed:g} {unit}"
            for what, has, needed, unit in (
                ("memory", machine.memory_mb, smallest.memory_mb, "MB"),
                ("CPUs", machine.cpus, smallest.cpus, "cores"),
                ("disk", machine.disk_gb, smallest.disk_gb, "GB"),
            )
            if has < needed
        ]
        super().__init__("the machine is too small (" + "; ".join(self.missing) + ")")


def memory_shares(parts: Parts) -> dict[str, Share]:
    """Claims on memory in MB. Figures: spec.md section 2, its one Redis halved into two.

    Nginx's minimum: 58 MB measured at 1000 TLS connections (recipes.md), and its /tmp is memory of its own.
    """
    browser = BROWSER_MB if parts.browser else 0
    return {
        "app": Share(1024, 128, 16384, copies=APP_SLOTS),
        "worker": Share(512 + browser, 128 + browser, 16384),
        "redis_cache": Share(128, 32, 8192),
        "redis_queue": Share(128, 48, 4096),
        "nginx": Share(128, 96, 1024),
    }


def disk_shares(parts: Parts) -> dict[str, Share]:
    """Claims on the disk in GB. Figures: spec.md section 2 (files 10 of 40), the rest in its spirit."""
    backups = Share(10, 1, 1 << 20) if parts.backup else Share(0, 0, 0)
    images = Share(8, 4, 64) if parts.browser else Share(6, 3, 48)
    return {
        "files_gb": Share(10, 1, 1 << 20),
        "backups_gb": backups,
        "logs_gb": Share(2, 1, 20),
        "images_gb": images,
        "system_gb": Share(12 if not parts.browser else 10, 3, 60),
    }


def reserve_mb(memory_mb: int) -> int:
    """MB that no container may claim: 20 %, and never less than system and Docker daemons need."""
    return max(math.ceil(memory_mb * RESERVE_PERCENT / 100), DOCKER_DAEMONS_MB + SYSTEM_MB)


def least(shares: Mapping[str, Share]) -> int:
    """Sum of all minima, every copy counted."""
    return sum(share.minimum * share.copies for share in shares.values())


def smallest_machine(parts: Parts) -> Machine:
    """The smallest machine that holds the given parts."""
    need = least(memory_shares(parts))
    proportional = math.ceil(need * 100 / (100 - RESERVE_PERCENT))
    return Machine(
        memory_mb=max(need + DOCKER_DAEMONS_MB + SYSTEM_MB, proportional),
        cpus=MINIMUM_CPUS,
        disk_gb=least(disk_shares(parts)),
    )


def share_out(shares: Mapping[str, Share], available: int, unit: int) -> dict[str, int]:
    """Divide `available` in proportion to the figures, in multiples of `unit`, between minimum and maximum.

    The scale is the largest (in steps of 1/10000) whose sum fits: more to divide is never less for anyone.
    Raises ValueError when the minima alone do not fit.
    """

    def at(scale: int) -> dict[str, int]:
        return {
            name: min(share.maximum, max(share.minimum, share.figure * scale // 10000 // unit * unit))
            for name, share in shares.items()
        }

    def total(scale: int) -> int:
        return sum(size * shares[name].copies for name, size in at(scale).items())

    if total(0) > available:
        raise ValueError(f"{total(0)} needed, {available} available")
    low, high = 0, 10000 * max(share.maximum // share.figure + 1 for share in shares.values() if share.figure)
    while low < high:
        middle = (low + high + 1) // 2
        if total(middle) <= available:
            low = middle
        else:
            high = middle - 1
    return at(low)


def size(memory_mb: int, cpus: float, disk_gb: int, parts: Parts = Parts()) -> Budget:
    """The budget of a machine. Raises TooSmallError when it cannot hold the minima of all services."""
    machine = Machine(memory_mb, math.floor(cpus * 100) / 100, disk_gb)
    smallest = smallest_machine(parts)
    if memory_mb < smallest.memory_mb or machine.cpus < smallest.cpus or disk_gb < smallest.disk_gb:
        raise TooSmallError(machine, smallest)
    reserve = reserve_mb(memory_mb)
    memory = share_out(memory_shares(parts), memory_mb - reserve, MEMORY_UNIT_MB)
    disk = Disk(**share_out(disk_shares(parts), disk_gb, 1))
    return Budget(
        memory_mb=memory_mb,
        cpus=machine.cpus,
        disk_gb=disk_gb,
        reserve_mb=reserve,
        services=Services(
            app=_app(memory["app"], machine.cpus),
            worker=_worker(memory["worker"], machine.cpus, parts),
            redis_cache=_redis(memory["redis_cache"], machine.cpus, eighths=5),
            redis_queue=_redis(memory["redis_queue"], machine.cpus, eighths=4),
            nginx=_nginx(memory["nginx"], machine.cpus),
        ),
        disk=disk,
        logs=log_sizes(disk.logs_gb),
    )


def log_sizes(logs_gb: int) -> Logs:
    """Divide the logs' share of the disk: a tenth to the journal, 15 % to containers, the rest to ours."""
    total = logs_gb * 1024
    journal = min(max(total // 10, 64), 1024)
    container = min(max(total * 15 // 100 // (CONTAINERS * CONTAINER_FILES), 2), 50)
    rest = total - journal - container * CONTAINERS * CONTAINER_FILES
    return Logs(
        journal_mb=journal,
        nginx_file_mb=int(rest * 0.6 / log_generations(2)),
        app_file_mb=int(rest * 0.4 / log_generations(2)),
        container_file_mb=container,
        container_files=CONTAINER_FILES,
    )


def log_generations(logs: int) -> float:
    """How many times its largest size a log takes with all that is kept of it, for so many logs.

    The file itself, which may grow by as much again before logrotate's next hour, the last one (not yet
    compressed), and KEPT compressed ones.
    """
    return logs * (2 + 1 + KEPT / COMPRESSION)


def _limits(memory_mb: int, cpus: float, cpu_share: float, least_cpus: float) -> dict[str, Any]:
    """Limit and reservation (half of it, as in spec.md section 2) and a share of the CPUs."""
    return {
        "memory_mb": memory_mb,
        "memory_reservation_mb": memory_mb // 2 // MEMORY_UNIT_MB * MEMORY_UNIT_MB,
        "cpus": max(math.floor(cpus * cpu_share * 100) / 100, min(cpus, least_cpus)),
    }


def _app(memory_mb: int, cpus: float) -> App:
    """Half the CPUs; a process per CPU as far as memory goes, never one alone (it is recycled now and then).

    Threads: recipes.md measured that 4 x 8 avoid the head-of-line trap of 4 x 2, at next to no memory.
    """
    by_memory = (memory_mb - APP_BASE_MB) // APP_PROCESS_MB
    threads = 4 if memory_mb < 192 else 8 if memory_mb < 4096 else 16
    return App(
        processes=max(2, min(int(cpus), by_memory)), threads=threads, **_limits(memory_mb, cpus, 0.5, 1.0)
    )


def _worker(memory_mb: int, cpus: float, parts: Parts) -> Worker:
    """A quarter of the CPUs; a process for every second CPU as far as memory goes."""
    job_mb = WORKER_JOB_MB + (BROWSER_MB if parts.browser else 0)
    by_memory = (memory_mb - WORKER_BASE_MB) // job_mb
    return Worker(processes=max(1, min(int(cpus) // 2, by_memory)), **_limits(memory_mb, cpus, 0.25, 0.5))


def _redis(memory_mb: int, cpus: float, eighths: int) -> Redis:
    """An eighth of the CPUs (one thread, and the fork of a rewrite); data gets `eighths` of the memory.

    recipes.md: a queue with AOF in 128 MB was killed in a rewrite at 96 MB of data and survived at 64.
    """
    maxmemory = memory_mb * eighths // 8 // MEMORY_UNIT_MB * MEMORY_UNIT_MB
    return Redis(maxmemory_mb=maxmemory, **_limits(memory_mb, min(cpus, 16.0), 0.125, 0.25))


def _nginx(memory_mb: int, cpus: float) -> Nginx:
    """A quarter of the CPUs; a process for every second CPU (spec.md: 2 on 4), as far as memory goes."""
    connections = 512 if memory_mb < 2 * NGINX_PROCESS_MB else 1024 if memory_mb < 512 else 2048
    by_memory = min(memory_mb // NGINX_PROCESS_MB, max(8, memory_mb // (2 * NGINX_PROCESS_MB)))
    return Nginx(
        worker_processes=max(1, min(int(cpus) // 2, by_memory)),
        worker_connections=connections,
        **_limits(memory_mb, cpus, 0.25, 0.5),
    )
