"""Upload, list, download, delete."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.factory import Application
from app.services import Services
from app.storage import safe_name
from tests.unit.app.stack import Stack, log_in, upload


def leftovers(services: Services) -> list[Path]:
    return [
        p for d in (services.files.tmp_dir, services.files.files_dir) for p in d.rglob("*") if p.is_file()
    ]


def test_an_uploaded_file_comes_back_byte_for_byte(client: FlaskClient) -> None:
    content = bytes(range(256)) * 1000
    answer = upload(client, content, "季度报表.xlsx")
    assert answer.status_code == 201, answer.text
    digest = hashlib.sha256(content).hexdigest()
    body = answer.get_json()
    assert {**body, "id": ""} == {
        "id": "",
        "name": "季度报表.xlsx",
        "size": 256000,
        "sha256": digest,
        "version": 1,
    }

    download = client.get(f"/api/documents/{body['id']}/download")
    assert download.data == content
    assert download.headers["Content-Length"] == "256000"
    assert download.headers["ETag"] == f'"{digest}"'
    assert f"filename*=UTF-8''{quote('季度报表.xlsx')}" in download.headers["Content-Disposition"]
    assert download.headers["Content-Disposition"].startswith("attachment")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(min_size=1, max_size=200_000),
    name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
)
def test_whatever_goes_up_comes_down(client: FlaskClient, content: bytes, name: str) -> None:
    answer = upload(client, content, "f" + name)
    assert answer.status_code == 201, (name, answer.text)
    assert client.get(f"/api/documents/{answer.get_json()['id']}/download").data == content


def test_stored_files_are_private_and_not_named_by_the_user(client: FlaskClient, services: Services) -> None:
    upload(client, b"x", "../../etc/passwd")
    (stored,) = leftovers(services)
    assert stored.stat().st_mode & 0o777 == 0o640
    assert stored.parent.stat().st_mode & 0o777 == 0o750
    assert "passwd" not in str(stored)
    assert client.get("/api/documents").get_json()["items"][0]["name"] == "passwd"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\me\a.xlsx", "a.xlsx"),
        ("a\x00b\r\n.csv", "ab.csv"),
        ("invoice\u202excod.exe", "invoicexcod.exe"),
        ("  spaced \t out .txt", "spaced out .txt"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("表" * 300 + ".xlsx", "表" * 83 + ".xlsx"),
    ],
)
def test_names_are_made_safe(raw: str, name: str) -> None:
    assert safe_name(raw) == name


@given(st.text(max_size=400))
def test_a_safe_name_is_never_a_path_and_stays_short(raw: str) -> None:
    name = safe_name(raw)
    assert name
    assert not set(name) & set("/\\\x00\r\n")
    assert len(name.encode()) <= 255
    assert safe_name(name) == name


def test_bad_uploads_are_refused_and_leave_nothing(client: FlaskClient, services: Services) -> None:
    boundary = "multipart/form-data; boundary=X"
    cut = b'--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf of the'
    answers = [
        upload(client, b""),
        client.post("/api/upload", data={"other": "field"}),
        client.post("/api/upload", data={"file": "text, no file"}),
        client.post("/api/upload", json={"file": "x"}),
        client.post("/api/upload", data=cut, content_type=boundary),
        client.post("/api/upload", data={"wrong": (io.BytesIO(b"abc"), "a.txt")}),
    ]
    assert [answer.status_code for answer in answers] == [422] * 6, [a.text for a in answers]
    for answer in answers:
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json()["request_id"] == answer.headers["X-Request-ID"]
    assert leftovers(services) == []
    assert client.get("/api/documents").get_json() == {"items": [], "next": None}


def test_a_file_above_the_limit_is_refused_with_and_without_a_length(stack: Stack, app: Application) -> None:
    client = log_in(app, "editor")
    services: Services = app.extensions["services"]
    limit = services.config.max_upload_bytes
    announced = client.post(
        "/api/upload",
        content_type="multipart/form-data; boundary=X",
        environ_overrides={"CONTENT_LENGTH": str(limit + 2**20)},
    )
    assert announced.status_code == 413, announced.text
    assert announced.get_json()["type"].endswith("too-large")
    head = b'--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    streamed = client.post(
        "/api/upload",
        input_stream=io.BytesIO(head + bytes(limit + 1) + b"\r\n--X--\r\n"),
        content_type="multipart/form-data; boundary=X",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert streamed.status_code == 413, streamed.text
    assert streamed.get_json()["type"].endswith("too-large")
    assert leftovers(services) == []


def test_pages_follow_each_other_newest_first(client: FlaskClient) -> None:
    made = [upload(client, b"x", f"{n}.txt").get_json()["id"] for n in range(5)]
    seen: list[str] = []
    cursor = None
    sizes = []
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/documents", query_string=query).get_json()
        sizes.append(len(page["items"]))
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]
    assert sizes == [2, 2, 1]


def test_a_range_and_a_known_etag_save_bytes(client: FlaskClient) -> None:
    body = upload(client, b"0123456789").get_json()
    address = f"/api/documents/{body['id']}/download"
    part = client.get(address, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.data) == (206, b"234")
    same = client.get(address, headers={"If-None-Match": f'"{body["sha256"]}"'})
    assert (same.status_code, same.data) == (304, b"")
    beyond = client.get(address, headers={"Range": "bytes=50-"})
    assert (beyond.status_code, beyond.mimetype) == (416, "application/problem+json")


def test_a_deleted_document_is_gone(client: FlaskClient) -> None:
    address = f"/api/documents/{upload(client, b'x').get_json()['id']}"
    assert client.delete(address).status_code == 204
    assert [client.get(address).status_code, client.get(address + "/download").status_code] == [404, 404]
    assert client.delete(address).status_code == 404


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=nonsense", "cursor=%00", "color=red"]
)
def test_nonsense_in_the_query_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/documents?{query}")
    assert answer.status_code == 422, answer.text
