"""Hosts made of files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from plugins.module_utils.host_probe.files import HostFiles
from tests.unit.host_probe.captures import MakeFiles


@pytest.fixture
def make_files(tmp_path: Path) -> MakeFiles:
    """Files of a host, by path."""

    def make(files: Mapping[str, str], links: Mapping[str, str] | None = None) -> HostFiles:
        for path, text in files.items():
            file = tmp_path / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        for path, target in (links or {}).items():
            link = tmp_path / path.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)
        return HostFiles(str(tmp_path))

    return make
