"""Health, features, activity and the state of the server as they travel over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.api.schemas import Absent, Id, Input, Model, Moment, PageQuery


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


class Features(Model):
    summarise: bool = Field(description="Documents can be summarised: a key of Claude's API is there")
    fetch: bool = Field(description="Documents can be fetched by their link: a browser is there")
    max_upload_mb: int = Field(ge=1)
    release: str
    version: str


class ActivityOut(Model):
    id: Id
    at: datetime
    user: str = Field(description="User name, as it was then")
    action: str
    object: Id | None
    object_name: str | None
    address: str
    request_id: str | None


class ActivityPage(Model):
    items: list[ActivityOut]
    next: Id | None = Field(description="Pass it as `cursor` for the next page; null on the last")


class ActivityFilter(Input):
    user: Annotated[str, StringConstraints(min_length=1, max_length=64)] | Absent = Field(
        default=None, description="User name"
    )
    action: Annotated[str, StringConstraints(pattern=r"^[a-z:-]{1,32}$")] | Absent = None
    since: Moment | Absent = Field(default=None, description="From this moment on")
    until: Moment | Absent = Field(default=None, description="Before this moment")


class ActivityQuery(PageQuery, ActivityFilter):
    pass


class SystemQuery(Input):
    hours: int = Field(default=24, ge=1, le=168)


class Series(Model):
    """One figure for each moment of `times`; null where there is none."""

    step_seconds: int
    times: list[int] = Field(description="Unix time")
    cpu: list[float | None] = Field(description="Percent")
    memory: list[float | None] = Field(description="Percent")
    disk: list[float | None] = Field(description="Percent, of the fullest disk")
    load: list[float | None] = Field(description="Over one minute")
    response_ms: list[float | None]
    error_rate: list[float | None] = Field(description="Percent of the requests")
    queue: list[float | None] = Field(description="Jobs that wait")


class Alert(Model):
    type: str
    severity: str
    message: str
    since: datetime
    until: datetime | None = Field(description="null while it lasts")


class Monitor(Model):
    last_sample: int | None = Field(description="Unix time")
    silent: bool = Field(description="Nothing was heard from the monitoring for three minutes")


class Task(Model):
    name: str
    last_run: datetime | None
    status: str | None
    message: str | None
    next_run: datetime | None


class System(Model):
    series: Series
    alerts: list[Alert]
    backup: dict[str, Any] | None = Field(description="The last backup")
    rehearsal: dict[str, Any] | None = Field(description="The last rehearsal of a restore")
    monitor: Monitor
    tasks: list[Task]
