"""What the kinds of jobs make, through the API, a real queue and a real worker."""

from __future__ import annotations

import csv
import io
import json
import os
import time
import zipfile
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from app.factory import Application, create_app
from app.jobs import lifecycle
from app.services import Services
from tests.unit.app.stack import Stack, close, log_in, wait_until
from tests.unit.app.work import download, finished, job, start, store, workbook

BEFORE: list[list[Any]] = [["编号", "名称", "数量"], [1, "茶", 5], [2, "米", 7], [3, "盐", 9]]
AFTER: list[list[Any]] = [["编号", "名称", "数量"], [2, "米", 8], [1, "茶", 5], [4, "糖", 1]]

# As every PNG begins: the header block names its own length.
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.fixture
def document(app: Application) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/api/openapi.json").get_json()
    return found


def described(document: dict[str, Any], answer: Any, path: str, method: str = "get") -> Any:
    """The answer's body, after its status and form were found to be the ones described."""
    responses = document["paths"][path][method]["responses"]
    assert str(answer.status_code) in responses, f"{method} {path} {answer.status_code}: {answer.text}"
    content = responses[str(answer.status_code)]["content"]
    assert answer.mimetype in content
    schema = {**content[answer.mimetype]["schema"], "components": document["components"]}
    Draft202012Validator(schema).validate(answer.get_json())
    return answer.get_json()


def test_two_versions_of_a_table_are_compared(
    client: FlaskClient, stack: Stack, document: dict[str, Any]
) -> None:
    table = store(client, workbook(BEFORE), "stock.xlsx")
    alone = client.post("/api/jobs", json={"kind": "compare", "documents": [table]})
    assert (alone.status_code, "no version 0" in alone.get_json()["detail"]) == (422, True)
    store(client, workbook(AFTER), "stock.xlsx", table)
    job_id = start(client, kind="compare", documents=[table], key="编号")
    waiting = client.get(f"/api/jobs/{job_id}/comparison")
    assert described(document, waiting, "/api/jobs/{job_id}/comparison")["status"] == 409
    stack.worker()
    done = finished(client, stack, job_id)
    assert done["status"] == "succeeded", done
    assert done["parameters"]["versions"] == [1, 2]
    assert (done["owner"], done["attempt"]) == ("editor", 1)
    counts = {"added": 1, "removed": 1, "changed": 1, "unchanged": 1, "cells": 1}
    assert done["result"]["summary"] == counts

    path = "/api/jobs/{job_id}/comparison"
    page = described(document, client.get(f"/api/jobs/{job_id}/comparison"), path)
    assert (page["columns"], page["key"], page["counts"]) == (BEFORE[0], "编号", counts)
    assert [(row["kind"], row["left"], row["right"]) for row in page["rows"]] == [
        ("changed", 3, 2), ("removed", 4, None), ("added", None, 4),
    ]  # fmt: skip
    assert page["rows"][0]["cells"][2] == {"left": 7, "right": 8, "changed": True}
    whole = described(document, client.get(f"/api/jobs/{job_id}/comparison?only=all&offset=1&limit=2"), path)
    assert (whole["total"], [row["kind"] for row in whole["rows"]]) == (4, ["same", "removed"])

    book = openpyxl.load_workbook(io.BytesIO(download(client, done["result"]["document"])))
    assert book.sheetnames == ["Summary", "Comparison"]
    assert book["Comparison"]["F2"].value == "7 → 8"


def test_a_csv_is_compared_with_a_workbook_by_position(client: FlaskClient, stack: Stack) -> None:
    text = "编号,名称,数量\r\n1,茶,5\r\n2,米,8\r\n".encode("gb18030")
    ids = [store(client, workbook(BEFORE), "a.xlsx"), store(client, text, "b.csv")]
    stack.worker()
    done = finished(client, stack, start(client, kind="compare", documents=ids, sheet="Data"))
    assert done["result"]["summary"] == {"added": 0, "removed": 1, "changed": 1, "unchanged": 1, "cells": 1}


