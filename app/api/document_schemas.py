"""Documents as they travel over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from flask_openapi3.models.file import FileStorage
from pydantic import Field, StringConstraints, field_validator
from werkzeug.datastructures import FileStorage as UploadedFile

from app.api.schemas import Absent, Body, Flag, Id, Input, Model, PageQuery, Sha256, TextQuery

# Begins and ends with something to see; no commas, for lists of tags are written with them.
TAG_PATTERN = r"^[^\s,\x00-\x1f\x7f-\x9f]([^,\x00-\x1f\x7f-\x9f]{0,62}[^\s,\x00-\x1f\x7f-\x9f])?$"
Tag = Annotated[str, StringConstraints(pattern=TAG_PATTERN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class UploadForm(Model):
    file: FileStorage
    document: Id | Absent = Field(default=None, description="The document of which this is a new version")

    @field_validator("file", mode="after")
    @classmethod
    def is_a_file(cls, value: object) -> object:
        """A text field of the same name, or a form where no file was chosen, is no file."""
        if not isinstance(value, UploadedFile) or not value.filename:
            raise ValueError("send a file with a name in this field")
        return value


class UploadHeaders(Model):
    idempotency_key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")] | Absent = Field(
        default=None,
        alias="Idempotency-Key",
        description="Makes a repeated upload safe: the same key and file get the first answer again",
    )


class Uploaded(Model):
    id: Id
    name: str
    size: int = Field(ge=0, description="Bytes")
    sha256: Sha256
    version: int = Field(ge=1)


class DocumentMatch(Model):
    sheet: str
    row: int = Field(ge=1, description="Counted from 1")
    text: str = Field(description="The row's cells around what was found")


class DocumentOut(Uploaded):
    owner: str = Field(description="User name")
    created_at: datetime
    updated_at: datetime = Field(description="When the current version was stored")
    deleted_at: datetime | None = Field(description="When it was put into the trash")
    tags: list[str]
    kind: Literal["table", "text", "pdf", "image", "other"]
    shared: bool = Field(description="Every account may read it")
    match: DocumentMatch | None = Field(description="Where its cells have what was searched")


class DocumentPage(Model):
    items: list[DocumentOut]
    next: Id | None = Field(description="Pass it as `cursor` for the next page; null on the last")


class DocumentQuery(PageQuery):
    q: TextQuery | Absent = Field(default=None, description="Words in the name, a tag or a cell")
    tag: Tag | Absent = None
    trash: Flag = Field(default=False, description="The trash instead of the live documents")


class DocumentPath(Model):
    document_id: Id


class DocumentChange(Body):
    """What is not named, or null, stays as it is."""

    name: Name | None = None
    tags: list[Tag] | None = Field(default=None, max_length=32)
    shared: bool | None = None


class DeleteQuery(Input):
    permanent: Flag = Field(default=False, description="Remove for good what is in the trash")


class DownloadQuery(Input):
    version: VersionNumber | Absent = Field(default=None, description="Without it the current one")


class VersionOut(Model):
    number: int = Field(ge=1)
    size: int = Field(ge=0)
    sha256: Sha256
    author: str = Field(description="User name")
    created_at: datetime


class VersionPage(Model):
    items: list[VersionOut]
    next: str | None = Field(description="Pass it as `cursor` for the next page; null on the last")


class VersionQuery(Input):
    cursor: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}$")] | Absent = Field(
        default=None, description="`next` of the page before"
    )
    limit: int = Field(default=50, ge=1, le=200)


class TagOut(Model):
    name: str
    count: int = Field(ge=1, description="Documents that have it")


class TagList(Model):
    items: list[TagOut]
