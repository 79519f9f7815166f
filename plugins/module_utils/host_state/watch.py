"""Fingerprints of watched paths, of the disk as it is or as it will be."""

from __future__ import annotations

import hashlib
import os
from typing import Iterable

from . import disk
from .manifest import StateError

MOST_ENTRIES = 10000


class View:
    """The disk, with an overlay of what is about to change.

    overlay: {path: mark}, the mark being None for what will be gone. digests: what is known already of
    unchanged files, so that nothing is read twice.
    """

    def __init__(self) -> None:
        self.overlay: dict[str, str | None] = {}
        self.digests: dict[str, str] = {}

    def will_be_file(self, path: str, digest: str, uid: int | None, gid: int | None, mode: int) -> None:
        """Overlay a file."""
        self.overlay[path] = _file_mark(digest, uid, gid, mode)

    def will_be_link(self, path: str, target: str) -> None:
        """Overlay a link."""
        self.overlay[path] = f"link {target}"

    def will_be_directory(self, path: str) -> None:
        """Overlay a directory."""
        self.overlay[path] = "directory"

    def will_be_gone(self, path: str) -> None:
        """Overlay the absence of a path and all below it."""
        self.overlay[path] = None

    def fingerprint(self, paths: Iterable[str], salt: str) -> str:
        """Return one hash over content, mode and owner of all files and links at or below `paths`.

        Empty when there is none. Raises StateError for more than MOST_ENTRIES files.
        """
        marks: dict[str, str] = {}
        for path in paths:
            self._collect(path, marks)
        if not marks:
            return ""
        text = "\n".join(f"{path}\0{mark}" for path, mark in sorted(marks.items()))
        return hashlib.sha256((salt + text).encode("utf-8", "surrogateescape")).hexdigest()

    def _collect(self, path: str, marks: dict[str, str]) -> None:
        mark = self._mark(path)
        if mark is None:
            return
        if mark == "directory":
            for name in sorted(self._children(path)):
                self._collect(os.path.join(path, name), marks)
            return
        marks[path] = mark
        if len(marks) > MOST_ENTRIES:
            raise StateError(f"{path}: more than {MOST_ENTRIES} files are watched: watch fewer files")

    def _children(self, path: str) -> set[str]:
        try:
            names = {name for name in os.listdir(path) if not name.startswith(disk.TEMP_PREFIX)}
        except (FileNotFoundError, NotADirectoryError):
            names = set()
        start = path.rstrip("/") + "/"
        coming: list[str] = [other[len(start) :] for other in self.overlay if other.startswith(start)]
        return names | {other.split("/")[0] for other in coming}

    def _mark(self, path: str) -> str | None:
        if path in self.overlay:
            return self.overlay[path]
        found = disk.look(path)
        if found is None:
            return "directory" if any(other.startswith(path + "/") for other in self.overlay) else None
        if found.kind == "link":
            return f"link {found.target}"
        if found.kind == "directory":
            return "directory"
        if found.kind == "other":
            return None
        if path not in self.digests:
            self.digests[path] = disk.digest_of(path)
        return _file_mark(self.digests[path], found.uid, found.gid, found.mode)


def _file_mark(digest: str, uid: int | None, gid: int | None, mode: int) -> str:
    return f"file {digest} {uid} {gid} {mode:o}"
