"""The settings of the host, from config.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple


class Settings(NamedTuple):
    """`keep` maps restic's periods (last, daily ...) to numbers; `restic_options` are words for every call.

    `owner` and `group` are the numeric ids that the service's data belong to. `replica` is the
    configuration of Litestream with its program and its unit, or nothing.
    """

    database: str
    files: str
    state_directory: str
    repository: str
    password_file: str
    host: str
    tag: str
    keep: dict[str, int]
    unit: str = ""
    project: str = ""
    command: str = ""
    owner: int = 0
    group: int = 0
    restic_options: list[str] = []  # noqa: RUF012 (never changed)
    retry_seconds: int = 120
    check_parts: int = 13
    replica: dict[str, str] = {}  # noqa: RUF012 (never changed)

    @property
    def local(self) -> bool:
        """Whether the repository is a directory of this host."""
        return self.repository.startswith("/")

    @property
    def data_directory(self) -> Path:
        return Path(self.database).parent

    def state(self, name: str) -> Path:
        return Path(self.state_directory, name)


def load(path: str) -> Settings:
    """Return the settings in the JSON file `path`. Raises OSError, ValueError, TypeError."""
    found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return Settings(**found)
