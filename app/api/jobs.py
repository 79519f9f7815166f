"""Create and follow background jobs."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, g
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy import select

from app import activity, documents
from app.api.context import actor, note_action, principal, services
from app.api.job_schemas import JobBody, JobCreated, JobOut, JobPage, JobPath
from app.api.problems import ApiProblem, responses
from app.api.schemas import PageQuery
from app.api.security import SECURITY
from app.job_queue import QueueUnavailable
from app.jobs import lifecycle
from app.models import Job

blueprint = APIBlueprint(
    "jobs", __name__, url_prefix="/api", abp_tags=[Tag(name="jobs")], abp_security=SECURITY
)


@blueprint.post("/jobs", responses={202: JobCreated, **responses(401, 403, 422, 503)})
def create(body: JobBody) -> Response:
    """Queue a job

    `export` packs documents into one zip with a manifest, kept as a new document that the job's
    `result` names. 503 when the queue does not take it; nothing is left behind then.
    """
    note_action(f"job:{body.kind}")
    found, who = services(), principal()
    wanted = list(dict.fromkeys(body.documents))
    with found.database.read() as session:
        known = {version.document_id for version in documents.find_all(session, wanted, who)}
    missing = [document_id for document_id in wanted if document_id not in known]
    if missing:
        raise ApiProblem(422, f"there are no such documents: {', '.join(missing)}", "unknown-documents")
    with found.database.write() as session:
        job = lifecycle.create(session, body.kind, who.user_id, {"documents": wanted}, g.request_id)
        activity.record(session, actor(), f"job:{body.kind}", job.id)
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
def list_jobs(query: PageQuery) -> Response:
    """Jobs, newest first: an administrator sees all, others see their own"""
    who = principal()
    statement = select(Job).order_by(Job.id.desc()).limit(query.limit + 1)
    if who.role != "admin":
        statement = statement.where(Job.owner_id == who.user_id)
    if query.cursor is not None:
        statement = statement.where(Job.id < query.cursor)
    with services().database.read() as session:
        found = list(session.scalars(statement))
    following = found[query.limit - 1].id if len(found) > query.limit else None
    body = JobPage(items=[_out(job) for job in found[: query.limit]], next=following)
    return Response(body.model_dump_json(), mimetype="application/json")


@blueprint.get("/jobs/<job_id>", responses={200: JobOut, **responses(401, 404, 422)})
def show(path: JobPath) -> Response:
    """One job"""
    who = principal()
    with services().database.read() as session:
        job = session.get(Job, path.job_id)
    if job is None or (who.role != "admin" and job.owner_id != who.user_id):
        raise ApiProblem(404, "there is no such job")
    return Response(_out(job).model_dump_json(), mimetype="application/json")


def _out(job: Job) -> JobOut:
    return JobOut.model_validate(
        {
            "id": job.id,
            "kind": job.kind,
            "status": job.status,
            "progress": job.progress,
            "result": job.result,
            "error": job.error,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "finished_at": job.finished_at,
        }
    )
