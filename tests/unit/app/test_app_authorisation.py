"""Who may do what: every operation of the OpenAPI document, as each role, on own things and on others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import accounts
from app.accounts import Credentials
from app.api.access import PUBLIC
from app.factory import Application
from app.jobs import lifecycle
from app.models import User
from app.services import Services
from tests.unit.app.stack import PASSWORD, USERS, upload

GHOST = "00000000-0000-7000-8000-000000000000"
ADMIN_ONLY = {
    ("get", "/api/users"),
    ("post", "/api/users"),
    ("patch", "/api/users/{user_id}"),
    ("get", "/api/system"),
}
# What a viewer may change: the own session, password and tokens.
FOR_ALL = {
    ("post", "/api/logout"),
    ("post", "/api/me/password"),
    ("post", "/api/tokens"),
    ("delete", "/api/tokens/{token_id}"),
}


@dataclass
class Things:
    """What one account has: ids by the name of the path's parameter, and how to call as it."""

    headers: dict[str, str]
    ids: dict[str, str]


def operations(app: Application) -> list[tuple[str, str]]:
    document = app.test_client().get("/api/openapi.json").get_json()
    return [
        (method, path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "security" in operation
    ]


@pytest.fixture
def things(app: Application, services: Services) -> dict[str, Things]:
    """Two accounts of each role, with a document, a job and a token each."""
    credentials = Credentials(services.config.secret_key, 1)
    found = {}
    with services.database.write() as session:
        for name, role in USERS.items():
            accounts.add_user(session, f"{name}2", PASSWORD, role)
        session.flush()
        for user in session.scalars(select(User)).all():
            text = credentials.issue_token(session, user.id, "caller")[1]
            spare = credentials.issue_token(session, user.id, "spare")[0].id
            job = lifecycle.create(session, "export", user.id, {"documents": []}, None).id
            ids = {"user_id": user.id, "token_id": spare, "job_id": job, "document_id": GHOST}
            found[user.username] = Things({"Authorization": f"Bearer {text}"}, ids)
    for name, one in found.items():
        role = name.rstrip("2")
        if role != "viewer":
            answer = upload(app.test_client(), b"a,b\n1,2\n", f"{name}.csv", headers=one.headers)
            one.ids["document_id"] = answer.get_json()["id"]
    return found


def ask(client: FlaskClient, method: str, path: str, who: Things, whose: Things) -> Any:
    address = re.sub(r"{(\w+)}", lambda found: whose.ids[found[1]], path)
    bare = method in ("get", "delete") or path.endswith(("/restore", "/logout"))
    body: dict[str, str] | None = None if bare else {}
    return client.open(address, method=method.upper(), json=body, headers=who.headers)


def test_every_operation_asks_who_it_is(app: Application) -> None:
    found = operations(app)
    assert len(found) > 20
    for method, path in found:
        address = re.sub(r"{\w+}", GHOST, path)
        for headers in ({}, {"Authorization": "Bearer tdm_forged"}, {"Authorization": "Basic eDp5"}):
            answer = app.test_client().open(address, method=method.upper(), headers=headers)
            assert answer.status_code == 401, (method, path, answer.text)
    document = app.test_client().get("/api/openapi.json").get_json()
    public = {
        path for path, item in document["paths"].items() for op in item.values() if "security" not in op
    }
    assert public == {"/api/health", "/api/health/live", "/api/login"}
    assert {"health.health", "health.live", "auth.login", "openapi_document", "metrics"} == PUBLIC


@pytest.mark.parametrize("role", sorted(USERS))
def test_every_operation_asks_for_its_role(app: Application, things: dict[str, Things], role: str) -> None:
    who = things[role]
    for method, path in operations(app):
        answer = ask(app.test_client(), method, path, who, who)
        writes = method != "get"
        if (method, path) in ADMIN_ONLY:
            refused = role != "admin"
        else:
            refused = role == "viewer" and writes and (method, path) not in FOR_ALL
        assert (answer.status_code == 403) == refused, (role, method, path, answer.status_code, answer.text)
        assert answer.status_code < 500, (role, method, path, answer.text)


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_things_of_others_are_not_there(app: Application, things: dict[str, Things], role: str) -> None:
    who = things[role]
    tried = 0
    for method, path in operations(app):
        if "{" not in path or (method, path) in ADMIN_ONLY:
            continue
        if role == "viewer" and method != "get" and (method, path) not in FOR_ALL:
            continue
        for owner in ("admin", "editor2"):
            answer = ask(app.test_client(), method, path, who, things[owner])
            assert answer.status_code == 404, (role, method, path, owner, answer.status_code, answer.text)
            tried += 1
    assert tried >= 8


def test_an_administrator_reaches_everybodys_documents_and_jobs_but_no_tokens(
    app: Application, things: dict[str, Things]
) -> None:
    who, whose = things["admin"], things["editor2"]
    for method, path in operations(app):
        if method == "get" and "{" in path:
            answer = ask(app.test_client(), method, path, who, whose)
            assert answer.status_code in (200, 404, 409, 422), (path, answer.status_code)
            if path in ("/api/documents/{document_id}", "/api/jobs/{job_id}"):
                assert answer.status_code == 200, path
    assert ask(app.test_client(), "delete", "/api/tokens/{token_id}", who, whose).status_code == 404
