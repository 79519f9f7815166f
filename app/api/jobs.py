"""Create and follow background jobs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, g
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import activity, documents
from app.api.context import actor, note_action, principal, services
from app.api.job_schemas import (
    BatchBody,
    CompareBody,
    FetchBody,
    JobBody,
    JobCreated,
    JobOut,
    JobPage,
    JobPath,
    JobQuery,
    SummariseBody,
)
from app.api.problems import ApiProblem, responses
from app.api.security import SECURITY
from app.job_queue import QueueUnavailable
from app.jobs import lifecycle
from app.models import DocumentVersion, Job, User

blueprint = APIBlueprint(
    "jobs", __name__, url_prefix="/api", abp_tags=[Tag(name="jobs")], abp_security=SECURITY
)


@blueprint.post("/jobs", responses={202: JobCreated, **responses(401, 403, 409, 422, 503)})
def create(body: JobBody) -> Response:
    """Queue a job

    What it makes is kept as a new document that the job's `result` names. 409 when this deployment does not
    offer the kind; 503 when the queue does not take it: nothing is left behind then.
    """
    wanted = body.root
    note_action(f"job:{wanted.kind}")
    found, who = services(), principal()
    with found.database.read() as session:
        parameters = _parameters(session, wanted)
    with found.database.write() as session:
        job = lifecycle.create(session, wanted.kind, who.user_id, parameters, g.request_id)
        activity.record(session, actor(), f"job:{wanted.kind}", job.id)
    return _enqueued(job)


def _parameters(session: Session, wanted: Any) -> dict[str, Any]:
    """What the job keeps of its body: checked, and with everything named that it may leave open."""
    config = services().config
    if isinstance(wanted, SummariseBody) and config.claude_api_key is None:
        raise ApiProblem(409, "no key for Claude's API is set: ask the operator", "not-enabled")
    if isinstance(wanted, FetchBody):
        if not config.browser_enabled:
            raise ApiProblem(409, "fetching by link is not enabled: ask the operator", "not-enabled")
        return {"url": wanted.url}
    parameters: dict[str, Any] = wanted.model_dump(exclude={"kind"})
    parameters["documents"] = list(dict.fromkeys(wanted.documents))
    if isinstance(wanted, BatchBody):
        # Each document's own result tells when it is not there.
        return parameters
    versions = documents.find_all(session, parameters["documents"], principal())
    known = {version.document_id for version in versions}
    missing = [document_id for document_id in parameters["documents"] if document_id not in known]
    if missing:
        raise ApiProblem(422, f"there are no such documents: {', '.join(missing)}", "unknown-documents")
    if isinstance(wanted, CompareBody):
        parameters.update(_sides(session, versions, wanted))
    return parameters


def _sides(session: Session, versions: list[DocumentVersion], wanted: CompareBody) -> dict[str, Any]:
    """Which version of which document is before, and which after."""
    for version in versions:
        if documents.kind_of(version.document.name) != "table":
            raise ApiProblem(422, f"{version.document.name} is no table", "no-table")
    before, after = versions[0], versions[-1]
    numbers = wanted.versions or [before.number - (len(versions) == 1), after.number]
    for version, number in zip((before, after), numbers, strict=True):
        if documents.find_version(session, version.document_id, number, principal()) is None:
            raise ApiProblem(
                422, f"{version.document.name} has no version {number} to compare", "unknown-version"
            )
    return {"documents": [before.document_id, after.document_id], "versions": numbers}


def _enqueued(job: Job) -> Response:
    found = services()
    try:
        found.queue.enqueue(job.id)
    except QueueUnavailable:
        with found.database.write() as session:
            session.delete(session.get_one(Job, job.id))
        raise
    return Response(
        JobCreated(id=job.id).model_dump_json(),
        HTTPStatus.ACCEPTED,
        {"Location": f"/api/jobs/{job.id}"},
        mimetype="application/json",
    )


@blueprint.get("/jobs", responses={200: JobPage, **responses(401, 422)})
def list_jobs(query: JobQuery) -> Response:
    """Jobs, newest first: an administrator sees all, others see their own"""
    who = principal()
    statement = select(Job).order_by(Job.id.desc()).limit(query.limit + 1)
    if who.role != "admin":
        statement = statement.where(Job.owner_id == who.user_id)
    if query.cursor is not None:
        statement = statement.where(Job.id < query.cursor)
    if query.kind is not None:
        statement = statement.where(Job.kind == query.kind)
    if query.status is not None:
        statement = statement.where(Job.status == query.status)
    with services().database.read() as session:
        found = list(session.scalars(statement))
        owners = _owners(session, found)
    following = found[query.limit - 1].id if len(found) > query.limit else None
    body = JobPage(items=[_out(job, owners) for job in found[: query.limit]], next=following)
    return Response(body.model_dump_json(), mimetype="application/json")


@blueprint.get("/jobs/<job_id>", responses={200: JobOut, **responses(401, 404, 422)})
def show(path: JobPath) -> Response:
    """One job"""
    return _answer(find_job(path.job_id))


@blueprint.post("/jobs/<job_id>/cancel", responses={200: JobOut, **responses(401, 403, 404, 409, 422)})
def cancel(path: JobPath) -> Response:
    """Stop a job

    One that waits is over at once; one that runs stops within a second or two. 409 when it is over already.
    """
    note_action("job-cancel")
    find_job(path.job_id)
    with services().database.write() as session:
        job = session.get_one(Job, path.job_id)
        try:
            lifecycle.cancel(session, job)
        except lifecycle.WrongState as error:
            raise ApiProblem(409, str(error), "job-state") from error
        activity.record(session, actor(), "job-cancel", job.id)
    return _answer(job)


@blueprint.post(
    "/jobs/<job_id>/retry", responses={202: JobCreated, **responses(401, 403, 404, 409, 422, 503)}
)
def retry(path: JobPath) -> Response:
    """Do again what a failed or cancelled job was to do, as a new job"""
    note_action("job-retry")
    find_job(path.job_id)
    with services().database.write() as session:
        try:
            job = lifecycle.again(session, session.get_one(Job, path.job_id), g.request_id)
        except lifecycle.WrongState as error:
            raise ApiProblem(409, str(error), "job-state") from error
        activity.record(session, actor(), f"job:{job.kind}", job.id)
    return _enqueued(job)


def find_job(job_id: str) -> Job:
    """A job that the one who asks may see. Raises ApiProblem."""
    who = principal()
    with services().database.read() as session:
        job = session.get(Job, job_id)
    if job is None or (who.role != "admin" and job.owner_id != who.user_id):
        raise ApiProblem(404, "there is no such job")
    return job


def _answer(job: Job) -> Response:
    with services().database.read() as session:
        owners = _owners(session, [job])
    return Response(_out(job, owners).model_dump_json(), mimetype="application/json")


def _owners(session: Session, jobs: list[Job]) -> dict[str, str]:
    query = select(User.id, User.username).where(User.id.in_({job.owner_id for job in jobs}))
    return {row.id: row.username for row in session.execute(query)}


def _out(job: Job, owners: dict[str, str]) -> JobOut:
    return JobOut.model_validate(
        {
            "id": job.id,
            "kind": job.kind,
            "status": job.status,
            "progress": job.progress,
            "result": job.result,
            "error": job.error,
            "owner": owners[job.owner_id],
            "attempt": job.attempt,
            "parameters": job.parameters,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "finished_at": job.finished_at,
        }
    )
