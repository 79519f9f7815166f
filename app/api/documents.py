"""List, look at, change, trash and restore documents; their versions and tags."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy.orm import Session

from app import activity, documents, search
from app.accounts import Principal
from app.api.context import actor, note_action, principal, services
from app.api.document_schemas import (
    DeleteQuery,
    DocumentChange,
    DocumentMatch,
    DocumentOut,
    DocumentPage,
    DocumentPath,
    DocumentQuery,
    TagList,
    TagOut,
    VersionOut,
    VersionPage,
    VersionQuery,
)
from app.api.problems import ApiProblem, responses
from app.api.security import SECURITY
from app.models import DocumentVersion
from app.storage import safe_name

blueprint = APIBlueprint(
    "documents", __name__, url_prefix="/api", abp_tags=[Tag(name="documents")], abp_security=SECURITY
)


@blueprint.get("/documents", responses={200: DocumentPage, **responses(401, 422)})
def list_documents(query: DocumentQuery) -> Response:
    """Documents, newest first, page by page: one's own and the shared ones; an administrator sees all

    Each word of `q` is searched in names, tags and the cells of tables; `match` is where the cells have it.
    The trash shows what one may restore.
    """
    wanted = documents.Filter(query.q, query.tag, query.trash)
    with services().database.read() as session:
        versions, following = documents.page(session, query.cursor, query.limit, principal(), wanted)
        matches = _matches(session, query.q, versions)
        items = [out(version, matches.get(version.document_id)) for version in versions]
    return Response(DocumentPage(items=items, next=following).model_dump_json(), mimetype="application/json")


@blueprint.get("/documents/<document_id>", responses={200: DocumentOut, **responses(401, 404, 422)})
def show(path: DocumentPath) -> Response:
    """One document"""
    with services().database.read() as session:
        version = documents.find(session, path.document_id, principal())
    if version is None:
        raise unknown()
    return _answer(version)


@blueprint.patch("/documents/<document_id>", responses={200: DocumentOut, **responses(401, 403, 404, 422)})
def change(path: DocumentPath, body: DocumentChange) -> Response:
    """Rename, tag or share a document"""
    note_action("change")
    with services().database.write() as session:
        version = writable(session, path.document_id, principal())
        document = version.document
        if body.name is not None:
            document.name = safe_name(body.name)
        if body.tags is not None:
            documents.set_tags(document, body.tags)
        if body.shared is not None:
            document.shared = body.shared
        activity.record(session, actor(), "change", document.id, document.name)
    return _answer(version)


@blueprint.delete("/documents/<document_id>", responses={204: None, **responses(401, 403, 404, 422)})
def delete(path: DocumentPath, query: DeleteQuery) -> Response:
    """Put a document into the trash; with `permanent`, remove for good one that is there"""
    if query.permanent:
        return _remove(path.document_id)
    note_action("delete")
    with services().database.write() as session:
        document = writable(session, path.document_id, principal()).document
        documents.delete(session, document.id)
        activity.record(session, actor(), "delete", document.id, document.name)
    return Response(status=HTTPStatus.NO_CONTENT)


def _remove(document_id: str) -> Response:
    note_action("remove")
    with services().database.write() as session:
        version = documents.find_in_trash(session, document_id, principal())
        if version is None:
            raise unknown()
        activity.record(session, actor(), "remove", document_id, version.document.name)
        paths = documents.remove(session, version.document)
    for path in paths:
        services().files.remove(path)
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.post(
    "/documents/<document_id>/restore", responses={200: DocumentOut, **responses(401, 403, 404, 422)}
)
def restore(path: DocumentPath) -> Response:
    """Take a document out of the trash"""
    note_action("restore")
    with services().database.write() as session:
        version = documents.find_in_trash(session, path.document_id, principal())
        if version is None:
            raise unknown()
        version.document.deleted_at = None
        activity.record(session, actor(), "restore", version.document_id, version.document.name)
    return _answer(version)


@blueprint.get("/documents/<document_id>/versions", responses={200: VersionPage, **responses(401, 404, 422)})
def list_versions(path: DocumentPath, query: VersionQuery) -> Response:
    """A document's versions, newest first, page by page"""
    before = int(query.cursor) if query.cursor else None
    with services().database.read() as session:
        if documents.find(session, path.document_id, principal()) is None:
            raise unknown()
        versions, following = documents.page_of_versions(session, path.document_id, before, query.limit)
    items = [
        VersionOut(
            number=version.number,
            size=version.size,
            sha256=version.sha256,
            author=version.author.username,
            created_at=version.created_at,
        )
        for version in versions
    ]
    body = VersionPage(items=items, next=None if following is None else str(following))
    return Response(body.model_dump_json(), mimetype="application/json")


@blueprint.get("/tags", responses={200: TagList, **responses(401)})
def list_tags() -> Response:
    """The tags of the documents one may read, the most used first"""
    with services().database.read() as session:
        counts = documents.tag_counts(session, principal())
    body = TagList(items=[TagOut(name=name, count=count) for name, count in counts])
    return Response(body.model_dump_json(), mimetype="application/json")


def writable(session: Session, document_id: str, who: Principal) -> DocumentVersion:
    """A live document that `who` may change. Raises ApiProblem: 404 for what they may not even see."""
    version = documents.find(session, document_id, who)
    if version is None:
        raise unknown()
    if not documents.may_write(version.document, who):
        raise ApiProblem(403, "this document belongs to someone else", "not-yours")
    return version


def unknown() -> ApiProblem:
    """Also for documents of others: that they exist is not told."""
    return ApiProblem(404, "there is no such document")


def out(version: DocumentVersion, match: search.Match | None = None) -> DocumentOut:
    """The document of this current version, as the API shows it."""
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
        deleted_at=document.deleted_at,
        tags=[tag.name for tag in document.tags],
        kind=documents.kind_of(document.name),
        shared=document.shared,
        match=DocumentMatch(sheet=match.sheet, row=match.row, text=match.text) if match else None,
    )


def _matches(session: Session, query: str | None, versions: list[DocumentVersion]) -> dict[str, search.Match]:
    return search.first_matches(session, query, [version.document for version in versions]) if query else {}


def _answer(version: DocumentVersion) -> Response:
    return Response(out(version).model_dump_json(), mimetype="application/json")