def test_comparisons_that_cannot_be_made_say_why(client: FlaskClient, stack: Stack, app: Application) -> None:
    ids = [store(client, workbook(BEFORE), "a.xlsx"), store(client, workbook(AFTER), "b.xlsx")]
    picture = store(client, PNG + os.urandom(500), "c.xlsx")
    stack.worker()
    for body, reason in (
        ({"documents": ids, "key": "Preis"}, "编号, 名称, 数量"),
        ({"documents": ids, "sheet": "Other"}, "there are: Data"),
        ({"documents": [ids[0], picture]}, "neither a workbook nor a text"),
    ):
        done = finished(client, stack, start(client, kind="compare", **body))
        assert (done["status"], reason in done["error"]) == ("failed", True), done
        assert done["attempt"] == 1, "what cannot work is not tried again"
    text = store(client, b"x", "notes.txt")
    for documents, versions in (([text, ids[0]], None), ([ids[0]], [1, 2]), (ids, [1, 9])):
        wanted = {"kind": "compare", "documents": documents, "versions": versions}
        assert client.post("/api/jobs", json=wanted).status_code == 422, wanted
    other = log_in(app, "viewer")
    assert other.get(f"/api/documents/{ids[0]}/preview").status_code == 404


def test_tables_are_exported_in_the_other_format(client: FlaskClient, stack: Stack) -> None:
    evil = store(client, workbook([["名称", "=1+1"], ["@x", -3]]), "evil.xlsx")
    sheets = store(client, workbook(BEFORE, 更多=AFTER), "two.xlsx")
    text = store(client, "a;b\n007;=x\n".encode("utf-16"), "text.csv")
    picture = store(client, PNG + os.urandom(99), "picture.png")
    stack.worker()

    # openpyxl wrote =1+1 as a formula without a value; the cell with @x is a text.
    done = finished(client, stack, start(client, kind="export", documents=[evil], format="csv"))
    raw = download(client, done["result"]["document"])
    assert raw == "\ufeff名称\r\n'@x,-3\r\n".encode()
    listed = client.get(f"/api/documents/{done['result']['document']}").get_json()
    assert listed["name"] == "evil.csv"

    done = finished(client, stack, start(client, kind="export", documents=[text], format="xlsx"))
    book = openpyxl.load_workbook(io.BytesIO(download(client, done["result"]["document"])))
    rows = [[(cell.value, cell.data_type) for cell in row] for row in book.worksheets[0].rows]
    assert rows == [[("a", "s"), ("b", "s")], [("007", "s"), ("=x", "s")]]

    wanted = [sheets, picture, evil]
    done = finished(client, stack, start(client, kind="export", documents=wanted, format="csv"))
    assert [(item["document"], item["status"]) for item in done["result"]["items"]] == [
        (sheets, "done"), (picture, "failed"), (evil, "done"),
    ]  # fmt: skip
    archive = zipfile.ZipFile(io.BytesIO(download(client, done["result"]["document"])))
    assert archive.testzip() is None
    assert archive.namelist() == ["two-Data.csv", "two-更多.csv", "evil.csv", "report.json"]
    lines = list(csv.reader(io.StringIO(archive.read("two-更多.csv").decode("utf-8-sig"))))
    assert lines == [[str(cell) for cell in row] for row in AFTER]
    assert json.loads(archive.read("report.json")) == done["result"]["items"]

    done = finished(client, stack, start(client, kind="export", documents=[picture], format="xlsx"))
    assert (done["status"], "picture.png" in done["error"]) == ("failed", True)


