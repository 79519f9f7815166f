"""A service with one snapshot in a real restic repository."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tdm_backup import backup
from tdm_backup.settings import Settings

from tests.support.backup_parts import Data, settings_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "state").mkdir()
    (tmp_path / "password").write_text("secret\n")
    return settings_of(tmp_path)


@pytest.fixture(scope="session")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service of two documents with one snapshot, made once: each call of restic takes a second."""
    root = tmp_path_factory.mktemp("service")
    (root / "state").mkdir()
    (root / "password").write_text("secret\n")
    data = Data(root)
    data.add("first", os.urandom(300_000))
    data.add("second", b"as it was")
    data.engine.dispose()
    backup.take(settings_of(root))
    return root


@pytest.fixture
def service(backed_up: Path, tmp_path: Path) -> Iterator[Data]:
    """A copy of that service, with its snapshot, at another place."""
    for name in ("data", "state", "repository", "password"):
        source = backed_up / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (tmp_path / "state/repository").write_text(f"{tmp_path / 'repository'}\n")
    made = Data(tmp_path)
    yield made
    made.engine.dispose()
