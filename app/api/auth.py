"""Log-in, log-out, who am I, API tokens."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app import accounts
from app.api.access import cookie_name
from app.api.context import credentials, note_action, principal, services
from app.api.problems import ApiProblem, responses
from app.api.schemas import LoginBody, Me, TokenBody, TokenCreated
from app.api.security import SECURITY

blueprint = APIBlueprint("auth", __name__, url_prefix="/api", abp_tags=[Tag(name="accounts")])


@blueprint.post("/login", responses={200: Me, **responses(401, 403, 422)})
def login(body: LoginBody) -> Response:
    """Start a session

    Sets the session cookie (`__Host-session` over HTTPS: Secure, HttpOnly, SameSite=Lax).
    """
    note_action("login", body.username)
    found = services()
    with found.database.read() as session:
        user = accounts.check_password(session, body.username, body.password)
    if user is None:
        raise ApiProblem(401, "the user name or the password is wrong", "wrong-credentials")
    with found.database.write() as session:
        token = credentials().start_session(session, user, request.remote_addr or "")
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


@blueprint.post("/tokens", security=SECURITY, responses={201: TokenCreated, **responses(401, 403, 422)})
def create_token(body: TokenBody) -> Response:
    """Make an API token for the account that asks; the token is shown only in this answer"""
    note_action("token")
    with services().database.write() as session:
        row, token = credentials().issue_token(session, principal().user_id, body.name)
    created = TokenCreated(id=row.id, name=row.name, token=token)
    return Response(created.model_dump_json(), HTTPStatus.CREATED, mimetype="application/json")
