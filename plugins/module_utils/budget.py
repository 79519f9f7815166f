"""What a machine's services may use: the Budget that sizing works out and templates read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

# During a release the old and the new slot run at once (design.md section 7).
APP_SLOTS = 2


@dataclass(frozen=True)
class Service:
    """Limits of one container: memory in MB, CPUs in cores."""

    memory_mb: int
    memory_reservation_mb: int
    cpus: float


@dataclass(frozen=True)
class App(Service):
    """One slot of the application: gunicorn processes and the threads of each."""

    processes: int
    threads: int


@dataclass(frozen=True)
class Worker(Service):
    """The RQ worker: how many jobs run at once."""

    processes: int


@dataclass(frozen=True)
class Redis(Service):
    """One Redis: the size of its data; the rest of its memory is for clients and the fork of a rewrite."""

    maxmemory_mb: int


@dataclass(frozen=True)
class Nginx(Service):
    """Nginx: worker processes and the connections of each."""

    worker_processes: int
    worker_connections: int


@dataclass(frozen=True)
class Services:
    """Every container of the stack; `app` is one of the two slots."""

    app: App
    worker: Worker
    redis_cache: Redis
    redis_queue: Redis
    nginx: Nginx

    def limits_mb(self) -> int:
        """Sum of all memory limits with both app slots running."""
        rest = self.worker, self.redis_cache, self.redis_queue, self.nginx
        return APP_SLOTS * self.app.memory_mb + sum(service.memory_mb for service in rest)


@dataclass(frozen=True)
class Disk:
    """Shares of the file system that holds the stack, in GB."""

    files_gb: int
    backups_gb: int
    logs_gb: int
    images_gb: int
    system_gb: int


@dataclass(frozen=True)
class Logs:
    """What shares `logs_gb`, in MB. A file is rotated at its size, whatever its age.

    `container_file_mb`: a file of a container's own log, of which `container_files` are kept.
    """

    journal_mb: int
    nginx_file_mb: int
    app_file_mb: int
    container_file_mb: int
    container_files: int


@dataclass(frozen=True)
class Budget:
    """What the machine has (memory, CPUs, disk), what stays free for the system, and who gets the rest."""

    memory_mb: int
    cpus: float
    disk_gb: int
    reserve_mb: int
    services: Services
    disk: Disk
    logs: Logs

    def as_dict(self) -> dict[str, Any]:
        """The form that templates read as `stack_budget`."""
        return asdict(self)
