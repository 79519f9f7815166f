"""Accounts for administrators, one's own password and tokens, throttled log-ins, the operator's commands."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app import throttle
from app.factory import Application, create_app
from app.models import ApiToken, LoginSession, User
from app.services import Services
from app.throttle import PER_ACCOUNT, PER_ADDRESS
from tests.unit.app.stack import PASSWORD, Stack, close, log_in

NEW = "another good password"


@pytest.fixture
def admin(app: Application) -> FlaskClient:
    return log_in(app, "admin")


def identifier(admin: FlaskClient, name: str) -> str:
    (found,) = [u for u in admin.get("/api/users").get_json()["items"] if u["username"] == name]
    return str(found["id"])


def attempt(app: Application, name: str, password: str, address: str = "203.0.113.1") -> Any:
    headers = {"X-Forwarded-For": address}
    return app.test_client().post(
        "/api/login", json={"username": name, "password": password}, headers=headers
    )


def test_an_administrator_makes_finds_and_changes_accounts(app: Application, admin: FlaskClient) -> None:
    made = admin.post("/api/users", json={"username": "王小明", "password": PASSWORD, "role": "viewer"})
    assert made.status_code == 201, made.text
    assert {key: made.get_json()[key] for key in ("username", "role", "active", "last_login_at")} == {
        "username": "王小明",
        "role": "viewer",
        "active": True,
        "last_login_at": None,
    }
    again = admin.post("/api/users", json={"username": "王小明", "password": PASSWORD})
    assert (again.status_code, again.get_json()["type"].rpartition(":")[2]) == (409, "name-taken")
    (found,) = admin.get("/api/users?q=小明").get_json()["items"]
    changed = admin.patch(f"/api/users/{found['id']}", json={"role": "editor", "password": NEW})
    assert (changed.status_code, changed.get_json()["role"]) == (200, "editor")
    assert attempt(app, "王小明", PASSWORD).status_code == 401
    assert attempt(app, "王小明", NEW).status_code == 200
    assert admin.get("/api/users?q=小明").get_json()["items"][0]["last_login_at"] is not None


def test_accounts_come_in_pages(admin: FlaskClient) -> None:
    first = admin.get("/api/users?limit=2").get_json()
    second = admin.get(f"/api/users?limit=2&cursor={first['next']}").get_json()
    names = [user["username"] for user in first["items"] + second["items"]]
    assert (names, second["next"]) == (["viewer", "editor", "admin"], None)


@pytest.mark.parametrize("password", ["short", "changeme-please", "aaaaaaaaaaaa"])
def test_weak_passwords_are_refused_everywhere(admin: FlaskClient, password: str) -> None:
    viewer = identifier(admin, "viewer")
    for answer in (
        admin.post("/api/users", json={"username": "new", "password": password}),
        admin.patch(f"/api/users/{viewer}", json={"password": password}),
        admin.post("/api/me/password", json={"current": PASSWORD, "new": password}),
    ):
        assert answer.status_code == 422, answer.text
        assert password not in answer.text


def test_a_locked_account_opens_nothing_until_it_is_opened_again(
    app: Application, admin: FlaskClient, services: Services
) -> None:
    editor = log_in(app, "editor")
    token = editor.post("/api/tokens", json={"name": "x"}).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    address = f"/api/users/{identifier(admin, 'editor')}"
    assert admin.patch(address, json={"active": False}).get_json()["active"] is False
    assert editor.get("/api/me").status_code == 401
    assert app.test_client().get("/api/me", headers=headers).status_code == 401
    assert attempt(app, "editor", PASSWORD).status_code == 401
    assert admin.patch(address, json={"active": True}).status_code == 200
    assert editor.get("/api/me").status_code == 401, "a session that was ended must stay so"
    assert attempt(app, "editor", PASSWORD).status_code == 200


@pytest.mark.parametrize("change", [{"role": "editor"}, {"active": False}])
def test_the_last_active_administrator_stays(admin: FlaskClient, change: dict[str, Any]) -> None:
    own = f"/api/users/{identifier(admin, 'admin')}"
    refused = admin.patch(own, json=change)
    assert (refused.status_code, refused.get_json()["type"].rpartition(":")[2]) == (409, "last-admin")
    assert admin.get("/api/me").get_json()["role"] == "admin"
    editor = f"/api/users/{identifier(admin, 'editor')}"
    assert admin.patch(editor, json={"role": "admin"}).status_code == 200
    assert admin.patch(own, json=change).status_code == 200


def test_two_administrators_cannot_demote_each_other_at_once(app: Application, admin: FlaskClient) -> None:
    ids = {name: identifier(admin, name) for name in ("admin", "editor")}
    admin.patch(f"/api/users/{ids['editor']}", json={"role": "admin"})
    clients = {"admin": admin, "editor": log_in(app, "editor")}
    statuses: list[int] = []
    start = threading.Barrier(2)

    def demote(who: str, whom: str) -> None:
        start.wait()
        answer = clients[who].patch(f"/api/users/{ids[whom]}", json={"role": "viewer"})
        statuses.append(answer.status_code)

    threads = [
        threading.Thread(target=demote, args=pair) for pair in (("admin", "editor"), ("editor", "admin"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The loser is either stopped by the rule (409), or was no administrator any more when it asked (403).
    assert sorted(statuses)[0] == 200
    assert sorted(statuses)[1] in (403, 409)


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(app: Application) -> None:
    here, there = log_in(app, "editor"), log_in(app, "editor")
    wrong = here.post("/api/me/password", json={"current": "wrong", "new": NEW})
    assert (wrong.status_code, wrong.get_json()["type"].rpartition(":")[2]) == (403, "wrong-password")
    assert there.get("/api/me").status_code == 200
    assert here.post("/api/me/password", json={"current": PASSWORD, "new": NEW}).status_code == 204
    assert here.get("/api/me").status_code == 200
    assert there.get("/api/me").status_code == 401
    assert attempt(app, "editor", NEW).status_code == 200


def test_tokens_are_listed_with_their_last_use_and_revoked(
    app: Application, client: FlaskClient, services: Services
) -> None:
    made = client.post("/api/tokens", json={"name": "script"}).get_json()
    (listed,) = client.get("/api/tokens").get_json()["items"]
    assert (listed["id"], listed["name"], listed["last_used_at"]) == (made["id"], "script", None)
    assert made["token"] not in json.dumps(listed)
    headers = {"Authorization": f"Bearer {made['token']}"}
    caller = app.test_client()
    assert caller.get("/api/me", headers=headers).status_code == 200
    used = client.get("/api/tokens").get_json()["items"][0]["last_used_at"]
    assert used is not None
    assert caller.get("/api/me", headers=headers).status_code == 200
    assert client.get("/api/tokens").get_json()["items"][0]["last_used_at"] == used, "not a write a request"

    other = log_in(app, "viewer")
    assert other.delete(f"/api/tokens/{made['id']}").status_code == 404
    assert other.get("/api/tokens").get_json()["items"] == []
    assert client.delete(f"/api/tokens/{made['id']}").status_code == 204
    assert caller.get("/api/me", headers=headers).status_code == 401
    assert client.get("/api/tokens").get_json() == {"items": [], "next": None}
    assert client.delete(f"/api/tokens/{made['id']}").status_code == 404


def test_tokens_have_a_limit(client: FlaskClient, services: Services) -> None:
    with services.database.write() as session:
        editor = session.scalars(select(User).where(User.username == "editor")).one()
        session.add_all(ApiToken(user_id=editor.id, name="x", token_hash=str(n)) for n in range(100))
    assert client.post("/api/tokens", json={"name": "x"}).status_code == 409


def test_guessing_at_an_account_is_stopped_from_wherever_it_comes(app: Application) -> None:
    for number in range(PER_ACCOUNT):
        assert attempt(app, "editor", f"guess {number}", f"203.0.113.{number}").status_code == 401
    stopped = attempt(app, "editor", PASSWORD, "203.0.113.200")
    assert stopped.status_code == 429, "even the right password waits, or guessing would go on"
    assert 0 < int(stopped.headers["Retry-After"]) <= throttle.WINDOW_SECONDS
    assert stopped.mimetype == "application/problem+json"
    assert attempt(app, "viewer", PASSWORD, "203.0.113.200").status_code == 200


def test_guessing_from_one_address_is_stopped_whatever_the_names(app: Application) -> None:
    statuses = [attempt(app, f"ghost{number}", "x").status_code for number in range(PER_ADDRESS + 1)]
    assert statuses == [401] * PER_ADDRESS + [429]
    assert attempt(app, "viewer", PASSWORD, "203.0.113.77").status_code == 200


def test_a_log_in_forgets_the_failures_before_it(app: Application) -> None:
    for _ in range(3):
        for _ in range(PER_ACCOUNT - 1):
            assert attempt(app, "editor", "wrong").status_code == 401
        assert attempt(app, "editor", PASSWORD).status_code == 200


def test_many_guesses_at_once_are_not_more_than_the_limit(app: Application) -> None:
    statuses: list[int] = []

    def guess(number: int) -> None:
        statuses.append(attempt(app, "editor", f"guess {number}", f"198.51.100.{number}").status_code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(PER_ACCOUNT + 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [401] * PER_ACCOUNT + [429] * 8


def test_without_redis_each_process_still_counts(stack: Stack, app: Application) -> None:
    stack.extra = {"REDIS_CACHE_URL": "unix:///nowhere.sock"}
    cut_off = create_app(stack.config())
    statuses = [attempt(cut_off, "editor", "wrong").status_code for _ in range(PER_ACCOUNT + 1)]
    assert attempt(cut_off, "viewer", PASSWORD).status_code == 200
    close(cut_off.extensions["services"])
    assert statuses == [401] * PER_ACCOUNT + [429]


def test_unknown_names_take_as_long_as_known_ones(app: Application) -> None:
    def seconds(name: str, number: int) -> float:
        started = time.perf_counter()
        assert attempt(app, name, "wrong", f"192.0.2.{number}").status_code == 401
        return time.perf_counter() - started

    known = min(seconds("editor", number) for number in range(8))
    unknown = min(seconds(f"ghost{number}", number) for number in range(8))
    assert 0.6 < unknown / known < 1.6, (unknown, known)


@pytest.fixture
def flask(stack: Stack, app: Application) -> Callable[..., tuple[int, list[Any], str]]:
    def run(*arguments: str, given: str = "") -> tuple[int, list[Any], str]:
        process = stack.run("-m", "flask", "--app", "app", "user", *arguments, stdin=-1)
        output, errors = process.communicate(given, timeout=90)
        return process.returncode, [json.loads(line) for line in output.splitlines()], errors

    return run


def test_an_operator_who_is_locked_out_gets_in(
    app: Application, services: Services, flask: Callable[..., tuple[int, list[Any], str]]
) -> None:
    with services.database.write() as session:
        session.execute(update(User).where(User.username == "admin").values(active=False))
    assert flask("activate", "admin")[1][0]["changed"] is True
    assert flask("activate", "admin")[1][0]["changed"] is False
    assert flask("password", "admin", "--stdin", given=f"{NEW}\n")[0] == 0
    client = app.test_client()
    assert client.post("/api/login", json={"username": "admin", "password": NEW}).status_code == 200
    entries = client.get("/api/activity?user=(operator)").get_json()["items"]
    assert [(entry["action"], entry["object_name"]) for entry in entries] == [
        ("password", "admin"),
        ("user-change", "admin"),
    ]


def test_the_operators_commands_list_change_and_refuse(
    app: Application, services: Services, flask: Callable[..., tuple[int, list[Any], str]]
) -> None:
    log_in(app, "editor")
    assert [(line["username"], line["role"], line["active"]) for line in flask("list")[1]] == [
        ("admin", "admin", True),
        ("editor", "editor", True),
        ("viewer", "viewer", True),
    ]
    code, _, errors = flask("role", "admin", "viewer")
    assert (code, "last active administrator" in errors) == (1, True)
    assert flask("role", "viewer", "editor")[1] == [
        {"changed": True, "username": "viewer", "role": "editor", "active": True}
    ]
    assert flask("sessions", "editor")[1][0]["address"] == "127.0.0.1"
    assert flask("sessions", "editor", "--end")[1] == [{"changed": True, "username": "editor", "ended": 1}]
    with services.database.read() as session:
        assert session.scalars(select(LoginSession)).all() == []
    assert flask("deactivate", "editor")[1][0]["active"] is False
    code, _, errors = flask("create", "a/b", "--stdin", given=f"{NEW}\n")
    assert (code, "user name" in errors) == (1, True)
