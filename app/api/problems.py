"""Errors as RFC 9457 problem documents, every one with the request id that the log has too."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.response import Response as Answer

from app.api.schemas import Problem
from app.job_queue import QueueUnavailable
from app.storage import StorageFull, TooLarge, is_full

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_SCHEMA = {"$ref": "#/components/schemas/Problem"}


class ApiProblem(Exception):  # noqa: N818
    """Ends a request with this status and text. `kind` tells apart problems that share a status."""

    def __init__(
        self, status: int, detail: str, kind: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.headers = dict(headers or {})


def responses(*statuses: int) -> dict[str | int | HTTPStatus, Any]:
    """The OpenAPI description of problem answers with these statuses."""
    return {
        str(status): {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
        for status in statuses
    }


def problem_response(
    status: int,
    detail: str,
    kind: str | None = None,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem document as an answer."""
    problem = Problem.model_validate(
        {
            "type": f"urn:tencent-doc-manager:problem:{kind}" if kind else "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "request_id": g.get("request_id", "-"),
            "errors": errors,
        }
    )
    response = Response(
        json.dumps(problem.model_dump(exclude_none=True), ensure_ascii=False), status, mimetype=MEDIA_TYPE
    )
    response.headers.update(headers or {})
    return response


def validation_problem(error: ValidationError) -> Response:
    """422 with each wrong field; the values themselves are not repeated (one may be a password)."""
    errors = [
        {"field": ".".join(str(part) for part in item["loc"]) or "body", "message": item["msg"]}
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return problem_response(
        422, "the request does not have the form that the API describes", "invalid", errors
    )


def register(app: Flask) -> None:
    """Turns every exception of a request into a problem document."""

    @app.errorhandler(ApiProblem)
    def api_problem(error: ApiProblem) -> Response:
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
        return problem_response(error.status, error.detail, error.kind, headers={**headers, **error.headers})

    @app.errorhandler(HTTPException)
    def http_problem(error: HTTPException) -> Answer:
        if error.response is not None:
            return error.response
        headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
        return problem_response(error.code or 500, error.description or error.name, headers=headers)

    @app.errorhandler(TooLarge)
    def too_large(_error: TooLarge) -> Response:
        return problem_response(413, "the file is larger than one document may be", "too-large")

    @app.errorhandler(StorageFull)
    def storage_full(_error: StorageFull) -> Response:
        log.error("no room on the disk")
        return problem_response(507, "the disk has no room for this; nothing was stored", "storage-full")

    @app.errorhandler(QueueUnavailable)
    def queue_unavailable(error: QueueUnavailable) -> Response:
        log.error("the job queue did not take the job: %s", error)
        return problem_response(
            503,
            "the job queue is not available; try again later",
            "queue-unavailable",
            headers={"Retry-After": "15"},
        )

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        if is_full(error):
            return storage_full(StorageFull())
        if isinstance(error, PoolTimeout) or (
            isinstance(error, OperationalError) and "locked" in str(error.orig)
        ):
            log.error("the database was busy for too long", exc_info=error)
            return problem_response(
                503, "the database is busy; try again", "busy", headers={"Retry-After": "5"}
            )
        log.error("%s %s failed", request.method, request.path, exc_info=error, extra={"event": "error"})
        return problem_response(500, "an unexpected error; the log has it under this request_id")
