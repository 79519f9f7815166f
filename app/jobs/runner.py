"""Runs one attempt of a job inside a worker's child process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from rq import get_current_job

from app.jobs import batch, compare, export, fetch, lifecycle, summarise
from app.logs import event, request_id_var
from app.services import Services
from app.tables.limits import TableRefused

log = logging.getLogger(__name__)

KINDS: dict[str, Callable[[Services, lifecycle.Claim, Callable[[float], None]], None]] = {
    "batch": batch.run,
    "compare": compare.run,
    "export": export.run,
    "fetch": fetch.run,
    "summarise": summarise.run,
}
PROGRESS_SECONDS = 0.5

_services: Services | None = None


def use(services: Services) -> None:
    """Says with which services jobs run; called once in the worker, before it forks."""
    global _services
    _services = services


def services_in_use() -> Services:
    """What `use` was told. Raises RuntimeError outside a worker."""
    if _services is None:
        raise RuntimeError("the worker did not say with which services jobs run")
    return _services


def run(job_id: str) -> None:
    """The function that the queue names: claims the job, runs it, and notes how it ended.

    An unexpected error puts the job back while the queue has retries left, and is raised for RQ to see.
    """
    services = services_in_use()
    with services.database.write() as session:
        held = lifecycle.claim(session, job_id)
    if held is None:
        event(log, logging.WARNING, "job", "the job is over or gone; nothing to do", job=job_id)
        return
    request_id_var.set(held.request_id)
    started = time.monotonic()
    _line(logging.INFO, "the job started", held, "running", started)
    try:
        KINDS[held.kind](services, held, _reporter(services, held))
    except lifecycle.Superseded:
        _line(logging.WARNING, "another attempt has taken the job over", held, "superseded", started)
    except lifecycle.Cancelled:
        with services.database.write() as session:
            lifecycle.end_cancelled(session, held)
        _line(logging.INFO, "the job was cancelled", held, "cancelled", started)
    except (lifecycle.Refused, TableRefused) as refusal:
        with services.database.write() as session:
            lifecycle.fail(session, held, str(refusal))
        _line(logging.ERROR, str(refusal), held, "failed", started)
    except Exception as error:
        status = _note_failure(services, held, error)
        _line(logging.ERROR, "the job raised an error", held, status, started, error)
        raise
    else:
        _line(logging.INFO, "the job succeeded", held, "succeeded", started)


def _note_failure(services: Services, held: lifecycle.Claim, error: Exception) -> str:
    queued = get_current_job()
    again = queued is not None and bool(queued.retries_left)
    message = f"{type(error).__name__}: {error}"
    with services.database.write() as session:
        (lifecycle.postpone if again else lifecycle.fail)(session, held, message)
    return "queued" if again else "failed"


def _reporter(services: Services, held: lifecycle.Claim) -> Callable[[float], None]:
    last = time.monotonic()

    def report(fraction: float) -> None:
        nonlocal last
        if time.monotonic() - last < PROGRESS_SECONDS:
            return
        last = time.monotonic()
        with services.database.write() as session:
            stop = lifecycle.progress(session, held, fraction)
        if stop:
            raise lifecycle.Cancelled(held.job_id)

    return report


def _line(
    level: int,
    message: str,
    held: lifecycle.Claim,
    status: str,
    started: float,
    error: Exception | None = None,
) -> None:
    log.log(
        level,
        message,
        exc_info=error,
        extra={
            "event": "job",
            "fields": {
                "user": held.username,
                "action": f"job:{held.kind}",
                "job": held.job_id,
                "attempt": held.attempt,
                "status": status,
                "duration_ms": round((time.monotonic() - started) * 1000, 1),
            },
        },
    )
