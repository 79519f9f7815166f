"""Fixtures of the tests of host_state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.host_state.sandbox import Sandbox


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    """An empty sandbox."""
    return Sandbox(tmp_path)