def test_a_batch_does_what_it_can_and_tells_the_rest(
    client: FlaskClient, stack: Stack, app: Application
) -> None:
    admin = log_in(app, "admin")
    mine, other = store(client, b"x", "a.csv"), store(admin, b"x", "b.csv")
    shared = store(admin, b"x", "c.csv")
    assert admin.patch(f"/api/documents/{shared}", json={"shared": True}).status_code == 200
    stack.worker()

    def batch(action: str, **more: Any) -> list[Any]:
        done = finished(
            client, stack,
            start(client, kind="batch", action=action, documents=[mine, other, shared], **more),
        )  # fmt: skip
        assert done["status"] == "succeeded", done
        return [item["error"] for item in done["result"]["items"]]

    refused = ["there is no such document", "this document belongs to someone else"]
    assert batch("tag", tags=["2026", "库存"]) == [None, *refused]
    assert client.get(f"/api/documents/{mine}").get_json()["tags"] == ["2026", "库存"]
    assert batch("untag", tags=["2026"]) == [None, *refused]
    assert client.get(f"/api/documents/{mine}").get_json()["tags"] == ["库存"]
    assert batch("share") == [None, *refused]
    assert client.get(f"/api/documents/{mine}").get_json()["shared"] is True
    assert batch("trash") == [None, *refused]
    assert client.get(f"/api/documents/{mine}").status_code == 404
    assert batch("tag", tags=["x"]) == ["the document is in the trash", *refused]
    assert batch("trash") == [None, *refused], "doing it again is no error"
    assert batch("restore") == [None, *refused]
    assert client.get(f"/api/documents/{mine}").status_code == 200
    assert admin.get(f"/api/documents/{other}").get_json()["deleted_at"] is None
    actions = [entry["action"] for entry in client.get("/api/activity").get_json()["items"]]
    assert actions.count("change") == 3
    assert actions.count("delete") == actions.count("restore") == 1
    for body in ({"action": "tag"}, {"action": "share", "tags": ["x"]}, {"action": "burn"}):
        answer = client.post("/api/jobs", json={"kind": "batch", "documents": [mine], **body})
        assert answer.status_code == 422, body


def test_a_waiting_job_is_cancelled_at_once_and_can_be_run_again(
    client: FlaskClient, stack: Stack, app: Application, document: dict[str, Any]
) -> None:
    table = store(client, workbook(BEFORE), "a.xlsx")
    job_id = start(client, kind="export", documents=[table], format="csv")
    assert log_in(app, "viewer").post(f"/api/jobs/{job_id}/cancel").status_code == 403
    path = "/api/jobs/{job_id}/cancel"
    again, over = f"/api/jobs/{job_id}/retry", "/api/jobs/{job_id}/retry"
    assert described(document, client.post(again), over, "post")["status"] == 409
    assert (
        described(document, client.post(f"/api/jobs/{job_id}/cancel"), path, "post")["status"] == "cancelled"
    )
    assert client.post(f"/api/jobs/{job_id}/cancel").status_code == 200
    new = described(document, client.post(again), over, "post")["id"]
    stack.worker()
    assert finished(client, stack, new)["status"] == "succeeded"
    assert job(client, job_id)["status"] == "cancelled"
    assert job(client, job_id)["attempt"] == 0
    assert described(document, client.post(f"/api/jobs/{new}/cancel"), path, "post")["status"] == 409
    listed = client.get("/api/jobs?status=succeeded&kind=export").get_json()["items"]
    assert [item["id"] for item in listed] == [new]
    assert client.get("/api/jobs?kind=batch").get_json()["items"] == []


def test_a_running_job_stops_within_two_seconds(client: FlaskClient, stack: Stack) -> None:
    big = store(client, os.urandom(60_000_000), "big.bin")
    stack.worker()
    job_id = start(client, kind="export", documents=[big])
    wait_until(lambda: 0 < job(client, job_id)["progress"] < 1, 60, lambda: str(job(client, job_id)))
    asked = time.monotonic()
    assert client.post(f"/api/jobs/{job_id}/cancel").get_json()["status"] == "running"
    done = finished(client, stack, job_id)
    assert time.monotonic() - asked < 2
    assert (done["status"], done["result"], done["error"]) == ("cancelled", None, None)
    assert list((stack.directory / "data" / "tmp").iterdir()) == []
    assert len(client.get("/api/documents").get_json()["items"]) == 1


