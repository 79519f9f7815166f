"""Debian packages: what is installed, read from dpkg's status file without starting a process."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Sequence

STATUS_FILE = "/var/lib/dpkg/status"


def package_drift(
    wanted: Sequence[str], unwanted: Sequence[str], status_file: str = STATUS_FILE
) -> tuple[list[str], list[str]]:
    """Return the wanted packages that are missing and the unwanted ones that are there.

    A wanted package is a name or, as apt writes it, `name=version` where the version may hold `*`. A name
    that an installed package provides counts as installed.
    """
    if not wanted and not unwanted:
        return [], []
    try:
        with open(status_file, encoding="utf-8", errors="replace") as handle:
            status = "\n" + handle.read()
    except FileNotFoundError:
        status = "\n"
    missing = [package for package in wanted if not _installed(status, package)]
    present = [package for package in unwanted if _versions(status, package)]
    return missing, present


def _installed(status: str, package: str) -> bool:
    name, _, version = package.partition("=")
    versions = _versions(status, name)
    if version:
        return any(fnmatchcase(found, version) for found in versions)
    return bool(versions) or _provided(status, name)


def _versions(status: str, name: str) -> list[str]:
    """Return the versions of `name` that are installed (several with several architectures)."""
    versions = []
    mark = f"\nPackage: {name}\n"
    start = status.find(mark)
    while start >= 0:
        stanza = _stanza_at(status, start)
        if _is_installed(stanza):
            versions.append(_field(stanza, "Version"))
        start = status.find(mark, start + 1)
    return versions


def _provided(status: str, name: str) -> bool:
    position = status.find("\nProvides:")
    while position >= 0:
        line = status[position + 10 : status.index("\n", position + 1)]
        names = [part.split("(")[0].split(":")[0].strip() for part in line.split(",")]
        if name in names and _is_installed(_stanza_at(status, position)):
            return True
        position = status.find("\nProvides:", position + 1)
    return False


def _stanza_at(status: str, position: int) -> str:
    start = status.rfind("\n\n", 0, position + 1)
    end = status.find("\n\n", position + 1)
    return status[max(start, 0) : end if end >= 0 else len(status)] + "\n"


def _is_installed(stanza: str) -> bool:
    words = _field(stanza, "Status").split()
    return bool(words) and words[-1] == "installed"


def _field(stanza: str, name: str) -> str:
    start = stanza.find(f"\n{name}: ")
    if start < 0:
        return ""
    start += len(name) + 3
    return stanza[start : stanza.index("\n", start)]
