"""The control group that a build runs in, of either version."""

from __future__ import annotations

from pathlib import Path

import pytest

from roles.app.files.release.build import build_group
from roles.app.files.release.failure import ReleaseError
from roles.app.files.release.settings import Settings


def test_version_1_has_a_group_for_each_controller(settings: Settings, tmp_path: Path) -> None:
    for controller in ("cpu", "memory"):
        (tmp_path / "cgroup" / controller).mkdir(parents=True)
    root = tmp_path / "cgroup"
    for _ in range(2):
        assert build_group(settings, "cgroupfs", root) == "/unit-test-build"
    assert (root / "cpu/unit-test-build/cpu.shares").read_text() == "256"
    assert (root / "memory/unit-test-build/memory.limit_in_bytes").read_text() == str(400 << 20)


def test_version_2_has_one_group(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory")
    assert build_group(settings, "cgroupfs", tmp_path) == "/unit-test-build"
    assert (tmp_path / "unit-test-build/cpu.weight").read_text() == "25"
    assert (tmp_path / "unit-test-build/memory.max").read_text() == str(400 << 20)


def test_a_host_without_control_groups_says_so(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no control group"):
        build_group(settings, "cgroupfs", tmp_path / "none")
