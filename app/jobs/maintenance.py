"""What the worker puts right from time to time: jobs that the queue lost."""

from __future__ import annotations

import logging
from datetime import timedelta

from app.jobs import lifecycle
from app.logs import event
from app.services import Services

log = logging.getLogger(__name__)


def reconcile(services: Services) -> None:
    """Compares the jobs in the database with the queue.

    A job that the queue does not know (its Redis was emptied, or the process died between the
    commit and the enqueueing) is queued again; one that the queue gave up is failed.
    Raises QueueUnavailable, RedisError.
    """
    with services.database.read() as session:
        waiting = lifecycle.unfinished(session, timedelta(seconds=services.config.job_lease_seconds))
    for job_id, _ in waiting:
        known = services.queue.status(job_id)
        if known is None or known == "finished":
            with services.database.write() as session:
                lifecycle.requeue(session, job_id)
            services.queue.enqueue(job_id)
            event(log, logging.WARNING, "job", "the queue did not know the job; queued again", job=job_id)
        elif known in ("failed", "stopped", "canceled"):
            with services.database.write() as session:
                lifecycle.abandon(session, job_id, "every attempt was cut short; see worker.log")
            event(log, logging.ERROR, "job", "the job was given up", job=job_id, status="failed")
