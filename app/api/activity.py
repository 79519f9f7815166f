"""Who did what and when: page by page, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Response, stream_with_context
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app import activity
from app.api.context import note_action, principal, services
from app.api.problems import responses
from app.api.security import SECURITY
from app.api.system_schemas import ActivityFilter, ActivityOut, ActivityPage, ActivityQuery
from app.models import Activity

blueprint = APIBlueprint(
    "activity", __name__, url_prefix="/api", abp_tags=[Tag(name="activity")], abp_security=SECURITY
)

COLUMNS = ("at", "user", "action", "object", "object_name", "address", "request_id")
# A spreadsheet takes a cell that begins so for a formula (OWASP: CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_CSV = {"text/csv": {"schema": {"type": "string"}}}


@blueprint.get("/activity", responses={200: ActivityPage, **responses(401, 422)})
def list_activity(query: ActivityQuery) -> Response:
    """What was done, newest first: an administrator sees all, others see their own"""
    with services().database.read() as session:
        found, following = activity.page(session, _wanted(query), query.cursor, query.limit)
    body = ActivityPage(items=[_out(entry) for entry in found], next=following)
    return Response(body.model_dump_json(), mimetype="application/json")


@blueprint.get(
    "/activity.csv",
    responses={"200": {"description": "All entries, newest first", "content": _CSV}, **responses(401, 422)},
)
def export(query: ActivityFilter) -> Response:
    """The same as CSV (UTF-8 with a byte order mark, for Excel), all of it

    Cells that a spreadsheet would take for a formula begin with an apostrophe.
    """
    note_action("activity-export")
    return Response(
        stream_with_context(_lines(_wanted(query))),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="activity.csv"'},
    )


def _wanted(query: ActivityFilter) -> activity.Filter:
    who = principal()
    return activity.Filter(
        username=query.user,
        user_id=None if who.role == "admin" else who.user_id,
        action=query.action,
        since=query.since,
        until=query.until,
    )


def _lines(wanted: activity.Filter) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(COLUMNS)
    for entry in activity.every(services().database, wanted):
        out = _out(entry)
        writer.writerow([harmless(getattr(out, column)) for column in COLUMNS])
        if buffer.tell() > 16_384:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def harmless(value: object) -> str:
    """The value as text that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _out(entry: Activity) -> ActivityOut:
    return ActivityOut(
        id=entry.id,
        at=entry.at,
        user=entry.username,
        action=entry.action,
        object=entry.object_id,
        object_name=entry.object_name,
        address=entry.address,
        request_id=entry.request_id,
    )
