"""A configuration with logs in a directory of their own, and a slow, plain way to count them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.config import Config, parse


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    directory = tmp_path / "log"
    directory.mkdir()
    return directory


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Config]:
    """Makes the configuration whose logs are the given files; `read_mb` limits one fold."""
    state = tmp_path / "state"
    state.mkdir()

    def make(*files: Path, read_mb: float = 64) -> Config:
        return parse(
            {
                "state_directory": str(state),
                "health": {"enabled": False},
                "docker": {"enabled": False},
                "logs": {"files": [str(file) for file in files], "rollup_days": 36500, "read_mb": read_mb},
            }
        )

    return make
