"""What the program was told about this host: the file release.json that role app writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

SLOTS = ("blue", "green")


class SmokeTest(NamedTuple):
    """A request that a release must answer: its path and the status that is right."""

    path: str
    status: int


class Settings(NamedTuple):
    """Paths, names and figures. Times are in seconds."""

    name: str
    root: Path
    sockets: Path
    database: Path
    audit: Path
    image: str
    base_image: str
    domain: str
    https_port: int
    certificate: Path
    nginx_container: str
    nginx_local_port: int
    build_memory_mb: int
    keep: int
    start_timeout: int
    stop_grace: int
    worker_stop_grace: int
    tries: int
    delay: float
    smoke_tests: tuple[SmokeTest, ...]

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    def release(self, identity: str) -> Path:
        return self.releases / identity

    def pages(self, identity: str) -> Path:
        return self.root / "www" / identity

    def container(self, service: str) -> str:
        return f"{self.name}-{service}-1"


def read_settings(path: Path) -> Settings:
    """The settings in `path`. Raises OSError, ValueError, TypeError or KeyError for a file that is none."""
    given: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for name in ("root", "sockets", "database", "audit", "certificate"):
        given[name] = Path(given[name])
    given["smoke_tests"] = tuple(SmokeTest(test["path"], test["status"]) for test in given["smoke_tests"])
    return Settings(**given)
