"""Whether the files of the documents are there and unchanged."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Iterable, NamedTuple

from tdm_backup.database import StoredFile

_CHUNK = 1 << 20


class Findings(NamedTuple):
    """How many files are sound, with their bytes, and the paths of those that are missing or differ."""

    sound: int
    bytes: int
    missing: list[str]
    damaged: list[str]

    @property
    def whole(self) -> bool:
        return not self.missing and not self.damaged

    def numbers(self) -> dict[str, Any]:
        """The figures for a result file."""
        return {
            "documents_sound": self.sound,
            "documents_missing": len(self.missing),
            "documents_damaged": len(self.damaged),
        }

    def sentence(self) -> str:
        """What is wrong, with the first few paths."""
        first = ", ".join([*self.missing, *self.damaged][:3])
        return (
            f"{len(self.missing)} files of documents are missing and {len(self.damaged)} differ from their"
            f" SHA-256 in the database; the first: {first}"
        )


def check_files(directory: Path, files: Iterable[StoredFile]) -> Findings:
    """Compare each file below `directory` with the size and the SHA-256 that the database has of it."""
    sound, size = 0, 0
    missing: list[str] = []
    damaged: list[str] = []
    for file in files:
        path = directory / file.path
        if not path.is_file():
            missing.append(file.path)
        elif is_sound(path, file):
            sound += 1
            size += file.size
        else:
            damaged.append(file.path)
    return Findings(sound, size, missing, damaged)


def is_sound(path: Path, file: StoredFile) -> bool:
    """Whether the content of `path` is that of the version."""
    if path.stat().st_size != file.size:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest() == file.sha256
