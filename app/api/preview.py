"""Tables by page: a document's rows, and the rows of a comparison."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app import documents
from app.api.context import note_action, principal, services
from app.api.document_schemas import DocumentPath
from app.api.documents import unknown
from app.api.job_schemas import (
    ComparedCell,
    ComparedRow,
    ComparisonCounts,
    ComparisonOut,
    ComparisonQuery,
    JobPath,
    Preview,
    PreviewQuery,
    PreviewSheet,
)
from app.api.jobs import find_job
from app.api.problems import ApiProblem, problem_response, responses
from app.api.security import SECURITY
from app.compare.comparison import Comparison, Difference
from app.jobs.compare import comparison_path
from app.tables import preview
from app.tables.cells import Cell
from app.tables.limits import TableRefused

blueprint = APIBlueprint(
    "preview", __name__, url_prefix="/api", abp_tags=[Tag(name="tables")], abp_security=SECURITY
)


@blueprint.get("/documents/<document_id>/preview", responses={200: Preview, **responses(401, 404, 409, 422)})
def show(path: DocumentPath, query: PreviewQuery) -> Response:
    """A page of a table's rows

    422 when the document is no table, or one too large to show; 409 when the page lies deep in a table that
    is still being prepared.
    """
    note_action("preview")
    found, who = services(), principal()
    with found.database.read() as session:
        version = documents.find_version(session, path.document_id, query.version, who)
    if version is None:
        raise unknown()
    if documents.kind_of(version.document.name) != "table":
        raise ApiProblem(422, "this document is no table", "no-table")
    config = found.config
    try:
        page = preview.page(
            config.tables_dir, config.files_dir, version.path, query.sheet, query.offset, query.limit
        )
    except TableRefused as refusal:
        raise ApiProblem(422, str(refusal), "table-refused") from refusal
    except preview.NoSuchSheet as error:
        raise ApiProblem(422, "the table has fewer sheets", "no-sheet") from error
    except preview.NotReady:
        return problem_response(
            409, "this table is still being prepared; try again", "not-ready", headers={"Retry-After": "5"}
        )
    body = Preview(
        sheets=[PreviewSheet(name=s.name, rows=s.rows, columns=s.columns) for s in page.sheets],
        sheet=page.sheet,
        offset=page.offset,
        columns=page.columns,
        total_rows=page.total_rows,
        rows=page.rows,
        complete=page.complete,
    )
    return Response(body.model_dump_json(), mimetype="application/json")


@blueprint.get(
    "/jobs/<job_id>/comparison", responses={200: ComparisonOut, **responses(401, 404, 409, 410, 422)}
)
def comparison(path: JobPath, query: ComparisonQuery) -> Response:
    """A page of what a comparison found

    409 while there is no result, 410 when its pages were cleaned up (the workbook is still there).
    """
    job = find_job(path.job_id)
    if job.kind != "compare":
        raise ApiProblem(404, "this job compares nothing")
    if job.status != "succeeded":
        raise ApiProblem(409, f"the comparison is {job.status}", "no-result")
    only_changes = query.only == "changes"
    try:
        with Comparison(comparison_path(services(), job.id)) as found:
            rows: list[ComparedRow] = []
            weight = 0
            for difference in found.page(query.offset, query.limit, only_changes):
                row = _row(difference)
                weight += sum(_weight(cell.left) + _weight(cell.right) for cell in row.cells)
                if weight > preview.PAGE_CHARACTERS and rows:
                    break
                rows.append(row)
            counts = found.counts
            body = ComparisonOut(
                columns=found.columns[: preview.SHOWN_COLUMNS],
                key=found.key,
                counts=ComparisonCounts(
                    added=counts.added,
                    removed=counts.removed,
                    changed=counts.changed,
                    unchanged=counts.unchanged,
                    cells=counts.cells,
                ),
                total=found.total(only_changes),
                rows=rows,
            )
    except FileNotFoundError as error:
        raise ApiProblem(
            410, "the pages of this comparison were cleaned up; run it again", "cleaned-up"
        ) from error
    return Response(body.model_dump_json(), mimetype="application/json")


def _row(difference: Difference) -> ComparedRow:
    cells = [
        ComparedCell(left=preview.cut(left), right=preview.cut(right), changed=changed)
        for (left, right, changed), _ in zip(difference.cells(), range(preview.SHOWN_COLUMNS), strict=False)
    ]
    return ComparedRow.model_validate(
        {"kind": difference.kind, "left": difference.left, "right": difference.right, "cells": cells}
    )


def _weight(cell: Cell) -> int:
    return len(cell) if isinstance(cell, str) else 8
