"""What all of the API's models stand on; each part's own are in its `*_schemas.py`."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Id = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
TextQuery = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,200}$")]


def _flag(value: object) -> object:
    """`true` or `false` and nothing else that pydantic would take for a truth value, such as `on`."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


# A truth value in a query.
Flag = Annotated[bool, BeforeValidator(_flag), Field(strict=True)]


@cache
def _schema_of(model: type[Model], arguments: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return super(Model, model).model_json_schema(**dict(arguments))


class Model(BaseModel):
    """The base of all: its JSON schema is computed once, for the framework asks for it at every request."""

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if args:
            return super().model_json_schema(*args, **kwargs)
        return _schema_of(cls, tuple(kwargs.items()))


class Input(Model):
    """A body or query: unknown names are refused rather than ignored."""

    model_config = ConfigDict(extra="forbid")


class FieldProblem(Model):
    field: str = Field(description="Where: names joined by dots")
    message: str


class Problem(Model):
    """RFC 9457 problem details; `request_id` is in the service's log."""

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    request_id: str
    errors: list[FieldProblem] | None = None


class PageQuery(Input):
    cursor: Id | None = Field(default=None, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=200)
