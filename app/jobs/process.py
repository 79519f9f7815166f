"""The worker process: RQ's worker with our lease, our maintenance and a sign of life for the container."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Worker, worker_registration
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from app import job_queue, logs
from app.config import Config, ConfigError
from app.job_queue import QueueUnavailable
from app.jobs import maintenance, runner, timed
from app.redis_clients import connect_worker
from app.services import Services

log = logging.getLogger(__name__)

RETRY_SECONDS = 3


class AppWorker(Worker):
    """RQ's worker with a short lease for running jobs, and our own maintenance beside RQ's."""

    log_result_lifespan = False
    # RQ's own pause between two attempts to reach a Redis that stays away, at its longest.
    max_connection_wait_time = 5.0

    def __init__(self, services: Services, connection: Redis, alive_file: Path) -> None:
        self._services = services
        self._alive_file = alive_file
        config = services.config
        super().__init__(
            [job_queue.NAME],
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=config.worker_ttl_seconds,
            maintenance_interval=config.maintenance_seconds,
            job_monitoring_interval=config.job_monitoring_seconds,
        )

    def get_heartbeat_ttl(self, job: Any, working_time: float = 0.0) -> int:
        """Seconds after which a job without a sign of life counts as abandoned."""
        return self._services.config.job_lease_seconds

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)
        self._alive_file.touch()

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        log.info("the worker listens on queue %s", job_queue.NAME)

    def run_maintenance_tasks(self) -> None:
        if self._stop_requested:
            # RQ would start a new scheduler now, and its stop a moment later can be lost: it waits for ever.
            return
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        self._register_again()
        try:
            maintenance.reconcile(self._services)
            timed.schedule(self._services)
        except (RedisError, QueueUnavailable, SQLAlchemyError, OSError) as error:
            log.warning("maintenance did not finish: %s", error)

    def _register_again(self) -> None:
        """A Redis that lost its data has forgotten this worker; health would call it missing for ever."""
        if self.connection.sismember(self.redis_workers_keys, self.key):
            return
        with self.connection.pipeline() as pipeline:
            pipeline.hset(self.key, mapping=self.serialize())
            worker_registration.register(self, pipeline)
            pipeline.expire(self.key, self.worker_ttl + 60)
            pipeline.execute()


def wait_for(connection: Redis) -> None:
    """Returns once Redis answers."""
    while True:
        try:
            connection.ping()
        except RedisError as error:
            log.warning("the queue's Redis does not answer yet: %s", error)
            time.sleep(RETRY_SECONDS)
        else:
            return


def work(alive_file: Path) -> int:
    """Works until it is told to stop; 0 after a requested stop, 1 after an error, 2 when misconfigured."""
    try:
        config = Config.from_environ()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    os.umask(0o027)
    logs.set_up(
        config.log_level,
        config.log_dir,
        "worker.log",
        config.secrets,
        service="worker",
        release=config.release,
    )
    for noisy in ("rq.worker", "rq.scheduler"):
        logging.getLogger(noisy).setLevel("WARNING" if config.log_level != "DEBUG" else "DEBUG")
    # What SQLite sorts goes to the disk; /tmp is the container's memory.
    os.environ.setdefault("SQLITE_TMPDIR", str(config.tmp_dir))
    services = Services.from_config(config)
    runner.use(services)
    connection = connect_worker(config.redis_queue_url)
    wait_for(connection)
    worker = AppWorker(services, connection, alive_file)
    worker.work(logging_level=None, with_scheduler=True)
    stopped = worker._shutdown_requested_date is not None
    log.log(logging.INFO if stopped else logging.ERROR, "the worker stops")
    return 0 if stopped else 1
