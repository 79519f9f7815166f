"""What all of the API's models stand on; each part's own are in its `*_schemas.py`."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Id = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
TextQuery = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,200}$")]


def _flag(value: object) -> object:
    """`true` or `false` and nothing else that pydantic would take for a truth value, such as `on`."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _moment(value: object) -> object:
    """A date and time with its zone (RFC 3339), and not a number that pydantic would take for seconds."""
    if isinstance(value, str) and not _MOMENT.match(value):
        raise ValueError("write a moment as 2026-11-24T08:00:00Z")
    return value


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)

# A moment in a query.
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
# A truth value in a query.
Flag = Annotated[bool, BeforeValidator(_flag), Field(strict=True)]

# For what a query or a form may leave out: unlike a JSON body they have no way to write null.
Absent = SkipJsonSchema[None]


@cache
def _schema_of(model: type[Model], arguments: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    schema = super(Model, model).model_json_schema(**dict(arguments))
    for described in schema.get("properties", {}).values():
        if described.get("default", 0) is None and not _takes_null(described):
            del described["default"]
    return schema


def _takes_null(described: dict[str, Any]) -> bool:
    return {"type": "null"} in described.get("anyOf", [])


class Model(BaseModel):
    """The base of all: its JSON schema is computed once, for the framework asks for it at every request."""

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if args:
            return super().model_json_schema(*args, **kwargs)
        return _schema_of(cls, tuple(kwargs.items()))


class Input(Model):
    """A query: unknown names are refused rather than ignored."""

    model_config = ConfigDict(extra="forbid")


class Body(Input):
    """A JSON body: besides, 1 is no truth value and "1" is no number."""

    model_config = ConfigDict(extra="forbid", strict=True)


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
    cursor: Id | Absent = Field(default=None, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=200)
