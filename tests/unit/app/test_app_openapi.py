"""The OpenAPI document: complete, valid JSON schema, and true for what the application answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from app.factory import Application
from tests.unit.app.stack import log_in, upload

GHOST = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def document(app: Application) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/api/openapi.json").get_json()
    return found


def test_every_route_is_described_and_nothing_else(app: Application, document: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(?:[^<:>]+:)?([^<>]+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    assert routes - described == {("/api/openapi.json", "GET"), ("/internal/metrics", "GET")}
    assert described - routes == set()
    assert document["openapi"].startswith("3.1")


def test_every_operation_has_a_summary_and_says_how_it_is_protected(document: dict[str, Any]) -> None:
    public = {"/api/health", "/api/health/live", "/api/login"}
    identifiers = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = f"{method} {path}"
            assert operation["summary"], name
            assert ("security" in operation) == (path not in public), name
            assert ("401" in operation["responses"]) == (path not in public or path == "/api/login"), name
            identifiers.add(operation["operationId"])
    assert len(identifiers) == sum(len(item) for item in document["paths"].values())
    assert set(document["components"]["securitySchemes"]) == {"session", "token"}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(document)))
    assert references <= set(document["components"]["schemas"])
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def check(document: dict[str, Any], answer: TestResponse, path: str, method: str = "get") -> None:
    """The answer's status, media type and body are the ones described."""
    described = document["paths"][path][method]["responses"]
    name = f"{method} {path} {answer.status_code}"
    assert str(answer.status_code) in described, f"{name} is not described: {answer.text}"
    content = described[str(answer.status_code)].get("content", {})
    if not content:
        assert answer.data == b"", name
        return
    assert answer.mimetype in content, name
    if answer.is_json:
        schema = {**content[answer.mimetype]["schema"], "components": document["components"]}
        Draft202012Validator(schema).validate(answer.get_json())


def test_answers_are_the_ones_described(
    app: Application, client: FlaskClient, document: dict[str, Any]
) -> None:
    stored = upload(client, b"0123456789")
    identifier = stored.get_json()["id"]
    one, bytes_ = "/api/documents/{document_id}", "/api/documents/{document_id}/download"
    address = f"/api/documents/{identifier}/download"
    job = client.post("/api/jobs", json={"kind": "export", "documents": [identifier]})
    anonymous, viewer = app.test_client(), log_in(app, "viewer")
    nobody = {"username": "x", "password": "y"}
    answers: list[tuple[TestResponse, str, str]] = [
        (stored, "/api/upload", "post"),
        (upload(client, b""), "/api/upload", "post"),
        (upload(viewer, b"x"), "/api/upload", "post"),
        (anonymous.post("/api/upload"), "/api/upload", "post"),
        (client.get("/api/documents"), "/api/documents", "get"),
        (client.get("/api/documents?limit=0"), "/api/documents", "get"),
        (client.get(f"/api/documents/{identifier}"), one, "get"),
        (client.get(f"/api/documents/{GHOST}"), one, "get"),
        (client.get("/api/documents/nonsense"), one, "get"),
        (client.get(address), bytes_, "get"),
        (client.get(address, headers={"Range": "bytes=1-2"}), bytes_, "get"),
        (client.get(address, headers={"Range": "bytes=99-"}), bytes_, "get"),
        (client.get(address, headers={"If-None-Match": stored.get_json()["sha256"]}), bytes_, "get"),
        (job, "/api/jobs", "post"),
        (client.post("/api/jobs", json={}), "/api/jobs", "post"),
        (client.get("/api/jobs"), "/api/jobs", "get"),
        (client.get(f"/api/jobs/{job.get_json()['id']}"), "/api/jobs/{job_id}", "get"),
        (client.get(f"/api/jobs/{GHOST}"), "/api/jobs/{job_id}", "get"),
        (client.get("/api/me"), "/api/me", "get"),
        (anonymous.get("/api/me"), "/api/me", "get"),
        (client.post("/api/tokens", json={"name": "x"}), "/api/tokens", "post"),
        (client.post("/api/tokens", json={"name": ""}), "/api/tokens", "post"),
        (anonymous.post("/api/login", json=nobody), "/api/login", "post"),
        (anonymous.post("/api/login", json={}), "/api/login", "post"),
        (anonymous.get("/api/health"), "/api/health", "get"),
        (anonymous.get("/api/health/live"), "/api/health/live", "get"),
        (client.delete(f"/api/documents/{identifier}"), one, "delete"),
        (client.delete(f"/api/documents/{identifier}"), one, "delete"),
        (client.post("/api/logout"), "/api/logout", "post"),
    ]
    for answer, path, method in answers:
        check(document, answer, path, method)


def test_errors_outside_the_routes_are_problem_documents_too(client: FlaskClient) -> None:
    for answer, status in (
        (client.get("/api/nothing"), 404),
        (client.put("/api/documents"), 405),
        (client.get("/elsewhere"), 404),
        (client.post("/api/login", data=b"x" * 2_000_000, content_type="application/json"), 413),
    ):
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
        assert answer.get_json()["status"] == status
    assert "GET" in client.put("/api/documents").headers["Allow"]
