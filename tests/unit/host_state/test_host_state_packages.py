"""Installed packages are read from dpkg's status file."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.host_state.packages import package_drift

STATUS = """\
Package: cron
Status: install ok installed
Version: 3.0pl1-197
Provides: cron-daemon, at:any (= 3)
Description: process scheduling daemon
 The text goes on.
 .
 Package: not-a-package

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.41-11

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.41-12

Package: nano
Status: deinstall ok config-files
Version: 8.4-1
Provides: editor

Package: broken
Status: install ok half-configured
Version: 1

Package: last
Status: hold ok installed
Version: 1:2.0~rc1-1
"""


@pytest.fixture
def status(tmp_path: Path) -> str:
    """A status file."""
    path = tmp_path / "status"
    path.write_text(STATUS)
    return str(path)


@pytest.mark.parametrize(
    "package",
    ["cron", "libc6", "last", "cron-daemon", "at", "libc6=2.41-12", "libc6=2.41-*", "last=1:2.0~rc1-1"],
)
def test_installed(status: str, package: str) -> None:
    assert package_drift([package], [], status) == ([], [])


@pytest.mark.parametrize(
    "package", ["nano", "editor", "broken", "not-a-package", "cro", "last=2.0*", "daemon"]
)
def test_missing(status: str, package: str) -> None:
    assert package_drift([package], [], status) == ([package], [])


def test_unwanted(status: str) -> None:
    assert package_drift([], ["cron", "nano", "never"], status) == ([], ["cron"])


def test_without_a_status_file_everything_is_missing(tmp_path: Path) -> None:
    assert package_drift(["cron"], [], str(tmp_path / "none")) == (["cron"], [])
