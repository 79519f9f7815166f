"""Who did what and when."""

from __future__ import annotations

import csv
import io
import tracemalloc
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from app import activity
from app.activity import Actor
from app.api.activity import harmless
from app.factory import Application
from app.models import Activity, new_id, now
from app.services import Services
from tests.unit.app.stack import PASSWORD, log_in, upload


def entries(client: FlaskClient, **query: str) -> list[dict[str, Any]]:
    answer = client.get("/api/activity", query_string=query)
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["items"])


def test_what_is_done_is_told_newest_first(app: Application, client: FlaskClient) -> None:
    document = upload(client, b"x", "a.csv").get_json()["id"]
    address = f"/api/documents/{document}"
    upload(client, b"y", document=document)
    client.get(
        f"{address}/download", headers={"X-Request-ID": "from-nginx-01", "X-Forwarded-For": "203.0.113.9"}
    )
    client.get(f"{address}/download", headers={"Range": "bytes=0-0"})
    client.patch(address, json={"tags": ["t"]})
    job = client.post("/api/jobs", json={"kind": "export", "documents": [document]}).get_json()["id"]
    client.delete(address)
    client.post(f"{address}/restore")
    client.delete(address)
    client.delete(f"{address}?permanent=true")
    token = client.post("/api/tokens", json={"name": "script"}).get_json()["id"]
    client.delete(f"/api/tokens/{token}")
    client.post("/api/logout")
    app.test_client().post("/api/login", json={"username": "editor", "password": "wrong"})

    editor = log_in(app, "editor")
    found = entries(editor)
    assert [entry["action"] for entry in found] == [
        "login", "login-failed", "logout", "token-revoke", "token", "remove", "delete", "restore", "delete",
        "job:export", "change", "download", "download", "version", "upload", "login",
    ]  # fmt: skip
    download = found[12]
    assert {key: download[key] for key in download.keys() - {"id", "at"}} == {
        "user": "editor", "action": "download", "object": document, "object_name": "a.csv",
        "address": "203.0.113.9", "request_id": "from-nginx-01",
    }  # fmt: skip
    assert found[9]["object"] == job
    assert {entry["user"] for entry in found} == {"editor"}


def test_pieces_of_one_download_and_what_the_client_has_are_no_downloads(client: FlaskClient) -> None:
    body = upload(client, b"0123456789").get_json()
    address = f"/api/documents/{body['id']}/download"
    client.get(address, headers={"Range": "bytes=5-"})
    client.get(address, headers={"If-None-Match": f'"{body["sha256"]}"'})
    client.head(address)
    client.get(address, headers={"Range": "bytes=50-"})
    assert entries(client, action="download") == []


def test_what_failed_is_not_told_as_done(client: FlaskClient, services: Services) -> None:
    before = len(entries(client))
    upload(client, b"")
    client.delete("/api/documents/00000000-0000-7000-8000-000000000000")
    client.post("/api/users", json={})
    assert len(entries(client)) == before


def test_everyone_sees_their_own_and_the_administrator_all(app: Application, client: FlaskClient) -> None:
    upload(client, b"x")
    viewer, admin = log_in(app, "viewer"), log_in(app, "admin")
    assert {entry["user"] for entry in entries(viewer)} == {"viewer"}
    assert entries(viewer, user="editor") == []
    assert {entry["user"] for entry in entries(admin)} == {"viewer", "admin", "editor"}
    assert {entry["action"] for entry in entries(admin, user="editor")} == {"login", "upload"}
    assert {entry["user"] for entry in entries(admin, action="upload")} == {"editor"}
    app.test_client().post("/api/login", json={"username": "ghost", "password": PASSWORD})
    (failed,) = entries(admin, user="ghost")
    assert (failed["action"], failed["object"]) == ("login-failed", None)


def test_a_span_of_time_is_cut_out(client: FlaskClient) -> None:
    upload(client, b"1")
    middle = now()
    upload(client, b"2")
    after = entries(client, since=middle.isoformat())
    before = entries(client, until=middle.isoformat())
    assert ([e["action"] for e in after], [e["action"] for e in before]) == (["upload"], ["upload", "login"])
    for bad in ("1700000000", "yesterday", "2026-11-24T08:00:00", "2026-13-01T00:00:00Z"):
        assert client.get("/api/activity", query_string={"since": bad}).status_code == 422, bad


def test_pages_follow_each_other(client: FlaskClient) -> None:
    for _ in range(4):
        upload(client, b"x")
    first = client.get("/api/activity?limit=3").get_json()
    second = client.get(f"/api/activity?limit=3&cursor={first['next']}").get_json()
    ids = [entry["id"] for entry in first["items"] + second["items"]]
    assert (len(ids), ids, second["next"]) == (5, sorted(ids, reverse=True), None)


def test_the_csv_says_the_same_and_hides_no_formula(client: FlaskClient) -> None:
    for name in ('=HYPERLINK("http://x","y").csv', "+1.csv", "-1.csv", "@SUM.csv", 'a,"b".csv', "表.csv"):
        upload(client, b"x", name)
    answer = client.get("/api/activity.csv?action=upload")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="activity.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    listed = entries(client, action="upload")
    assert [row["object"] for row in rows] == [entry["object"] for entry in listed]
    for row, entry in zip(rows, listed, strict=True):
        assert row["object_name"].removeprefix("'") == entry["object_name"]
        assert row["object_name"][0] not in "=+-@", row
    assert client.get("/api/activity.csv?limit=1").status_code == 422


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠a"])
def test_a_cell_that_would_be_a_formula_begins_with_an_apostrophe(value: str) -> None:
    assert harmless(value) == f"'{value}"
    assert (harmless("a=1"), harmless(None)) == ("a=1", "")


def test_the_csv_streams_in_constant_memory(
    app: Application, client: FlaskClient, services: Services
) -> None:
    with services.database.write() as session:
        activity.record(session, Actor(None, "x"), "login")
        rows = [
            {"id": new_id(), "at": now(), "username": "bulk", "action": "upload", "address": "",
             "object_name": "n" * 200, "object_id": None, "user_id": None, "request_id": None}
            for _ in range(20_000)
        ]  # fmt: skip
        session.execute(insert(Activity), rows)
    admin = log_in(app, "admin")
    del rows
    tracemalloc.start()
    answer = admin.get("/api/activity.csv?user=bulk", buffered=False)
    size = sum(len(chunk) for chunk in answer.iter_encoded())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    answer.close()
    assert size > 4_000_000
    assert peak < 3_500_000, peak
