"""What travels over the API, as the OpenAPI document shows it."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from flask_openapi3.models.file import FileStorage
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from werkzeug.datastructures import FileStorage as UploadedFile

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Id = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


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


class LoginBody(Input):
    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=1024)


class Me(Model):
    id: Id
    username: str
    role: Literal["admin", "editor", "viewer"]


class TokenBody(Input):
    name: str = Field(min_length=1, max_length=100, description="What the token is for")


class TokenCreated(Model):
    id: Id
    name: str
    token: str = Field(description="Shown only now; send it as `Authorization: Bearer`")


class UploadForm(Model):
    file: FileStorage

    @field_validator("file", mode="after")
    @classmethod
    def is_a_file(cls, value: object) -> object:
        """A text field of the same name, or a form where no file was chosen, is no file."""
        if not isinstance(value, UploadedFile) or not value.filename:
            raise ValueError("send a file with a name in this field")
        return value


class Uploaded(Model):
    id: Id
    name: str
    size: int = Field(ge=0, description="Bytes")
    sha256: Sha256
    version: int = Field(ge=1)


class DocumentOut(Uploaded):
    owner: str = Field(description="User name")
    created_at: datetime
    updated_at: datetime = Field(description="When the current version was stored")


class DocumentPage(Model):
    items: list[DocumentOut]
    next: Id | None = Field(description="Pass it as `cursor` for the next page; null on the last")


class PageQuery(Input):
    cursor: Id | None = Field(default=None, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=200)


class DocumentPath(Model):
    document_id: Id


class JobBody(Input):
    kind: Literal["export"]
    documents: list[Id] = Field(min_length=1, max_length=1000)


class JobCreated(Model):
    id: Id


class JobPath(Model):
    job_id: Id


class JobResult(Model):
    document: Id = Field(description="The document that holds the result")


class JobOut(Model):
    id: Id
    kind: str
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: float = Field(ge=0, le=1)
    result: JobResult | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobPage(Model):
    items: list[JobOut]
    next: Id | None = Field(description="Pass it as `cursor` for the next page; null on the last")


class Check(Model):
    status: Literal["ok", "failed"]
    latency_ms: float | None = Field(default=None, description="How long the check took")
    detail: str | None = Field(default=None, description="What is wrong")
    free_mb: int | None = Field(default=None, description="disk: room left")
    revision: str | None = Field(default=None, description="database: schema revision")
    waiting: int | None = Field(default=None, description="redis_queue: jobs that wait")
    workers: int | None = Field(default=None, description="worker: live workers")


class Checks(Model):
    database: Check
    redis_cache: Check
    redis_queue: Check
    worker: Check
    disk: Check


class Health(Model):
    """`failed` (503): the database, the disk or the queue's Redis; `degraded` (200): the rest."""

    status: Literal["ok", "degraded", "failed"]
    checks: Checks
    release: str
    slot: str


class Live(Model):
    status: Literal["ok"]
    release: str
    slot: str
