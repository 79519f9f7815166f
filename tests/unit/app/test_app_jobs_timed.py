"""Timed tasks: handed out by RQ's scheduler, claimed in the database, their last run on the system page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.factory import Application
from app.jobs import runner, timed
from app.jobs.process import AppWorker
from app.models import DocumentVersion, Job, TimedTask, now
from app.services import Services
from app.tables import cache
from tests.unit.app.stack import Stack, log_in, wait_until
from tests.unit.app.work import finished, start, store, workbook


def rows(services: Services) -> dict[str, TimedTask]:
    with services.database.read() as session:
        return {name: session.get_one(TimedTask, name) for name in timed.TASKS}


def test_a_worker_runs_every_task_and_the_system_page_tells_how_it_went(
    app: Application, client: FlaskClient, stack: Stack
) -> None:
    admin = log_in(app, "admin")
    store(client, workbook([["x"]]), "a.xlsx")
    stack.worker()

    def over() -> bool:
        tasks = admin.get("/api/system").get_json()["tasks"]
        return len(tasks) == len(timed.TASKS) and all(task["status"] == "ok" for task in tasks)

    wait_until(over, 60, lambda: stack.log("worker.log"))
    tasks = {task["name"]: task for task in admin.get("/api/system").get_json()["tasks"]}
    assert set(tasks) == set(timed.TASKS)
    assert all(task["next_run"] > task["last_run"] for task in tasks.values())
    assert "1 documents" in tasks["statistics"]["message"]
    assert "removed 0 documents" in tasks["retention"]["message"]


def test_the_scheduler_brings_the_next_run(app: Application, services: Services, stack: Stack) -> None:
    stack.worker()
    wait_until(lambda: stack.log("worker.log").count('"event": "timed"') >= len(timed.TASKS), 60)
    first = rows(services)["statistics"].last_run
    assert first is not None
    due = now() + timedelta(seconds=2)
    with services.database.write() as session:
        session.get_one(TimedTask, "statistics").next_run = due
    again = wait_until(
        lambda: (row := rows(services)["statistics"]).last_run != first and row, 30,
        lambda: stack.log("worker.log"),
    )  # fmt: skip
    assert due <= again.last_run < due + timedelta(seconds=20)


def test_a_due_run_is_done_by_one(services: Services, app: Application) -> None:
    with services.database.write() as session:
        session.add(TimedTask(name="statistics", next_run=now()))
    task = timed.TASKS["statistics"]
    for expected in (True, False):
        with services.database.write() as session:
            assert timed.claim(session, "statistics", task) is expected


def test_a_run_is_handed_over_once(services: Services, app: Application) -> None:
    for _ in range(3):
        timed.schedule(services)
    assert services.queue.connection.zcard("rq:scheduled:default") == len(timed.TASKS)
    with services.database.write() as session:
        session.get_one(TimedTask, "index").next_run = now() - timedelta(minutes=10)
    for _ in range(3):
        timed.schedule(services)
    assert services.queue.waiting() == 1, "what the scheduler let pass goes straight to the workers"


def test_a_task_that_fails_says_so_and_is_run_again(
    services: Services, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_services: Services) -> str:
        raise OSError("no disk today")

    monkeypatch.setitem(timed.TASKS, "retention", timed.Task(timedelta(hours=1), broken))
    monkeypatch.setattr(runner, "_services", services)
    timed.schedule(services)
    timed.run("retention")
    row = rows(services)["retention"]
    assert (row.status, row.message) == ("failed", "OSError: no disk today")
    assert row.next_run is not None
    assert row.next_run > now()


def test_old_jobs_and_caches_without_a_file_go(
    client: FlaskClient, services: Services, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = store(client, workbook([["k"], [1]]), "a.xlsx")
    other = store(client, workbook([["k"], [2]]), "b.xlsx")
    worker = stack.worker()
    job_id = start(client, kind="compare", documents=[table, other])
    assert finished(client, stack, job_id)["status"] == "succeeded"
    worker.terminate()
    worker.wait(60)
    assert client.get(f"/api/jobs/{job_id}/comparison").status_code == 200
    for identifier in (table, other):
        client.delete(f"/api/documents/{identifier}")
        client.delete(f"/api/documents/{identifier}?permanent=true")
    monkeypatch.setattr(runner, "_services", services)
    assert "caches" in timed.TASKS["temporary"].run(services)
    with services.database.read() as session:
        live = {path.rpartition("/")[2] for path in session.scalars(select(DocumentVersion.path))}
    assert len(live) == 1, "the comparison's workbook"
    kept = {path.name.partition(".")[0] for path in services.config.tables_dir.glob(f"*.v{cache.FORMAT}.db")}
    assert kept <= live
    assert client.get(f"/api/jobs/{job_id}/comparison").status_code == 200, "it outlives what it compared"
    with services.database.write() as session:
        session.get_one(Job, job_id).finished_at = now() - timedelta(days=9999)
    assert "removed 1 old" in timed.TASKS["jobs"].run(services)
    timed.TASKS["temporary"].run(services)
    assert list(services.config.comparisons_dir.iterdir()) == []


def test_tables_that_came_while_the_queue_was_away_are_read_later(
    client: FlaskClient, services: Services, app: Application
) -> None:
    names = ("a.xlsx", "b.csv", "broken.xlsx", "note.txt")
    contents = (workbook([["苹果"]]), "梨,1\n".encode(), b"PK\x03\x04", b"x")
    ids = [store(client, content, name) for name, content in zip(names, contents, strict=True)]
    assert timed.TASKS["index"].run(services) == "read 3 tables that had not been read"
    assert timed.TASKS["index"].run(services) == "read 0 tables that had not been read"
    for word, expected in (("苹果", ids[0]), ("梨", ids[1])):
        found = client.get(f"/api/documents?q={word}").get_json()["items"]
        assert [item["id"] for item in found] == [expected]


def test_a_worker_that_stops_starts_nothing_new(services: Services, app: Application, stack: Stack) -> None:
    """RQ would start a scheduler whose stop, a moment later, it may lose and then wait for ever."""
    worker = AppWorker(services, services.queue.connection, stack.directory / "alive")
    worker.register_birth()  # type: ignore[no-untyped-call]
    worker._stop_requested = True
    worker.run_maintenance_tasks()
    with services.database.read() as session:
        assert session.scalars(select(TimedTask)).all() == []
    worker._stop_requested = False
    worker.run_maintenance_tasks()
    assert len(rows(services)) == len(timed.TASKS)
