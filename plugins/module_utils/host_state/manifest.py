"""The manifest: what one owner wants of a host, as the controller sends it (JSON) and the target reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union

Id = Union[int, str]


class StateError(Exception):
    """What is wanted cannot be reached. The text names the item, what was expected and what mends it."""


@dataclass(frozen=True)
class Directory:
    """A directory with its attributes; it is removed (when empty) only if host_state made it."""

    label: str
    path: str
    owner: Id
    group: Id
    mode: int
    keep: bool


@dataclass(frozen=True)
class File:
    """A regular file. `content` is None for what is transferred on demand by its `sha256`."""

    label: str
    path: str
    owner: Id
    group: Id
    mode: int
    keep: bool
    sha256: str
    content: str | None = None
    sensitive: bool = False
    substitute: bool = False
    force: bool = True
    validate: str = ""


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    label: str
    path: str
    target: str
    keep: bool


@dataclass(frozen=True)
class Secret:
    """A file of random letters and digits: made when missing, never overwritten, never removed."""

    label: str
    path: str
    owner: Id
    group: Id
    mode: int
    length: int


@dataclass(frozen=True)
class Unit:
    """What a systemd unit shall be. None: host_state has no opinion."""

    label: str
    name: str
    enabled: bool | None = None
    masked: bool | None = None
    state: str | None = None
    restart_on: tuple[str, ...] = ()
    reload_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Validation:
    """A command that judges a staged copy of the directory `root`."""

    label: str
    root: str
    command: str


@dataclass(frozen=True)
class Manifest:
    """Everything one owner holds on a host."""

    name: str
    packages: tuple[str, ...] = ()
    packages_absent: tuple[str, ...] = ()
    groups: tuple[dict[str, Any], ...] = ()
    users: tuple[dict[str, Any], ...] = ()
    directories: tuple[Directory, ...] = ()
    files: tuple[File, ...] = ()
    links: tuple[Link, ...] = ()
    secrets: tuple[Secret, ...] = ()
    absent: tuple[str, ...] = ()
    sysctl: dict[str, str] = field(default_factory=dict)
    validations: tuple[Validation, ...] = ()
    units: tuple[Unit, ...] = ()
    containers: tuple[str, ...] = ()
    triggers: dict[str, list[str]] = field(default_factory=dict)


_ITEMS = {
    "directories": Directory,
    "files": File,
    "links": Link,
    "secrets": Secret,
    "validations": Validation,
    "units": Unit,
}


def read_manifest(data: dict[str, Any]) -> Manifest:
    """Return the manifest of the dictionary that plugin_utils/host_state/arguments.py has checked."""
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key in _ITEMS:
            values[key] = tuple(_ITEMS[key](**_frozen(item)) for item in value)
        elif isinstance(value, list):
            values[key] = tuple(value)
        else:
            values[key] = value
    return Manifest(**values)


def _frozen(item: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
