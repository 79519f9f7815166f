"""Log-in, sessions, tokens, roles, and requests from other sites."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app import accounts
from app.factory import Application, create_app
from app.migrations import HEAD
from app.models import ApiToken, LoginSession, User, now
from app.services import Services
from tests.unit.app.stack import PASSWORD, Stack, close, log_in, upload

PROTECTED = [
    ("GET", "/api/me"),
    ("POST", "/api/logout"),
    ("POST", "/api/tokens"),
    ("POST", "/api/upload"),
    ("GET", "/api/documents"),
    ("GET", "/api/documents/00000000-0000-7000-8000-000000000000"),
    ("GET", "/api/documents/00000000-0000-7000-8000-000000000000/download"),
    ("DELETE", "/api/documents/00000000-0000-7000-8000-000000000000"),
    ("GET", "/api/jobs"),
    ("POST", "/api/jobs"),
    ("GET", "/api/nothing/here"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_nothing_opens_without_a_log_in(app: Application, method: str, path: str) -> None:
    answer = app.test_client().open(path, method=method)
    assert answer.status_code == 401, answer.text
    assert answer.mimetype == "application/problem+json"
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", ["/api/health", "/api/health/live", "/api/openapi.json"])
def test_these_open_without_a_log_in(app: Application, path: str) -> None:
    assert app.test_client().get(path).status_code == 200


def test_a_log_in_opens_and_a_log_out_closes(app: Application) -> None:
    client = log_in(app, "viewer")
    assert client.get("/api/me").get_json()["username"] == "viewer"
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert client.post("/api/logout").status_code == 204
    assert client.get("/api/me").status_code == 401
    client.set_cookie("session", cookie.value)
    assert client.get("/api/me").status_code == 401, (
        "the session must end on the server, not only in the browser"
    )


def test_over_https_the_cookie_is_bound_to_the_host(stack: Stack, app: Application) -> None:
    stack.extra["PUBLIC_URL"] = "https://docs.company.com:8443"
    served = create_app(stack.config())
    answer = served.test_client().post("/api/login", json={"username": "editor", "password": PASSWORD})
    close(served.extensions["services"])
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    ("username", "password"), [("editor", "wrong"), ("nobody", PASSWORD), ("editor", PASSWORD + " ")]
)
def test_wrong_credentials_are_refused_alike(app: Application, username: str, password: str) -> None:
    answer = app.test_client().post("/api/login", json={"username": username, "password": password})
    assert answer.status_code == 401
    assert answer.get_json()["detail"] == "the user name or the password is wrong"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"username": "a"}', b'{"username": 1, "password": "x"}']
)
def test_a_log_in_of_another_form_is_refused(app: Application, body: bytes) -> None:
    answer = app.test_client().post("/api/login", data=body, content_type="application/json")
    assert answer.status_code == 422, answer.text


def test_the_answer_to_a_bad_form_does_not_repeat_the_password(app: Application) -> None:
    answer = app.test_client().post(
        "/api/login", json={"username": "", "password": "hunter2hunter2", "x": "hunter2"}
    )
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


def test_an_inactive_user_is_out_at_once(app: Application, services: Services) -> None:
    client = log_in(app, "editor")
    with services.database.write() as session:
        session.execute(update(User).where(User.username == "editor").values(active=False))
    assert client.get("/api/me").status_code == 401
    refused = app.test_client().post("/api/login", json={"username": "editor", "password": PASSWORD})
    assert refused.status_code == 401


def test_a_session_ends_by_itself(app: Application, services: Services) -> None:
    client = log_in(app, "editor")
    with services.database.write() as session:
        session.execute(update(LoginSession).values(expires_at=now() - timedelta(seconds=1)))
    assert client.get("/api/me").status_code == 401


def test_a_new_password_ends_every_session(app: Application, services: Services) -> None:
    client = log_in(app, "editor")
    with services.database.write() as session:
        editor = session.scalars(select(User).where(User.username == "editor")).one()
        accounts.set_password(session, editor, "another good password")
    assert client.get("/api/me").status_code == 401


def test_an_api_token_works_until_it_is_revoked(
    app: Application, client: FlaskClient, services: Services
) -> None:
    made = client.post("/api/tokens", json={"name": "script"})
    assert made.status_code == 201, made.text
    token = made.get_json()["token"]
    caller = app.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    assert caller.get("/api/me", headers=headers).get_json()["username"] == "editor"
    assert caller.get("/api/me", headers={"Authorization": f"Bearer {token}x"}).status_code == 401
    with services.database.write() as session:
        session.execute(update(ApiToken).values(revoked_at=now()))
    assert caller.get("/api/me", headers=headers).status_code == 401


def test_tokens_are_not_in_the_database_and_a_new_key_ends_them(
    stack: Stack, app: Application, client: FlaskClient, services: Services
) -> None:
    token = client.post("/api/tokens", json={"name": "script"}).get_json()["token"]
    cookie = client.get_cookie("session")
    assert cookie is not None
    services.database.dispose()
    stored = b"".join(path.read_bytes() for path in services.config.data_dir.glob("tencent_docs.db*"))
    for secret in (token, cookie.value, PASSWORD):
        assert secret.encode() not in stored
    (stack.directory / "secrets" / "secret_key").write_text("another-key-of-enough-characters-0123456789")
    restarted = create_app(stack.config())
    answer = restarted.test_client().get("/api/me", headers={"Authorization": f"Bearer {token}"})
    close(restarted.extensions["services"])
    assert answer.status_code == 401


def test_a_viewer_may_look_but_not_change(app: Application, client: FlaskClient) -> None:
    document = upload(client, b"x").get_json()["id"]
    assert client.patch(f"/api/documents/{document}", json={"shared": True}).status_code == 200
    viewer = log_in(app, "viewer")
    assert viewer.get(f"/api/documents/{document}/download").data == b"x"
    assert upload(viewer, b"y").status_code == 403
    assert viewer.delete(f"/api/documents/{document}").status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://localhost"}, 201),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://other.localhost"}, 403),
    ],
)
def test_a_session_is_not_usable_from_another_site(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    assert client.post("/api/tokens", json={"name": "x"}, headers=headers).status_code == status


def test_no_one_can_be_logged_in_from_another_site(app: Application) -> None:
    body = {"username": "editor", "password": PASSWORD}
    answer = app.test_client().post("/api/login", json=body, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_token_is_not_bound_to_a_site(app: Application, client: FlaskClient) -> None:
    token = client.post("/api/tokens", json={"name": "x"}).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Origin": "https://other.example"}
    answer = app.test_client().post("/api/tokens", json={"name": "y"}, headers=headers)
    assert answer.status_code == 201, answer.text


def test_the_operator_makes_the_administrator_once_and_resets_a_password(stack: Stack) -> None:
    def flask(*arguments: str, given: str = "") -> tuple[int, str, str]:
        process = stack.run("-m", "flask", "--app", "app", *arguments, stdin=-1)
        output, errors = process.communicate(given, timeout=90)
        return process.returncode, output, errors

    first = flask("bootstrap")
    assert (first[0], json.loads(first[1])) == (
        0,
        {"changed": True, "before": None, "after": HEAD, "admin_made": True},
    ), first
    assert json.loads(flask("migrate", "up")[1])["changed"] is False
    assert json.loads(flask("user", "ensure-admin")[1])["changed"] is False
    assert flask("migrate", "status")[0] == 0

    app = create_app(stack.config())
    password = (stack.directory / "secrets" / "admin_password").read_text()
    client = app.test_client()
    assert client.post("/api/login", json={"username": "admin", "password": password}).status_code == 200
    code, output, errors = flask("user", "set-password", "admin", "--stdin", given="a brand new password\n")
    assert code == 0, output + errors
    assert client.get("/api/me").status_code == 401
    login = client.post("/api/login", json={"username": "admin", "password": "a brand new password"})
    assert login.status_code == 200
    close(app.extensions["services"])
    code, output, errors = flask("user", "set-password", "ghost", "--stdin", given="a brand new password\n")
    assert code != 0
    assert "flask user list" in errors
