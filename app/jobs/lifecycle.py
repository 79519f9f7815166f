"""A job's row from queued to its end. Steps name the attempt, so that a stale worker changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Job, User, now

UNFINISHED = ("queued", "running")


class Superseded(Exception):  # noqa: N818 - not an error of this attempt
    """Another attempt runs this job now, or it is over: this one must leave no trace."""


class Refused(Exception):  # noqa: N818
    """The job cannot be done, and trying again would not help. The message is for the user."""


class Cancelled(Exception):  # noqa: N818
    """The user wants this job to stop."""


class WrongState(Exception):  # noqa: N818
    """What is asked for does not fit the job's state. The message is for the user."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one attempt of a job, with the rights of its owner."""

    job_id: str
    kind: str
    attempt: int
    owner_id: str
    username: str
    role: str
    parameters: dict[str, Any]
    request_id: str | None

    @property
    def user_id(self) -> str:
        return self.owner_id


def create(
    session: Session, kind: str, owner_id: str, parameters: dict[str, Any], request_id: str | None
) -> Job:
    """A queued job."""
    job = Job(kind=kind, owner_id=owner_id, parameters=parameters, request_id=request_id)
    session.add(job)
    session.flush()
    return job


def claim(session: Session, job_id: str) -> Claim | None:
    """Starts the next attempt; None when the job is over or gone, or is to be over by its owner's wish."""
    job = session.get(Job, job_id)
    if job is None or job.status not in UNFINISHED:
        return None
    if job.cancel_requested:
        job.status, job.finished_at = "cancelled", now()
        return None
    owner = session.get_one(User, job.owner_id)
    job.attempt += 1
    job.status = "running"
    job.progress = 0.0
    job.started_at = now()
    return Claim(
        job.id,
        job.kind,
        job.attempt,
        job.owner_id,
        owner.username,
        owner.role,
        job.parameters,
        job.request_id,
    )


def cancel(session: Session, job: Job) -> None:
    """Ends a waiting job; tells a running one to stop, which it does within a second or two.

    Raises WrongState when the job is over; nothing happens when it was cancelled before.
    """
    if job.status == "queued":
        job.status, job.finished_at, job.cancel_requested = "cancelled", now(), True
    elif job.status == "running":
        job.cancel_requested = True
    elif job.status != "cancelled":
        raise WrongState(f"the job has {job.status} already")


def again(session: Session, job: Job, request_id: str | None) -> Job:
    """A new job that does what a failed or cancelled one was to do. Raises WrongState."""
    if job.status not in ("failed", "cancelled"):
        raise WrongState(f"only a failed or cancelled job is run again; this one is {job.status}")
    return create(session, job.kind, job.owner_id, job.parameters, request_id)


def _change(session: Session, held: Claim, **values: object) -> bool:
    statement = (
        update(Job)
        .where(Job.id == held.job_id, Job.attempt == held.attempt, Job.status == "running")
        .values(updated_at=now(), **values)
        .returning(Job.cancel_requested)
    )
    stop = session.scalar(statement)
    if stop is None:
        raise Superseded(held.job_id)
    return stop


def progress(session: Session, held: Claim, fraction: float) -> bool:
    """Notes how far the attempt is; returns whether it is to stop. Raises Superseded."""
    return _change(session, held, progress=round(min(max(fraction, 0.0), 1.0), 3))


def succeed(session: Session, held: Claim, result: dict[str, Any]) -> None:
    """Ends the job well, in the transaction that stores its result. Raises Superseded."""
    _change(session, held, status="succeeded", progress=1.0, result=result, error=None, finished_at=now())


def fail(session: Session, held: Claim, error: str) -> None:
    """Ends the job badly. Raises Superseded."""
    _change(session, held, status="failed", error=error[:2000], finished_at=now())


def end_cancelled(session: Session, held: Claim) -> None:
    """Ends the job by its owner's wish. Raises Superseded."""
    _change(session, held, status="cancelled", error=None, finished_at=now())


def postpone(session: Session, held: Claim, error: str) -> None:
    """Puts the job back for its next attempt. Raises Superseded."""
    _change(session, held, status="queued", error=error[:2000])


def unfinished(session: Session, untouched_for: timedelta) -> list[tuple[str, str]]:
    """(id, status) of the jobs that should be moving and were not touched for that long."""
    query = select(Job.id, Job.status).where(
        Job.status.in_(UNFINISHED), Job.updated_at < now() - untouched_for
    )
    return [(row.id, row.status) for row in session.execute(query)]


def abandon(session: Session, job_id: str, error: str) -> None:
    """Fails a job whose attempts are all used up, whichever attempt it was."""
    session.execute(
        update(Job)
        .where(Job.id == job_id, Job.status.in_(UNFINISHED))
        .values(status="failed", error=error, finished_at=now(), updated_at=now())
    )


def requeue(session: Session, job_id: str) -> None:
    """Marks a job as waiting again."""
    session.execute(
        update(Job)
        .where(Job.id == job_id, Job.status.in_(UNFINISHED))
        .values(status="queued", updated_at=now())
    )
