"""Jobs through the API, a real queue and real worker processes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import zipfile

import pytest
from flask.testing import FlaskClient

from app.factory import Application, create_app
from app.jobs import lifecycle
from app.models import Job
from app.services import Services
from tests.unit.app.stack import RedisServer, Stack, close, kill_with_children, log_in, wait_until
from tests.unit.app.work import finished, job, start_export, store


def test_an_export_is_a_zip_of_the_documents_with_a_manifest(client: FlaskClient, stack: Stack) -> None:
    contents = {"a.csv": b"1,2\n" * 1000, "b.xlsx": os.urandom(50_000)}
    ids = [store(client, content, name) for name, content in contents.items()]
    ids.append(store(client, b"again", "A.csv"))
    stack.worker()
    done = finished(client, stack, start_export(client, ids))
    assert done["status"] == "succeeded", done
    assert (done["progress"], done["error"]) == (1.0, None)

    result = done["result"]["document"]
    listed = client.get(f"/api/documents/{result}").get_json()
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"/api/documents/{result}/download").data))
    assert archive.testzip() is None
    names = ["a.csv", "b.xlsx", "A (2).csv"]
    assert archive.namelist() == [*names, "manifest.json"]
    assert [archive.read(name) for name in names] == [*contents.values(), b"again"]
    manifest = json.loads(archive.read("manifest.json"))
    assert [entry["document"] for entry in manifest["documents"]] == ids
    assert listed["name"].startswith("export-")
    assert listed["owner"] == "editor"


def test_the_log_tells_the_job_with_the_request_that_made_it(client: FlaskClient, stack: Stack) -> None:
    document = store(client, b"x", "a.csv")
    answer = client.post(
        "/api/jobs",
        json={"kind": "export", "documents": [document]},
        headers={"X-Request-ID": "request-0001"},
    )
    stack.worker()
    finished(client, stack, answer.get_json()["id"])
    lines = [json.loads(line) for line in stack.log("worker.log").splitlines()]
    ours = [line for line in lines if line["event"] == "job"]
    assert [line["status"] for line in ours] == ["running", "succeeded"]
    assert {line["request_id"] for line in ours} == {"request-0001"}
    assert {(line["user"], line["action"]) for line in ours} == {("editor", "job:export")}


def test_a_job_whose_worker_is_killed_runs_again_and_leaves_one_result(
    client: FlaskClient, stack: Stack, services: Services
) -> None:
    # Big enough that the first attempt is still compressing when its worker dies.
    document = store(client, os.urandom(60_000_000), "big.csv")
    before = len(client.get("/api/documents").get_json()["items"])
    first = stack.worker()
    job_id = start_export(client, [document])
    wait_until(lambda: 0 < job(client, job_id)["progress"] < 1, 60, lambda: str(job(client, job_id)))
    kill_with_children(first)
    assert job(client, job_id)["status"] == "running"

    stack.run("-m", "app.worker")
    done = finished(client, stack, job_id, 120)
    assert done["status"] == "succeeded", done
    with services.database.read() as session:
        assert session.get_one(Job, job_id).attempt == 2
    assert len(client.get("/api/documents").get_json()["items"]) == before + 1


def test_a_killed_attempt_is_retried_by_the_same_worker(
    client: FlaskClient, stack: Stack, services: Services
) -> None:
    document = store(client, os.urandom(60_000_000), "big.csv")
    worker = stack.worker()
    job_id = start_export(client, [document])
    wait_until(lambda: 0 < job(client, job_id)["progress"] < 1, 60, lambda: str(job(client, job_id)))
    listed = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True, check=True)
    # The scheduler is a child of the worker as well, and older.
    os.kill(max(map(int, listed.stdout.split())), signal.SIGKILL)
    done = finished(client, stack, job_id, 120)
    assert done["status"] == "succeeded", done
    assert worker.poll() is None


def test_a_worker_told_to_stop_finishes_its_job(client: FlaskClient, stack: Stack) -> None:
    document = store(client, os.urandom(30_000_000), "big.csv")
    worker = stack.worker()
    job_id = start_export(client, [document])
    wait_until(lambda: job(client, job_id)["status"] == "running", 60, lambda: stack.log("worker.log"))
    worker.terminate()
    assert worker.wait(60) == 0, stack.log("worker.log")
    assert job(client, job_id)["status"] == "succeeded"


def test_a_job_that_redis_forgot_is_queued_again(
    client: FlaskClient, stack: Stack, redis_server: RedisServer
) -> None:
    job_id = start_export(client, [store(client, b"x", "a.csv")])
    redis_server.flush()
    stack.worker()
    assert finished(client, stack, job_id)["status"] == "succeeded"


def test_a_job_over_documents_that_vanished_fails_and_says_so(client: FlaskClient, stack: Stack) -> None:
    document = store(client, b"x", "a.csv")
    job_id = start_export(client, [document])
    client.delete(f"/api/documents/{document}")
    stack.worker()
    done = finished(client, stack, job_id)
    assert done["status"] == "failed"
    assert document in done["error"]
    assert done["result"] is None


def test_a_damaged_file_is_found_and_not_passed_on(
    client: FlaskClient, stack: Stack, services: Services
) -> None:
    document = store(client, b"honest content", "a.csv")
    (stored,) = [path for path in services.files.files_dir.rglob("*") if path.is_file()]
    stored.write_bytes(b"altered content")
    stack.worker()
    done = finished(client, stack, start_export(client, [document]))
    assert done["status"] == "failed"
    assert "damaged" in done["error"]


def test_without_the_queue_jobs_are_refused_and_documents_still_work(stack: Stack, app: Application) -> None:
    stack.extra = {"REDIS_QUEUE_URL": "unix:///nowhere.sock", "REDIS_CACHE_URL": "unix:///nowhere.sock"}
    cut_off = create_app(stack.config())
    client = log_in(cut_off, "editor")
    document = store(client, b"still stored", "a.csv")
    answer = client.post("/api/jobs", json={"kind": "export", "documents": [document]})
    assert answer.status_code == 503, answer.text
    assert answer.get_json()["type"].endswith("queue-unavailable")
    assert answer.headers["Retry-After"]
    assert client.get("/api/jobs").get_json()["items"] == []
    with client.get(f"/api/documents/{document}/download") as download:
        assert download.data == b"still stored"
    close(cut_off.extensions["services"])


def test_a_full_queue_is_refused_too(client: FlaskClient, services: Services) -> None:
    document = store(client, b"x", "a.csv")
    redis = services.queue.connection
    redis.config_set("maxmemory", "1")
    try:
        answer = client.post("/api/jobs", json={"kind": "export", "documents": [document]})
    finally:
        redis.config_set("maxmemory", "0")
    assert answer.status_code == 503, answer.text


def test_unknown_documents_and_kinds_are_refused(client: FlaskClient) -> None:
    ghost = "00000000-0000-7000-8000-000000000000"
    unknown = client.post("/api/jobs", json={"kind": "export", "documents": [ghost]})
    assert (unknown.status_code, ghost in unknown.get_json()["detail"]) == (422, True)
    for body in ({"kind": "dance", "documents": [ghost]}, {"kind": "export", "documents": []}, {}, None, [1]):
        answer = client.post("/api/jobs", json=body)
        assert answer.status_code == 422, (body, answer.text)


def test_others_do_not_see_a_job_but_the_administrator_does(client: FlaskClient, app: Application) -> None:
    job_id = start_export(client, [store(client, b"x", "a.csv")])
    viewer, admin = log_in(app, "viewer"), log_in(app, "admin")
    assert viewer.get(f"/api/jobs/{job_id}").status_code == 404
    assert viewer.get("/api/jobs").get_json()["items"] == []
    assert admin.get(f"/api/jobs/{job_id}").get_json()["status"] == "queued"


def test_a_stale_attempt_can_change_nothing(client: FlaskClient, services: Services) -> None:
    job_id = start_export(client, [store(client, b"x", "a.csv")])
    with services.database.write() as session:
        stale = lifecycle.claim(session, job_id)
    with services.database.write() as session:
        current = lifecycle.claim(session, job_id)
    assert stale is not None
    assert current is not None
    with pytest.raises(lifecycle.Superseded), services.database.write() as session:
        lifecycle.succeed(session, stale, {"document": job_id})
    assert job(client, job_id)["status"] == "running"
