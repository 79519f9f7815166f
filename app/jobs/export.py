"""Kind `export`: a selection of documents as one zip with a manifest, or converted; kept as a document."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, cast

from app import documents
from app.jobs import convert, lifecycle, results
from app.models import DocumentVersion, now
from app.services import Services
from app.storage import StagedFile
from app.tables.write import ForwardOnly

_CHUNK = 256 * 1024
_COMPRESSED = {
    ".xlsx",
    ".docx",
    ".pptx",
    ".zip",
    ".gz",
    ".7z",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".webp",
    ".pdf",
    ".mp4",
}


@dataclass(frozen=True, slots=True)
class Entry:
    version: DocumentVersion
    name: str


def run(services: Services, held: lifecycle.Claim, report: Callable[[float], None]) -> None:
    """Builds the archive and, in one transaction, stores it and ends the job.

    Raises lifecycle.Refused, lifecycle.Superseded, StorageFull.
    """
    # Jobs queued by the release before this one name no format.
    if held.parameters.get("format", "zip") != "zip":
        convert.run(services, held, report)
        return
    wanted = list(held.parameters["documents"])
    with services.database.read() as session:
        versions = documents.find_all(session, wanted, held)
    missing = set(wanted) - {version.document_id for version in versions}
    if missing:
        raise lifecycle.Refused(f"these documents no longer exist: {', '.join(sorted(missing))}")
    total = sum(version.size for version in versions)
    with services.files.stage(expected=total) as staged:
        _write_archive(staged, services, entries(versions), total, report)
        results.keep(services, held, staged, f"export-{now():%Y%m%d-%H%M%S}.zip")


def entries(versions: list[DocumentVersion]) -> list[Entry]:
    """A name in the archive for each document, none twice, whatever the case."""
    taken = {"manifest.json"}
    return [Entry(version, convert.free_name(version.document.name, taken)) for version in versions]


def _write_archive(
    staged: StagedFile, services: Services, chosen: list[Entry], total: int, report: Callable[[float], None]
) -> None:
    done = 0
    with zipfile.ZipFile(cast("IO[bytes]", ForwardOnly(staged)), "w") as archive:
        for entry in chosen:
            info = zipfile.ZipInfo(entry.name, entry.version.created_at.timetuple()[:6])
            info.compress_type = _method(entry.name)
            info.external_attr = 0o640 << 16
            info.file_size = entry.version.size
            digest = hashlib.sha256()
            with (
                services.files.path(entry.version.path).open("rb") as source,
                archive.open(info, "w") as target,
            ):
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    target.write(chunk)
                    done += len(chunk)
                    report(done / total if total else 1.0)
            if digest.hexdigest() != entry.version.sha256:
                raise lifecycle.Refused(f"the stored file of document {entry.version.document_id} is damaged")
        archive.writestr("manifest.json", _manifest(chosen), zipfile.ZIP_DEFLATED)


def _method(name: str) -> int:
    return zipfile.ZIP_STORED if PurePosixPath(name).suffix.lower() in _COMPRESSED else zipfile.ZIP_DEFLATED


def _manifest(chosen: list[Entry]) -> str:
    listed = [
        {
            "entry": entry.name,
            "document": entry.version.document_id,
            "name": entry.version.document.name,
            "version": entry.version.number,
            "size": entry.version.size,
            "sha256": entry.version.sha256,
        }
        for entry in chosen
    ]
    return json.dumps({"created_at": now().isoformat(), "documents": listed}, ensure_ascii=False, indent=2)
