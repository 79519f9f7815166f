"""Log-in, log-out, who am I, one's own password and API tokens."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, current_app, g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app import accounts, activity
from app.activity import Actor
from app.api.access import cookie_name
from app.api.account_schemas import (
    LoginBody,
    Me,
    PasswordBody,
    TokenBody,
    TokenCreated,
    TokenOut,
    TokenPage,
    TokenPath,
)
from app.api.context import actor, credentials, note_action, principal, services
from app.api.problems import ApiProblem, responses
from app.api.schemas import PageQuery
from app.api.security import SECURITY
from app.models import ApiToken, User
from app.throttle import Attempt, Throttle

blueprint = APIBlueprint("auth", __name__, url_prefix="/api", abp_tags=[Tag(name="accounts")])

# Each is one indexed row; more than anybody needs, fewer than would fill a disk.
MOST_TOKENS = 100


@blueprint.post("/login", responses={200: Me, **responses(401, 403, 422, 429)})
def login(body: LoginBody) -> Response:
    """Start a session

    Sets the session cookie (`__Host-session` over HTTPS: Secure, HttpOnly, SameSite=Lax). After too many
    failures for an account or from an address: 429, and `Retry-After` says when to try again.
    """
    note_action("login", body.username)
    found = services()
    attempt = _attempt(body.username)
    with found.database.read() as session:
        user = accounts.check_password(session, body.username, body.password)
        known = user or accounts.find_user(session, body.username)
    who = Actor(known.id if known else None, body.username, request.remote_addr or "", g.request_id)
    if user is None:
        with found.database.write() as session:
            activity.record(session, who, "login-failed")
        raise ApiProblem(401, "the user name or the password is wrong", "wrong-credentials")
    throttle().succeeded(attempt)
    with found.database.write() as session:
        token = credentials().start_session(session, user, request.remote_addr or "")
        activity.record(session, who, "login")
    me = Me.model_validate({"id": user.id, "username": user.username, "role": user.role})
    response = Response(me.model_dump_json(), mimetype="application/json")
    response.set_cookie(
        cookie_name(),
        token,
        max_age=found.config.session_hours * 3600,
        secure=found.config.https,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


@blueprint.post("/logout", security=SECURITY, responses={204: None, **responses(401, 403)})
def logout() -> Response:
    """End the session whose cookie came with the request"""
    note_action("logout")
    token = request.cookies.get(cookie_name())
    if token:
        with services().database.write() as session:
            credentials().end_session(session, token)
            activity.record(session, actor(), "logout")
    response = Response(status=HTTPStatus.NO_CONTENT)
    response.delete_cookie(
        cookie_name(), path="/", secure=services().config.https, httponly=True, samesite="Lax"
    )
    return response


@blueprint.get("/me", security=SECURITY, responses={200: Me, **responses(401)})
def me() -> Response:
    """The account that asks"""
    who = principal()
    found = Me.model_validate({"id": who.user_id, "username": who.username, "role": who.role})
    return Response(found.model_dump_json(), mimetype="application/json")


@blueprint.post("/me/password", security=SECURITY, responses={204: None, **responses(401, 403, 422, 429)})
def change_password(body: PasswordBody) -> Response:
    """Change one's own password

    Ends every other session of the account; its API tokens stay. 403 when `current` is not the password.
    """
    note_action("password")
    who, found = principal(), services()
    attempt = _attempt(who.username)
    with found.database.read() as session:
        user = session.get_one(User, who.user_id)
    if not accounts.has_password(user, body.current):
        raise ApiProblem(403, "the current password is another", "wrong-password")
    throttle().succeeded(attempt)
    refuse_weak(body.new)
    hashed = accounts.hash_password(body.new)
    cookie = request.cookies.get(cookie_name())
    with found.database.write() as session:
        user = session.get_one(User, who.user_id)
        user.password_hash = hashed
        accounts.end_sessions(session, user.id, but=credentials().hash_of(cookie) if cookie else None)
        activity.record(session, actor(), "password", user.id, user.username)
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.get("/tokens", security=SECURITY, responses={200: TokenPage, **responses(401, 422)})
def list_tokens(query: PageQuery) -> Response:
    """One's own API tokens, newest first, page by page"""
    with services().database.read() as session:
        tokens, following = accounts.page_of_tokens(session, principal().user_id, query.cursor, query.limit)
    body = TokenPage(items=[_token_out(token) for token in tokens], next=following)
    return Response(body.model_dump_json(), mimetype="application/json")


@blueprint.post("/tokens", security=SECURITY, responses={201: TokenCreated, **responses(401, 403, 409, 422)})
def create_token(body: TokenBody) -> Response:
    """Make an API token for the account that asks; the token is shown only in this answer"""
    note_action("token")
    who = principal()
    with services().database.write() as session:
        if accounts.count_tokens(session, who.user_id) >= MOST_TOKENS:
            raise ApiProblem(409, f"an account has at most {MOST_TOKENS} tokens; revoke some", "many-tokens")
        row, token = credentials().issue_token(session, who.user_id, body.name)
        activity.record(session, actor(), "token", row.id, row.name)
    created = TokenCreated(id=row.id, name=row.name, token=token)
    return Response(created.model_dump_json(), HTTPStatus.CREATED, mimetype="application/json")


@blueprint.delete(
    "/tokens/<token_id>", security=SECURITY, responses={204: None, **responses(401, 403, 404, 422)}
)
def revoke_token(path: TokenPath) -> Response:
    """Revoke one of one's own API tokens; it opens nothing from now on"""
    note_action("token-revoke")
    with services().database.write() as session:
        token = accounts.revoke_token(session, principal().user_id, path.token_id)
        if token is None:
            raise ApiProblem(404, "there is no such token")
        activity.record(session, actor(), "token-revoke", token.id, token.name)
    return Response(status=HTTPStatus.NO_CONTENT)


def throttle() -> Throttle:
    """What counts this application's log-ins."""
    found: Throttle = current_app.extensions["throttle"]
    return found


def refuse_weak(password: str) -> None:
    """Refuses what cannot serve as a password. Raises ApiProblem."""
    problem = accounts.password_problem(password)
    if problem:
        raise ApiProblem(422, f"the password {problem}", "weak-password")


def _attempt(username: str) -> Attempt:
    attempt = throttle().begin(username, request.remote_addr or "")
    if attempt.wait:
        raise ApiProblem(
            429, "too many failed attempts; wait a while", "throttled", {"Retry-After": str(attempt.wait)}
        )
    return attempt


def _token_out(token: ApiToken) -> TokenOut:
    return TokenOut(
        id=token.id, name=token.name, created_at=token.created_at, last_used_at=token.last_used_at
    )
