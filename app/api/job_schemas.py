"""Jobs as they travel over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.schemas import Id, Input, Model


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
