"""What all unit tests stand on."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """A server's programs set the process's umask; the next test must not find it."""
    before = os.umask(0o022)
    yield
    os.umask(before)
