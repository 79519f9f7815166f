"""The record: what an owner holds on this host, and what its services have seen of it.

One JSON file per owner in the state directory, replaced atomically. It holds no content: files are known by a
salted hash.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

from . import disk
from .manifest import StateError

VERSION = 1


@dataclass
class Record:
    """What is remembered of one owner.

    paths: {path: {"kind", "hash", "keep", "made"}}; `made` tells that host_state made the directory.
    units: {unit: {"restart": fingerprint, "reload": fingerprint}} of the watched files it last read.
    triggers: {trigger: fingerprint of its watched files when it was last acknowledged}.
    watched: {trigger: its watched paths}.
    refused: {sysctl key: value that the kernel did not permit}.
    pending: the paths that an apply is about to touch; not empty means that it was interrupted.
    daemon_reload: unit files were changed, and systemd has not been told yet.
    """

    owner: str
    salt: str
    version: int = VERSION
    paths: dict[str, dict[str, Any]] = field(default_factory=dict)
    units: dict[str, dict[str, str]] = field(default_factory=dict)
    triggers: dict[str, str] = field(default_factory=dict)
    watched: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    daemon_reload: bool = False

    def text(self) -> str:
        """Return the record as it is stored."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    def hash(self, digest: str) -> str:
        """Return the salted form in which a content's SHA-256 is remembered."""
        return hashlib.sha256((self.salt + digest).encode()).hexdigest()


class Records:
    """The records of the state directory."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def path(self, owner: str) -> str:
        """Return the file of an owner's record."""
        return os.path.join(self.directory, f"{owner}.json")

    def load(self, owner: str) -> Record:
        """Return the record of `owner`, an empty one when it has none. Raises StateError for damage."""
        data = self._read(self.path(owner))
        if data is None:
            return Record(owner=owner, salt=os.urandom(16).hex())
        return Record(**data)

    def save(self, record: Record) -> None:
        """Store a record durably."""
        disk.make_private(self.directory)
        disk.write_atomic(self.path(record.owner), record.text().encode(), os.geteuid(), os.getegid())

    def claims(self, besides: str) -> dict[str, dict[str, str]]:
        """Return {path: {owner: kind}} of what the other owners hold."""
        claimed: dict[str, dict[str, str]] = {}
        try:
            names = os.listdir(self.directory)
        except FileNotFoundError:
            return claimed
        for name in sorted(names):
            if not name.endswith(".json") or name == f"{besides}.json" or name.startswith("."):
                continue
            data = self._read(os.path.join(self.directory, name)) or {}
            for path, entry in data.get("paths", {}).items():
                claimed.setdefault(path, {})[data.get("owner", name[:-5])] = entry["kind"]
        return claimed

    @staticmethod
    def _read(path: str) -> dict[str, Any] | None:
        try:
            data: dict[str, Any] = json.loads(disk.read(path))
            if data["version"] != VERSION:
                raise StateError(
                    f"{path} has version {data['version']}, expected {VERSION}: run a newer host_state"
                )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(
                f"the record {path} is damaged ({error}): remove it to let host_state adopt what it finds"
                " (then nothing formerly owned is removed)"
            ) from None
        return data
