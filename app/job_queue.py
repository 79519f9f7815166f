"""The job queue as the web processes see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Retry
from rq.job import Job as QueuedJob
from rq.serializers import JSONSerializer

from app.redis_clients import RIDE_OUT_RESTART

NAME = "default"
JOB_FUNCTION = "app.jobs.runner.run"
INDEX_FUNCTION = "app.jobs.indexing.run"
JOB_TIMEOUT_SECONDS = 1800
RETRIES = 3
KEPT_SECONDS = 24 * 3600
# A scheduler that died lets go of its lock after 61 s.
LATE_SECONDS = 90


class QueueUnavailable(Exception):  # noqa: N818 - a state of the service
    """The queue's Redis did not take the job: unreachable, or at its memory limit."""


class JobQueue:
    """Enqueues jobs by their identifier; their parameters stay in the database."""

    def __init__(self, connection: Redis) -> None:
        self.connection = connection
        self._queue = Queue(
            NAME, connection=connection, serializer=JSONSerializer, default_timeout=JOB_TIMEOUT_SECONDS
        )

    def enqueue(self, job_id: str) -> None:
        """Hands the job to the workers. A job killed or failed is run again up to three times.

        Raises QueueUnavailable.
        """
        try:
            # Twice in the queue does no harm: the second attempt finds that the job is over.
            RIDE_OUT_RESTART.call_with_retry(lambda: self._push(job_id), lambda _error: None)
        except RedisError as error:
            raise QueueUnavailable(str(error)) from error

    def _push(self, job_id: str) -> None:
        self._queue.enqueue(
            JOB_FUNCTION, job_id, job_id=job_id, retry=Retry(max=RETRIES),
            result_ttl=KEPT_SECONDS, failure_ttl=KEPT_SECONDS, description=f"job {job_id}",
        )  # fmt: skip

    def enqueue_index(self, document_id: str, version: int) -> None:
        """Asks a worker to read a new version of a table. Raises QueueUnavailable."""
        try:
            self._queue.enqueue(
                INDEX_FUNCTION, document_id, job_id=f"index-{document_id}-{version}",
                result_ttl=0, failure_ttl=KEPT_SECONDS, description=f"index {document_id}",
            )  # fmt: skip
        except RedisError as error:
            raise QueueUnavailable(str(error)) from error

    def enqueue_task(self, function: str, name: str, moment: datetime) -> None:
        """Hands a run of a timed task to RQ's scheduler, or to the workers when the scheduler let it pass.

        The same run is handed over once, however often this is called. Raises QueueUnavailable.
        """
        job_id = f"task-{name}-{int(moment.timestamp())}"
        late = (datetime.now(UTC) - moment).total_seconds() > LATE_SECONDS
        options = {"result_ttl": 0, "failure_ttl": LATE_SECONDS, "description": f"task {name}"}
        try:
            if late:
                if not QueuedJob.exists(f"{job_id}-late", connection=self.connection):
                    self._queue.enqueue(function, name, job_id=f"{job_id}-late", **options)
            elif not QueuedJob.exists(job_id, connection=self.connection):
                # The scheduler's clock has whole seconds: not before the moment.
                at = moment.replace(microsecond=0) + timedelta(seconds=1)
                self._queue.enqueue_at(at, function, name, job_id=job_id, **options)
        except RedisError as error:
            raise QueueUnavailable(str(error)) from error

    def status(self, job_id: str) -> str | None:
        """RQ's own status of the job; None when Redis knows no such job."""
        if not QueuedJob.exists(job_id, connection=self.connection):
            return None
        job = QueuedJob.fetch(job_id, connection=self.connection, serializer=JSONSerializer)
        return job.get_status(refresh=False).value

    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        return int(self.connection.llen(self._queue.key))

    def heartbeat_ages(self) -> list[float]:
        """Seconds since the last sign of life of each registered worker."""
        pipeline = self.connection.pipeline(transaction=False)
        for key in self.connection.smembers("rq:workers"):
            pipeline.hget(key, "last_heartbeat")
        present = datetime.now(UTC)
        return [
            (present - datetime.fromisoformat(beat.decode())).total_seconds()
            for beat in pipeline.execute()
            if beat is not None
        ]
