"""What has to go: the paths listed as absent, and what the owner held before and lists no more."""

from __future__ import annotations

import os
from typing import Callable, Container

from . import disk
from .changes import Removal
from .manifest import StateError
from .record import Record


def listed_absent(paths: tuple[str, ...], owner: str, claims: dict[str, dict[str, str]]) -> list[Removal]:
    """Return the removals of the paths in `absent` that exist. Raises StateError for another owner's."""
    removals = []
    for path in paths:
        if path in claims:
            holders = ", ".join(claims[path])
            raise StateError(f"absent: {path} is held by host_state {holders}, so {owner} must not remove it")
        found = disk.look(path)
        if found is not None:
            if os.path.ismount(path):
                raise StateError(f"absent: {path} is a mount point: unmount it first")
            removals.append(Removal(path, found.kind, listed=True))
    return removals


def formerly_held(
    record: Record,
    wanted: Container[str],
    spared: Container[str],
    going: list[Removal],
    digest_of: Callable[[str], str],
) -> list[Removal]:
    """Return the removals of what `record` holds and is not `wanted`, the deepest first.

    What is `spared` (another owner holds it), what was kept on purpose and secrets stay. A directory goes if
    host_state made it and nothing else is in it. A file that was edited by hand is put aside.
    """
    gone = {removal.path for removal in going}
    removals = []
    for path in sorted(record.paths, reverse=True):
        entry = record.paths[path]
        if path in wanted or path in gone or path in spared or entry.get("keep"):
            continue
        found = disk.look(path)
        if found is None or (found.kind == "directory") != (entry["kind"] == "directory"):
            continue
        if found.kind == "directory" and not (entry.get("made") and _empties(path, gone)):
            continue
        edited = found.kind == "file" and record.hash(digest_of(path)) != entry["hash"]
        removals.append(Removal(path, found.kind, aside=edited and not entry.get("sensitive")))
        gone.add(path)
    return removals


def _empties(path: str, gone: Container[str]) -> bool:
    return all(os.path.join(path, name) in gone for name in os.listdir(path))
