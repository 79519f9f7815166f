"""Captured hosts (tests/unit/facts)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from plugins.module_utils.host_probe.files import HostFiles

FACTS = Path(__file__).resolve().parents[1] / "facts"


class MakeFiles(Protocol):
    """Lay out files (text by path) and links (target by path) of a host."""

    def __call__(self, files: Mapping[str, str], links: Mapping[str, str] | None = None) -> HostFiles: ...


def capture(name: str) -> dict[str, Any]:
    """A captured host."""
    content: dict[str, Any] = json.loads((FACTS / name).read_text(encoding="utf-8"))
    return content
