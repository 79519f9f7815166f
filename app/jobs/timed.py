"""What is done by the clock: RQ's scheduler hands it to the worker, a row in the database keeps how it went.

However many workers and schedulers there are, a run is done once: it is claimed by moving `next_run` on.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app import documents, retention
from app.jobs import indexing, maintenance, runner
from app.logs import event
from app.models import Document, DocumentVersion, Job, TimedTask, User, now
from app.services import Services
from app.tables import cache

log = logging.getLogger(__name__)

FUNCTION = "app.jobs.timed.run"
# Table caches may take this part of the documents' share of the disk.
CACHE_PERCENT = 10
UNFINISHED_SECONDS = 6 * 3600
INDEX_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Task:
    """`run` returns what it did, in a sentence for the system page."""

    every: timedelta
    run: Callable[[Services], str]


def schedule(services: Services) -> None:
    """Sees to it that each task has its row, and its next run is known to the scheduler.

    Raises QueueUnavailable.
    """
    with services.database.read() as session:
        due = {row.name: row.next_run for row in session.scalars(select(TimedTask))}
    if set(due) != set(TASKS):
        with services.database.write() as session:
            for name in TASKS:
                if session.get(TimedTask, name) is None:
                    session.add(TimedTask(name=name, next_run=now()))
            for name in set(due).difference(TASKS):
                session.delete(session.get_one(TimedTask, name))
        due = {name: due.get(name) or now() for name in TASKS}
    for name in TASKS:
        services.queue.enqueue_task(FUNCTION, name, due[name] or now())


def run(name: str) -> None:
    """The function that the queue names: runs the task if it is due, and notes how it ended."""
    services = runner.services_in_use()
    task = TASKS.get(name)
    if task is None:
        return
    with services.database.write() as session:
        if not claim(session, name, task):
            return
    started = time.monotonic()
    try:
        status, message = "ok", task.run(services)
    except Exception as error:
        status, message = "failed", f"{type(error).__name__}: {error}"
        log.error("the timed task %s failed", name, exc_info=error, extra={"event": "timed"})
    with services.database.write() as session:
        row = session.get_one(TimedTask, name)
        row.status, row.message = status, message[:2000]
        following = row.next_run
    event(
        log, logging.INFO, "timed", f"{name}: {message}",
        task=name, status=status, duration_ms=round((time.monotonic() - started) * 1000, 1),
    )  # fmt: skip
    services.queue.enqueue_task(FUNCTION, name, following or now())


def claim(session: Session, name: str, task: Task) -> bool:
    """Takes the run that is due, so that nobody else does; False when none is."""
    moment = now()
    taken = session.scalar(
        update(TimedTask)
        .where(TimedTask.name == name, TimedTask.next_run <= moment)
        .values(status="running", last_run=moment, next_run=moment + task.every)
        .returning(TimedTask.name)
    )
    return taken is not None


def _retention(services: Services) -> str:
    return str(retention.clean(services))


def _temporary(services: Services) -> str:
    rows = retention.clean_rows(services)
    leftovers, orphans = retention.sweep(services)
    for entry in os.scandir(services.config.tmp_dir):
        # A browser's folder whose job was killed.
        if entry.is_dir(follow_symlinks=False) and entry.stat().st_mtime < time.time() - UNFINISHED_SECONDS:
            shutil.rmtree(entry.path, ignore_errors=True)
    caches = _sweep_caches(services)
    return (
        f"removed {rows} old rows, {leftovers} leftovers of uploads, {orphans} files without a document, "
        f"{caches} caches of tables and comparisons"
    )


def _sweep_caches(services: Services) -> int:
    config = services.config
    with services.database.read() as session:
        live = {path.rpartition("/")[2] for path in session.scalars(select(DocumentVersion.path))}
        compared = set(session.scalars(select(Job.id).where(Job.kind == "compare")))
    limit, old = config.files_share_bytes * CACHE_PERCENT // 100, time.time() - UNFINISHED_SECONDS
    return cache.sweep(config.tables_dir, live, limit, old) + cache.sweep(
        config.comparisons_dir, compared, limit, old
    )


def _jobs(services: Services) -> str:
    """Job rows are kept as long as the activity."""
    maintenance.reconcile(services)
    limit = now() - timedelta(days=services.config.activity_days)
    with services.database.write() as session:
        old = session.scalars(select(Job).where(Job.finished_at < limit)).all()
        for job in old:
            session.delete(job)
    return f"checked the jobs against the queue, removed {len(old)} old ones"


def _index(services: Services) -> str:
    return f"read {indexing.catch_up(services, INDEX_SECONDS)} tables that had not been read"


def _statistics(services: Services) -> str:
    with services.database.read() as session:
        live = session.scalar(select(func.count()).where(Document.deleted_at.is_(None)))
        trash = session.scalar(select(func.count()).where(Document.deleted_at.is_not(None)))
        users = session.scalar(select(func.count()).where(User.active))
        used = documents.used_bytes(session)
        day = now() - timedelta(days=1)
        counted = select(Job.status, func.count()).where(Job.created_at > day).group_by(Job.status)
        jobs = {row[0]: int(row[1]) for row in session.execute(counted)}
    if services.database.is_sqlite:
        with services.database.write() as session:
            session.execute(text("PRAGMA optimize"))
    event(
        log, logging.INFO, "statistics", "state of the service",
        documents=live, trash=trash, users=users, used_bytes=used, jobs=jobs,
        waiting=services.queue.waiting(),
    )  # fmt: skip
    told = ", ".join(f"{number} {status}" for status, number in sorted(jobs.items())) or "none"
    return (
        f"{live} documents, {trash} in the trash, {used // (1024 * 1024)} MB, {users} users; "
        f"jobs of the last day: {told}"
    )


TASKS: dict[str, Task] = {
    "index": Task(timedelta(minutes=5), _index),
    "jobs": Task(timedelta(minutes=10), _jobs),
    "retention": Task(timedelta(hours=1), _retention),
    "statistics": Task(timedelta(minutes=15), _statistics),
    "temporary": Task(timedelta(hours=1), _temporary),
}
