"""Upload, list, look at, download and delete documents."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from flask import Response, request, send_file
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app import documents
from app.api.context import note_action, principal, services
from app.api.problems import ApiProblem, responses
from app.api.schemas import DocumentOut, DocumentPage, DocumentPath, PageQuery, Uploaded, UploadForm
from app.api.security import SECURITY
from app.api.upload import StreamingRequest
from app.models import DocumentVersion
from app.storage import StagedFile, safe_name

blueprint = APIBlueprint(
    "documents", __name__, url_prefix="/api", abp_tags=[Tag(name="documents")], abp_security=SECURITY
)

_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_DOWNLOADS: dict[str | int | HTTPStatus, Any] = {
    "200": {"description": "The whole file", "content": _BYTES},
    "206": {"description": "The range asked for", "content": _BYTES},
    "304": {"description": "The file the client has (If-None-Match) is the current one"},
}


@blueprint.before_request
def receive_uploads_on_disk() -> None:
    """Lets the body of an upload stream to the data disk; every other body stays small and in memory."""
    if request.endpoint == "documents.upload" and isinstance(request, StreamingRequest):
        request.stream_to(services().files, services().config.max_upload_bytes)


@blueprint.post("/upload", responses={201: Uploaded, **responses(400, 401, 403, 413, 422, 507)})
def upload(form: UploadForm) -> Response:
    """Store a file as a new document

    The answer comes when the file and its record are on the disk. The name is kept without folders
    and control characters.
    """
    note_action("upload")
    staged = cast(StagedFile, form.file.stream)
    if staged.size == 0:
        raise ApiProblem(422, "the file is empty", "empty-file")
    found = services()
    stored = documents.StoredFile(found.files.keep(staged), staged.size, staged.sha256)
    try:
        with found.database.write() as session:
            name = safe_name(form.file.filename or "")
            version = documents.add(session, name, principal().user_id, stored)
    except BaseException:
        found.files.remove(stored.path)
        raise
    body = Uploaded(
        id=version.document_id, name=name, size=stored.size, sha256=stored.sha256, version=version.number
    )
    return Response(
        body.model_dump_json(),
        HTTPStatus.CREATED,
        {"Location": f"/api/documents/{body.id}"},
        mimetype="application/json",
    )


@blueprint.get("/documents", responses={200: DocumentPage, **responses(401, 422)})
def list_documents(query: PageQuery) -> Response:
    """Documents, newest first, page by page"""
    with services().database.read() as session:
        versions, following = documents.page(session, query.cursor, query.limit)
        body = DocumentPage(items=[_out(version) for version in versions], next=following)
    return Response(body.model_dump_json(), mimetype="application/json")


@blueprint.get("/documents/<document_id>", responses={200: DocumentOut, **responses(401, 404, 422)})
def show(path: DocumentPath) -> Response:
    """One document"""
    return Response(_out(_find(path.document_id)).model_dump_json(), mimetype="application/json")


@blueprint.get("/documents/<document_id>/download", responses={**_DOWNLOADS, **responses(401, 404, 416, 422)})
def download(path: DocumentPath) -> Response:
    """The current version's bytes

    Supports ranges and If-None-Match; the ETag is the file's SHA-256.
    """
    note_action("download")
    version = _find(path.document_id)
    response = send_file(
        services().files.path(version.path),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=version.document.name,
        etag=version.sha256,
        last_modified=version.created_at,
        max_age=0,
    )
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.delete("/documents/<document_id>", responses={204: None, **responses(401, 403, 404, 422)})
def delete(path: DocumentPath) -> Response:
    """Put a document into the trash"""
    note_action("delete")
    with services().database.write() as session:
        if not documents.delete(session, path.document_id):
            raise _unknown()
    return Response(status=HTTPStatus.NO_CONTENT)


def _find(document_id: str) -> DocumentVersion:
    with services().database.read() as session:
        version = documents.find(session, document_id)
    if version is None:
        raise _unknown()
    return version


def _unknown() -> ApiProblem:
    return ApiProblem(404, "there is no such document")


def _out(version: DocumentVersion) -> DocumentOut:
    document = version.document
    return DocumentOut(
        id=document.id,
        name=document.name,
        size=version.size,
        sha256=version.sha256,
        version=version.number,
        owner=document.owner.username,
        created_at=document.created_at,
        updated_at=version.created_at,
    )
