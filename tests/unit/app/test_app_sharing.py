"""Who sees and changes a document; its versions, tags and trash; uploads that are repeated."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import accounts
from app.factory import Application
from app.models import DocumentVersion, User
from app.services import Services
from tests.unit.app.stack import PASSWORD, log_in, upload


@pytest.fixture
def other(app: Application, services: Services) -> FlaskClient:
    """Another editor."""
    with services.database.write() as session:
        accounts.add_user(session, "other", PASSWORD, "editor")
    return log_in(app, "other")


def store(client: FlaskClient, content: bytes = b"x", name: str = "a.csv", **more: Any) -> dict[str, Any]:
    answer = upload(client, content, name, **more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def names(client: FlaskClient, query: str = "") -> list[str]:
    return [item["name"] for item in client.get(f"/api/documents?{query}").get_json()["items"]]


def stored_files(services: Services) -> int:
    return sum(path.is_file() for path in services.files.files_dir.rglob("*"))


def test_a_document_is_its_owners_and_the_administrators(
    app: Application, client: FlaskClient, other: FlaskClient
) -> None:
    address = f"/api/documents/{store(client)['id']}"
    asked = [("GET", address), ("GET", f"{address}/download"), ("GET", f"{address}/versions")]
    changes = [("PATCH", address), ("DELETE", address), ("POST", f"{address}/restore")]
    for method, path in asked + changes:
        answer = other.open(path, method=method, json={} if method == "PATCH" else None)
        assert answer.status_code == 404, (method, path, answer.text)
    assert names(other) == []
    admin = log_in(app, "admin")
    assert names(admin) == ["a.csv"]
    assert admin.patch(address, json={"name": "b.csv"}).get_json()["name"] == "b.csv"


def test_a_shared_document_is_read_by_all_and_changed_by_its_owner(
    app: Application, client: FlaskClient, other: FlaskClient
) -> None:
    identifier = store(client)["id"]
    address = f"/api/documents/{identifier}"
    assert client.patch(address, json={"shared": True}).get_json()["shared"] is True
    viewer = log_in(app, "viewer")
    for reader in (viewer, other):
        assert names(reader) == ["a.csv"]
        assert reader.get(f"{address}/download").data == b"x"
    for refused in (
        other.patch(address, json={"name": "mine.csv"}),
        other.delete(address),
        upload(other, b"y", document=identifier),
        viewer.patch(address, json={"shared": False}),
    ):
        assert refused.status_code == 403, refused.text
    assert client.delete(address).status_code == 204
    assert names(other) == names(other, "trash=true") == []
    assert names(client, "trash=true") == ["a.csv"]


def test_versions_follow_each_other_and_all_come_back(client: FlaskClient) -> None:
    identifier = store(client, b"one")["id"]
    second = store(client, b"second", "renamed.csv", document=identifier)
    assert (second["id"], second["version"], second["name"]) == (identifier, 2, "a.csv")
    address = f"/api/documents/{identifier}"
    listed = client.get(f"{address}/versions").get_json()
    assert [(v["number"], v["size"], v["author"]) for v in listed["items"]] == [
        (2, 6, "editor"),
        (1, 3, "editor"),
    ]
    page = client.get(f"{address}/versions?limit=1").get_json()
    rest = client.get(f"{address}/versions?limit=1&cursor={page['next']}").get_json()
    assert ([v["number"] for v in rest["items"]], rest["next"]) == ([1], None)
    assert client.get(f"{address}/download").data == b"second"
    assert client.get(f"{address}/download?version=1").data == b"one"
    assert client.get(f"{address}/download?version=3").status_code == 404
    shown = client.get(address).get_json()
    assert (shown["version"], shown["size"], shown["sha256"]) == (2, 6, second["sha256"])


def test_versions_uploaded_at_once_get_numbers_of_their_own(client: FlaskClient, app: Application) -> None:
    identifier = store(client)["id"]
    token = client.post("/api/tokens", json={"name": "x"}).get_json()["token"]
    numbers: list[int] = []

    def add(content: bytes) -> None:
        caller = app.test_client()
        answer = upload(caller, content, document=identifier, headers={"Authorization": f"Bearer {token}"})
        numbers.append(answer.get_json()["version"])

    threads = [threading.Thread(target=add, args=(b"v" * size,)) for size in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(2, 10))


def test_a_version_of_nothing_leaves_no_file(client: FlaskClient, services: Services) -> None:
    ghost = "00000000-0000-7000-8000-000000000000"
    assert upload(client, b"x", document=ghost).status_code == 404
    assert upload(client, b"x", document="nonsense").status_code == 422
    assert stored_files(services) == 0


def test_tags_are_set_counted_and_filtered(client: FlaskClient, other: FlaskClient) -> None:
    first, second = store(client, name="1.csv")["id"], store(client, name="2.csv")["id"]
    tagged = client.patch(f"/api/documents/{first}", json={"tags": ["季度", "b", "b"]})
    assert tagged.get_json()["tags"] == ["b", "季度"]
    client.patch(f"/api/documents/{second}", json={"tags": ["b"]})
    assert client.get("/api/tags").get_json()["items"] == [
        {"name": "b", "count": 2},
        {"name": "季度", "count": 1},
    ]
    assert other.get("/api/tags").get_json()["items"] == []
    assert names(client, "tag=季度") == ["1.csv"]
    assert client.patch(f"/api/documents/{first}", json={"tags": []}).get_json()["tags"] == []
    for bad in (["a,b"], [""], ["x" * 65], [" x"], ["\u0000"]):
        assert client.patch(f"/api/documents/{first}", json={"tags": bad}).status_code == 422, bad


def test_a_new_name_is_made_safe(client: FlaskClient) -> None:
    address = f"/api/documents/{store(client)['id']}"
    renamed = client.patch(address, json={"name": "../../etc/\u202epass\u0000wd.xlsx"}).get_json()
    assert (renamed["name"], renamed["kind"]) == ("passwd.xlsx", "table")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.XLSX", "table"), ("a.docx", "text"), ("a.pdf", "pdf"), ("a.PNG", "image"), ("a", "other")],
)
def test_the_ending_says_what_a_document_is(client: FlaskClient, name: str, kind: str) -> None:
    assert client.get(f"/api/documents/{store(client, name=name)['id']}").get_json()["kind"] == kind


def test_the_trash_gives_back_or_removes_for_good(client: FlaskClient, services: Services) -> None:
    identifier = store(client, b"one")["id"]
    store(client, b"two", document=identifier)
    address = f"/api/documents/{identifier}"
    assert client.delete(f"{address}?permanent=true").status_code == 404, "what lives is not removed"
    assert client.post(f"{address}/restore").status_code == 404
    client.delete(address)
    (trashed,) = client.get("/api/documents?trash=true").get_json()["items"]
    assert trashed["deleted_at"] is not None
    assert client.patch(address, json={"name": "x"}).status_code == 404
    restored = client.post(f"{address}/restore")
    assert (restored.status_code, restored.get_json()["deleted_at"]) == (200, None)
    assert client.get(f"{address}/download").data == b"two"
    client.delete(address)
    assert stored_files(services) == 2
    assert client.delete(f"{address}?permanent=true").status_code == 204
    assert stored_files(services) == 0
    assert names(client) == names(client, "trash=true") == []
    assert client.post(f"{address}/restore").status_code == 404


def test_a_repeated_upload_is_stored_once_and_answered_alike(
    client: FlaskClient, other: FlaskClient, services: Services
) -> None:
    headers = {"Idempotency-Key": "c9c1-4d1b"}
    first = upload(client, b"content", "a.csv", headers=headers)
    again = upload(client, b"content", "a.csv", headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert stored_files(services) == 1
    for answer in (
        upload(client, b"another", "a.csv", headers=headers),
        upload(client, b"content", "b.csv", headers=headers),
        upload(client, b"content", "a.csv", document=first.get_json()["id"], headers=headers),
    ):
        assert answer.status_code == 409, answer.text
    assert stored_files(services) == 1
    assert upload(other, b"content", "a.csv", headers=headers).get_json()["id"] != first.get_json()["id"]
    assert upload(client, b"x", headers={"Idempotency-Key": "has spaces"}).status_code == 422


def test_the_same_key_from_many_at_once_stores_one_document(
    client: FlaskClient, app: Application, services: Services
) -> None:
    token = client.post("/api/tokens", json={"name": "x"}).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "only-once"}
    made: set[str] = set()

    def send() -> None:
        made.add(upload(app.test_client(), b"the same", "a.csv", headers=headers).get_json()["id"])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert stored_files(services) == 1


def test_duplicates_at_once_are_documents_of_their_own(
    client: FlaskClient, app: Application, services: Services
) -> None:
    token = client.post("/api/tokens", json={"name": "x"}).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    statuses: list[int] = []

    def send() -> None:
        statuses.append(upload(app.test_client(), b"the same", "a.csv", headers=headers).status_code)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 6
    with services.database.read() as session:
        paths = session.scalars(select(DocumentVersion.path)).all()
        assert len(set(paths)) == 6
        assert session.scalars(select(User)).all()
    assert stored_files(services) == 6
