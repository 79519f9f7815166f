"""The bytes of documents: up, streamed to the disk, and down, by Nginx where there is one."""

from __future__ import annotations

import hashlib
import logging
import re
from http import HTTPStatus
from typing import Any, cast

from flask import Response, request, send_file
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import activity, documents
from app.api.context import actor, note_action, principal, services
from app.api.document_schemas import DocumentPath, DownloadQuery, Uploaded, UploadForm, UploadHeaders
from app.api.documents import unknown, writable
from app.api.problems import ApiProblem, responses
from app.api.security import SECURITY
from app.api.upload import StreamingRequest
from app.job_queue import QueueUnavailable
from app.models import DocumentVersion, IdempotencyKey
from app.storage import StagedFile, StorageFull, safe_name

log = logging.getLogger(__name__)

blueprint = APIBlueprint(
    "transfer", __name__, url_prefix="/api", abp_tags=[Tag(name="documents")], abp_security=SECURITY
)

# Nginx names here the location from which it sends files by itself (templates/nginx/snippets/proxy.conf.j2).
ACCEL_HEADER = "X-Accel-Location"
_ACCEL_LOCATION = re.compile(r"/[A-Za-z0-9_/-]{1,100}\Z")

_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_DOWNLOADS: dict[str | int | HTTPStatus, Any] = {
    "200": {"description": "The whole file", "content": _BYTES},
    "206": {"description": "The range asked for", "content": _BYTES},
    "304": {"description": "The file the client has (If-None-Match) is this version"},
}


@blueprint.before_request
def receive_uploads_on_disk() -> None:
    """Lets the body of an upload stream to the data disk; every other body stays small and in memory."""
    if request.endpoint == "transfer.upload" and isinstance(request, StreamingRequest):
        request.stream_to(services().files, services().config.max_upload_bytes)


@blueprint.post("/upload", responses={201: Uploaded, **responses(400, 401, 403, 404, 409, 413, 422, 507)})
def upload(header: UploadHeaders, form: UploadForm) -> Response:
    """Store a file as a new document, or as a new version of one

    The answer comes when the file and its record are on the disk. The name is kept without folders
    and control characters. An upload repeated with the same `Idempotency-Key` within a day is stored once
    and answered alike; the key with another file, name or document is refused with 409.
    """
    note_action("upload" if form.document is None else "version")
    staged = cast(StagedFile, form.file.stream)
    if staged.size == 0:
        raise ApiProblem(422, "the file is empty", "empty-file")
    found = services()
    name = safe_name(form.file.filename or "")
    key = header.idempotency_key
    fingerprint = hashlib.sha256(f"{staged.sha256}\n{form.document}\n{name}".encode()).hexdigest()
    # Asked before the file is moved into its place, and again with the write lock held.
    with found.database.read() as session:
        if key is not None and (answer := _answered(session, key, fingerprint)):
            return _created(answer)
        if form.document is not None:
            writable(session, form.document, principal())
        if documents.used_bytes(session) + staged.size > found.config.files_share_bytes:
            log.error("the documents' share of the disk is used up")
            raise StorageFull
    stored = documents.StoredFile(found.files.keep(staged), staged.size, staged.sha256)
    try:
        with found.database.write() as session:
            answer = _answered(session, key, fingerprint) if key is not None else None
            body = answer or _add(session, form.document, name, stored)
            if answer is None and key is not None:
                session.add(
                    IdempotencyKey(
                        user_id=principal().user_id,
                        key=key,
                        fingerprint=fingerprint,
                        answer=body.model_dump(mode="json"),
                    )
                )
    except BaseException:
        found.files.remove(stored.path)
        raise
    if answer is not None:
        found.files.remove(stored.path)
    elif documents.kind_of(name) == "table":
        _have_read(body)
    return _created(body)


def _have_read(body: Uploaded) -> None:
    try:
        services().queue.enqueue_index(body.id, body.version)
    except QueueUnavailable as error:
        # A timed task finds it later.
        log.warning("the queue did not take the reading of a table: %s", error)


def _add(session: Session, document_id: str | None, name: str, stored: documents.StoredFile) -> Uploaded:
    who = principal()
    if document_id is None:
        version = documents.add(session, name, who.user_id, stored)
    else:
        document = writable(session, document_id, who).document
        version = documents.add_version(session, document, who.user_id, stored)
    document = version.document
    action = "upload" if document_id is None else "version"
    activity.record(session, actor(), action, document.id, document.name)
    return Uploaded(
        id=document.id, name=document.name, size=stored.size, sha256=stored.sha256, version=version.number
    )


def _answered(session: Session, key: str, fingerprint: str) -> Uploaded | None:
    """What the upload with this key was answered. Raises ApiProblem when it was another upload."""
    known = session.get(IdempotencyKey, (principal().user_id, key))
    if known is None:
        return None
    if known.fingerprint != fingerprint:
        raise ApiProblem(409, "this Idempotency-Key came with another upload before", "idempotency-mismatch")
    return Uploaded.model_validate(known.answer)


def _created(body: Uploaded) -> Response:
    return Response(
        body.model_dump_json(),
        HTTPStatus.CREATED,
        {"Location": f"/api/documents/{body.id}"},
        mimetype="application/json",
    )


@blueprint.get("/documents/<document_id>/download", responses={**_DOWNLOADS, **responses(401, 404, 416, 422)})
def download(path: DocumentPath, query: DownloadQuery) -> Response:
    """A version's bytes

    Supports ranges and If-None-Match; the ETag is the file's SHA-256.
    """
    note_action("download")
    found, who = services(), principal()
    with found.database.read() as session:
        version = documents.find_version(session, path.document_id, query.version, who)
    if version is None:
        raise unknown()
    response = _file(version)
    response.headers["Cache-Control"] = "private, no-cache"
    if _is_first_part(response):
        _record_download(version)
    return response


def _file(version: DocumentVersion) -> Response:
    location = request.headers.get(ACCEL_HEADER, "")
    by_nginx = _ACCEL_LOCATION.match(location) is not None
    response = send_file(
        services().files.path(version.path),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=version.document.name,
        # Nginx looks at ranges itself.
        conditional=not by_nginx,
        etag=version.sha256,
        last_modified=version.created_at,
        max_age=0,
    )
    if by_nginx:
        response.make_conditional(request.environ)
        if response.status_code == HTTPStatus.OK:
            response.close()
            response.response = []
            response.headers.pop("Content-Length", None)
            response.headers["X-Accel-Redirect"] = f"{location.rstrip('/')}/{version.path}"
    return response


def _is_first_part(response: Response) -> bool:
    """A download that is resumed, or asked for in pieces, is one download."""
    if request.method != "GET" or response.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        return False
    asked = request.range
    return asked is None or any(start == 0 for start, _ in asked.ranges)


def _record_download(version: DocumentVersion) -> None:
    try:
        with services().database.write() as session:
            activity.record(session, actor(), "download", version.document_id, version.document.name)
    except SQLAlchemyError as error:
        # A full disk must not keep people from their documents.
        log.warning("a download was not recorded: %s", error)
