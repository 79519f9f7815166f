"""Accounts, for administrators."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app import accounts, activity
from app.api.account_schemas import UserBody, UserChange, UserOut, UserPage, UserPath, UserQuery
from app.api.auth import refuse_weak
from app.api.context import actor, note_action, services
from app.api.problems import ApiProblem, responses
from app.api.security import SECURITY
from app.models import User

blueprint = APIBlueprint(
    "users", __name__, url_prefix="/api", abp_tags=[Tag(name="accounts")], abp_security=SECURITY
)


@blueprint.get("/users", responses={200: UserPage, **responses(401, 403, 422)})
def list_users(query: UserQuery) -> Response:
    """Accounts, newest first, page by page"""
    with services().database.read() as session:
        users, following = accounts.page_of_users(session, query.q, query.cursor, query.limit)
    body = UserPage(items=[_out(user) for user in users], next=following)
    return Response(body.model_dump_json(), mimetype="application/json")


@blueprint.post("/users", responses={201: UserOut, **responses(401, 403, 409, 422)})
def create(body: UserBody) -> Response:
    """Make an account"""
    note_action("user-create")
    refuse_weak(body.password)
    try:
        with services().database.write() as session:
            user = accounts.add_user(session, body.username, body.password, body.role)
            session.flush()
            activity.record(session, actor(), "user-create", user.id, user.username)
    except accounts.NameTaken:
        raise ApiProblem(409, f"there is a user {body.username} already", "name-taken") from None
    return _answer(user, HTTPStatus.CREATED)


@blueprint.patch("/users/<user_id>", responses={200: UserOut, **responses(401, 403, 404, 409, 422)})
def change(path: UserPath, body: UserChange) -> Response:
    """Change an account's role or password, lock or open it

    A new password and a lock end the account's sessions. 409 for what would leave no active administrator.
    """
    note_action("user-change")
    hashed = None
    if body.password is not None:
        refuse_weak(body.password)
        # Before the write lock is taken: it takes a tenth of a second.
        hashed = accounts.hash_password(body.password)
    try:
        with services().database.write() as session:
            user = session.get(User, path.user_id)
            if user is None:
                raise ApiProblem(404, "there is no such user")
            accounts.change_user(session, user, body.role, body.active)
            if hashed is not None:
                user.password_hash = hashed
                accounts.end_sessions(session, user.id)
            activity.record(session, actor(), "user-change", user.id, user.username)
    except accounts.LastAdmin:
        raise ApiProblem(409, "this is the last active administrator", "last-admin") from None
    return _answer(user, HTTPStatus.OK)


def _answer(user: User, status: HTTPStatus) -> Response:
    return Response(_out(user).model_dump_json(), status, mimetype="application/json")


def _out(user: User) -> UserOut:
    return UserOut.model_validate(
        {
            "id": user.id,
            "username": user.username,
            "role": user.role,
            "active": user.active,
            "created_at": user.created_at,
            "last_login_at": user.last_login_at,
        }
    )
