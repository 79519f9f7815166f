"""Reading a host's files below a root, so that captured files of other hosts can be read the same way."""

from __future__ import annotations

import os
from pathlib import Path


class HostFiles:
    """Text files of a host; a missing or unreadable file is None, never an exception."""

    def __init__(self, root: str = "/") -> None:
        self.root = Path(root)

    def path(self, absolute: str) -> Path:
        """Where an absolute path of the host is found."""
        return self.root / absolute.lstrip("/")

    def text(self, absolute: str) -> str | None:
        """The file's content."""
        try:
            return self.path(absolute).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def exists(self, absolute: str) -> bool:
        """Whether the path is there; a broken link counts."""
        path = self.path(absolute)
        return path.is_symlink() or path.exists()

    def names(self, absolute: str) -> list[str]:
        """Names in a directory, sorted; none for a missing directory."""
        try:
            with os.scandir(self.path(absolute)) as entries:
                return sorted(entry.name for entry in entries)
        except OSError:
            return []
