"""How a job keeps what it made: the file first, then document and end of the job in one transaction."""

from __future__ import annotations

from typing import Any

from app import activity, documents
from app.jobs import lifecycle
from app.services import Services
from app.storage import StagedFile


def actor(held: lifecycle.Claim) -> activity.Actor:
    """The job's owner, as the activity keeps who acts."""
    return activity.Actor(held.owner_id, held.username, "", held.request_id)


def keep(services: Services, held: lifecycle.Claim, staged: StagedFile, name: str, **result: Any) -> None:
    """Stores the file as a document of the job's owner and ends the job with it. Raises Superseded."""
    stored = documents.StoredFile(services.files.keep(staged), staged.size, staged.sha256)
    try:
        with services.database.write() as session:
            version = documents.add(session, name, held.owner_id, stored)
            lifecycle.succeed(session, held, {"document": version.document_id, **result})
    except BaseException:
        services.files.remove(stored.path)
        raise


def item(document_id: str, error: str | None = None) -> dict[str, Any]:
    """What became of one document of a job over several."""
    return {"document": document_id, "status": "failed" if error else "done", "error": error}
