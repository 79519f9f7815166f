"""Accounts, sessions and tokens as they travel over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.accounts import SHORTEST_PASSWORD
from app.api.schemas import Absent, Body, Id, Model, PageQuery, TextQuery

Role = Literal["admin", "editor", "viewer"]
# Latin letters, digits and Chinese characters: no two names may look alike.
USERNAME_PATTERN = r"^[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff._@-]{0,63}$"
Username = Annotated[str, StringConstraints(pattern=USERNAME_PATTERN)]
NewPassword = Annotated[str, StringConstraints(min_length=SHORTEST_PASSWORD, max_length=1024)]


class LoginBody(Body):
    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=1024)


class Me(Model):
    id: Id
    username: str
    role: Role


class PasswordBody(Body):
    current: str = Field(min_length=1, max_length=1024)
    new: NewPassword


class TokenBody(Body):
    name: str = Field(min_length=1, max_length=100, description="What the token is for")


class TokenCreated(Model):
    id: Id
    name: str
    token: str = Field(description="Shown only now; send it as `Authorization: Bearer`")


class TokenOut(Model):
    id: Id
    name: str
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute")


class TokenPage(Model):
    items: list[TokenOut]
    next: Id | None = Field(description="Pass it as `cursor` for the next page; null on the last")


class TokenPath(Model):
    token_id: Id


class UserBody(Body):
    username: Username
    password: NewPassword
    role: Role = "editor"


class UserChange(Body):
    """What is not named, or null, stays as it is."""

    role: Role | None = None
    active: bool | None = Field(default=None, description="An inactive account opens nothing")
    password: NewPassword | None = Field(default=None, description="Ends the account's sessions")


class UserOut(Model):
    id: Id
    username: str
    role: Role
    active: bool
    created_at: datetime
    last_login_at: datetime | None


class UserPage(Model):
    items: list[UserOut]
    next: Id | None = Field(description="Pass it as `cursor` for the next page; null on the last")


class UserQuery(PageQuery):
    q: TextQuery | Absent = Field(default=None, description="Part of the user name")


class UserPath(Model):
    user_id: Id
