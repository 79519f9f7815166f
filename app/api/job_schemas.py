"""Jobs as they travel over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, RootModel, StringConstraints, model_validator

from app.api.document_schemas import Tag, VersionNumber
from app.api.schemas import Absent, Body, Id, Input, Model, PageQuery

Kind = Literal["export", "compare", "batch", "summarise", "fetch"]
Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Cell = str | int | float | bool | None
Documents = Annotated[list[Id], Field(min_length=1, max_length=1000)]
Label = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,255}$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[\x21-\x7e]{1,2000}$")]


class ExportBody(Body):
    """Documents as one zip, or tables in another format."""

    kind: Literal["export"]
    documents: Documents
    format: Literal["zip", "xlsx", "csv"] = "zip"


class CompareBody(Body):
    """Two versions of a table, or two tables."""

    kind: Literal["compare"]
    documents: list[Id] = Field(min_length=1, max_length=2, description="One, or before and after")
    versions: Annotated[list[VersionNumber], Field(min_length=2, max_length=2)] | None = Field(
        default=None,
        description="Before and after; null: a document's last two, or the current ones of two documents",
    )
    key: Label | None = Field(
        default=None, description="Name of the column by which rows belong together; null: by position"
    )
    sheet: Label | None = Field(default=None, description="Name of the sheet; null: the first")


class BatchBody(Body):
    """One action over many documents."""

    kind: Literal["batch"]
    action: Literal["trash", "restore", "tag", "untag", "share", "unshare"]
    documents: Documents
    tags: list[Tag] = Field(default=[], max_length=20, description="For `tag` and `untag`")

    @model_validator(mode="after")
    def has_tags_where_they_are_meant(self) -> BatchBody:
        if (self.action in ("tag", "untag")) != bool(self.tags):
            raise ValueError("give tags with the actions tag and untag, and only with them")
        return self


class SummariseBody(Body):
    """What the documents say, in a few sentences, by Claude."""

    kind: Literal["summarise"]
    documents: list[Id] = Field(min_length=1, max_length=20)


class FetchBody(Body):
    """A document of Tencent Docs by its link."""

    kind: Literal["fetch"]
    url: Address


class JobBody(
    RootModel[
        Annotated[
            ExportBody | CompareBody | BatchBody | SummariseBody | FetchBody, Field(discriminator="kind")
        ]
    ]
):
    """What to do: `kind` says which of the forms it is."""


class JobCreated(Model):
    id: Id


class JobPath(Model):
    job_id: Id


class JobQuery(PageQuery):
    kind: Kind | Absent = None
    status: Status | Absent = None


class JobItem(Model):
    document: Id
    status: Literal["done", "failed"]
    error: str | None


class JobResult(Model):
    document: Id | None = Field(default=None, description="The document that holds the result")
    items: list[JobItem] | None = Field(default=None, description="What became of each document")
    summary: dict[str, Any] | None = Field(default=None, description="Figures of the result")
    text: str | None = Field(default=None, description="summarise: the summary")


class JobOut(Model):
    id: Id
    kind: str
    status: Status
    progress: float = Field(ge=0, le=1)
    result: JobResult | None
    error: str | None
    owner: str = Field(description="User name")
    attempt: int = Field(ge=0, description="How often it was started")
    parameters: dict[str, Any] = Field(description="What the job was made with")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobPage(Model):
    items: list[JobOut]
    next: Id | None = Field(description="Pass it as `cursor` for the next page; null on the last")


class ComparisonQuery(Input):
    offset: int = Field(default=0, ge=0, le=2**31 - 1)
    limit: int = Field(default=100, ge=1, le=500)
    only: Literal["changes", "all"] = "changes"


class ComparedCell(Model):
    left: Cell
    right: Cell
    changed: bool


class ComparedRow(Model):
    kind: Literal["added", "removed", "changed", "same"]
    left: int | None = Field(description="Row before, counted from 1; null when added")
    right: int | None = Field(description="Row after, counted from 1; null when removed")
    cells: list[ComparedCell]


class ComparisonCounts(Model):
    added: int
    removed: int
    changed: int
    unchanged: int
    cells: int = Field(description="Cells that differ in changed rows")


class ComparisonOut(Model):
    columns: list[str]
    key: str | None
    counts: ComparisonCounts
    total: int = Field(description="Rows there are to page through")
    rows: list[ComparedRow] = Field(description="Fewer than asked for when they are very large")


class PreviewQuery(Input):
    version: VersionNumber | Absent = Field(default=None, description="The current one when not given")
    sheet: int = Field(default=0, ge=0, le=10_000)
    offset: int = Field(default=0, ge=0, le=2**31 - 1)
    limit: int = Field(default=100, ge=1, le=200)


class PreviewSheet(Model):
    name: str
    rows: int = Field(ge=0)
    columns: int = Field(ge=0)


class Preview(Model):
    """`complete` is false while sizes are those that the file declares of itself."""

    sheets: list[PreviewSheet]
    sheet: int
    offset: int
    columns: int = Field(description="Columns of the sheet; a page shows the first 512 of them")
    total_rows: int
    rows: list[list[Cell]] = Field(description="Empty cells at a row's end are left out")
    complete: bool