def test_a_job_that_is_to_stop_is_not_started_again(client: FlaskClient, services: Services) -> None:
    job_id = start(client, kind="export", documents=[store(client, b"x", "a.bin")])
    with services.database.write() as session:
        assert lifecycle.claim(session, job_id) is not None
    client.post(f"/api/jobs/{job_id}/cancel")
    with services.database.write() as session:
        assert lifecycle.claim(session, job_id) is None
    assert job(client, job_id)["status"] == "cancelled"


def test_what_is_not_enabled_is_refused_with_the_reason(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    table = store(client, b"x", "a.csv")
    for body, reason in (
        ({"kind": "summarise", "documents": [table]}, "Claude"),
        ({"kind": "fetch", "url": "https://docs.qq.com/sheet/x"}, "not enabled"),
    ):
        answer = client.post("/api/jobs", json=body)
        problem = described(document, answer, "/api/jobs", "post")
        assert (answer.status_code, reason in problem["detail"]) == (409, True), problem


def test_a_table_is_shown_by_page_before_and_after_the_worker_read_it(
    client: FlaskClient, stack: Stack, document: dict[str, Any]
) -> None:
    rows: list[list[Any]] = [["name", "number"], *([f"row {n}", n] for n in range(1, 60_001))]
    text = "\n".join(f"{name},{number}" for name, number in rows)
    table = store(client, text.encode(), "big.csv")
    path, address = "/api/documents/{document_id}/preview", f"/api/documents/{table}/preview"
    first = described(document, client.get(f"{address}?limit=2"), path)
    assert (first["rows"], first["complete"], first["columns"]) == (rows[:2], False, 2)
    deep = client.get(f"{address}?offset=59990")
    assert described(document, deep, path)["type"].endswith("not-ready")
    assert deep.headers["Retry-After"]
    stack.worker()
    wait_until(lambda: client.get(address).get_json().get("complete"), 60, lambda: stack.log("worker.log"))
    deep_page = described(document, client.get(f"{address}?offset=59990"), path)
    assert (deep_page["total_rows"], deep_page["rows"]) == (60_001, rows[59_990:])
    wait_until(lambda: "a table was read" in stack.log("worker.log"), 60)
    found = client.get("/api/documents?q=row+12345").get_json()["items"]
    assert [(item["id"], item["match"]["row"]) for item in found] == [(table, 12_346)]


def test_what_is_no_table_is_a_clear_problem(
    client: FlaskClient, stack: Stack, document: dict[str, Any]
) -> None:
    path = "/api/documents/{document_id}/preview"
    lying = store(client, b"PK\x03\x04 no archive", "a.xlsx")
    text = store(client, b"x", "a.txt")
    good = store(client, workbook(BEFORE), "b.xlsx")
    for identifier, query, kind in (
        (lying, "", "table-refused"), (text, "", "no-table"), (good, "?sheet=1", "no-sheet"),
        (good, "?limit=0", "invalid"),
    ):  # fmt: skip
        answer = client.get(f"/api/documents/{identifier}/preview{query}")
        assert described(document, answer, path)["type"].endswith(kind), answer.text
        assert answer.status_code == 422
    stack.worker()
    wait_until(lambda: stack.log("worker.log").count("a table was read") >= 2, 60)
    again = client.get(f"/api/documents/{lying}/preview")
    assert (again.status_code, again.get_json()["type"].endswith("table-refused")) == (422, True)
    assert client.get(f"/api/documents/{good}/preview?version=1").get_json()["complete"] is True
    assert client.get(f"/api/documents/{good}/preview?version=2").status_code == 404


def test_uploads_and_previews_go_on_without_the_queue(stack: Stack, app: Application) -> None:
    stack.extra = {"REDIS_QUEUE_URL": "unix:///nowhere.sock"}
    cut_off = create_app(stack.config())
    client = log_in(cut_off, "editor")
    table = store(client, workbook(BEFORE), "a.xlsx")
    assert client.get(f"/api/documents/{table}/preview").get_json()["rows"] == BEFORE
    failed = client.post("/api/jobs", json={"kind": "export", "documents": [table], "format": "csv"})
    assert failed.status_code == 503
    assert client.get("/api/jobs").get_json()["items"] == []
    close(cut_off.extensions["services"])
