"""How the server is: what monitoring stored, the last backup, the timed tasks."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy import select

from app import server_state
from app.api.context import services
from app.api.problems import responses
from app.api.security import SECURITY
from app.api.system_schemas import System, SystemQuery, Task
from app.models import TimedTask

blueprint = APIBlueprint(
    "system", __name__, url_prefix="/api", abp_tags=[Tag(name="system")], abp_security=SECURITY
)


@blueprint.get("/system", responses={200: System, **responses(401, 403, 422)})
def show(query: SystemQuery) -> Response:
    """Charts, alerts, the last backup and its rehearsal, timed tasks

    Without the Redis in which monitoring keeps them the charts are empty and the monitor is silent.
    """
    found = services()
    with found.database.read() as session:
        tasks = [_task(row) for row in session.scalars(select(TimedTask).order_by(TimedTask.name))]
    state = server_state.read(found.queue.connection, query.hours)
    body = System.model_validate({**state, "tasks": tasks})
    return Response(body.model_dump_json(), mimetype="application/json")


def _task(row: TimedTask) -> Task:
    return Task(
        name=row.name,
        last_run=row.last_run,
        status=row.status,
        message=row.message,
        next_run=row.next_run,
    )
