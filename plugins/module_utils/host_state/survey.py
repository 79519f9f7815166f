"""The comparison: what of a manifest differs from the host, found without changing anything."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Any

from . import disk
from .accounts import Ids
from .changes import Change, Item, Removal
from .disk import Found
from .manifest import Directory, File, Id, Link, Manifest, Secret, StateError
from .record import Record
from .removals import formerly_held, listed_absent
from .watch import View

_TOKEN = re.compile(r"@@(content|sha256):(/[^@\s]+)@@")
_UNKNOWN = "unknown"


class Survey:
    """Everything under the file system that differs.

    lenient: owners, groups and parents that are missing may still come (check mode, or packages and accounts
    are yet to be made), so that they are no error. blobs: {sha256: file on this host} of what came over.
    """

    def __init__(
        self,
        manifest: Manifest,
        record: Record,
        claims: dict[str, dict[str, str]],
        blobs: dict[str, str],
        lenient: bool = False,
    ) -> None:
        self.manifest = manifest
        self.record = record
        self.lenient = lenient
        self.changes: list[Change] = []
        self.removals: list[Removal] = []
        self.wanted_blobs: list[str] = []
        self.view = View()
        self.entries: dict[str, dict[str, Any]] = {}  # what the record will hold
        self._claims = claims
        self._blobs = blobs
        self._ids = Ids()
        self._made: dict[str, bytes] = {}
        self._coming = {item.path for item in manifest.directories}
        self._survey()

    @property
    def paths(self) -> list[str]:
        """The paths whose content, mode or owner changes, those in `absent` included."""
        return sorted(
            [change.path for change in self.changes] + [gone.path for gone in self.removals if gone.listed]
        )

    @property
    def removed(self) -> list[str]:
        """The paths formerly held that go."""
        return sorted(gone.path for gone in self.removals if not gone.listed)

    def _survey(self) -> None:
        manifest = self.manifest
        for directory in sorted(manifest.directories, key=lambda item: item.path):
            self._directory(directory)
        for secret in manifest.secrets:
            self._secret(secret)
        for file in manifest.files:
            self._file(file)
        for link in manifest.links:
            self._link(link)
        gone = listed_absent(manifest.absent, manifest.name, self._claims)
        gone += formerly_held(self.record, self.entries, self._claims, gone, self._digest_on_disk)
        for removal in gone:
            self.view.will_be_gone(removal.path)
        self.removals = gone

    def _directory(self, item: Directory) -> None:
        found = self._stands(item, "directory")
        made = found is None or bool(self.record.paths.get(item.path, {}).get("made"))
        self.entries[item.path] = {"kind": "directory", "hash": "", "keep": item.keep, "made": made}
        change = Change(item, "directory", found, mode=item.mode)
        if self._attributes_differ(change, item.owner, item.group):
            self.changes.append(change)
            self.view.will_be_directory(item.path)

    def _secret(self, item: Secret) -> None:
        found = self._stands(item, "secret")
        self.entries[item.path] = {"kind": "secret", "hash": "", "keep": True, "made": True}
        change = Change(item, "secret", found, mode=item.mode)
        if found is None or found.size == 0:
            change.content, change.new_content = _random_text(item.length), True
            self._made[item.path] = change.content
            change.digest = hashlib.sha256(change.content).hexdigest()
        if self._attributes_differ(change, item.owner, item.group) or change.new_content:
            self.changes.append(change)
            digest = change.digest or disk.digest_of(item.path)
            self.view.will_be_file(item.path, digest, change.uid, change.gid, item.mode)

    def _file(self, item: File) -> None:
        found = self._stands(item, "file")
        change = Change(item, "file", found, mode=item.mode)
        former = self.record.paths.get(item.path, {})
        if found is not None and found.kind == "file" and not item.force:
            digest = self._digest_on_disk(item.path)
            kept_hash = former.get("hash", "")
        else:
            content, digest = self._wanted_content(item)
            kept_hash = self.record.hash(digest)
            same = (
                found is not None and found.kind == "file" and self._same(item.path, found, content, digest)
            )
            if not same:
                change.content, change.new_content = content, True
                change.adopts = found is not None and found.kind == "file" and not former.get("hash")
                change.adopts = change.adopts and not item.sensitive
                if content is None and digest != _UNKNOWN:
                    self.wanted_blobs.append(digest)
        change.digest = digest
        self.entries[item.path] = {"kind": "file", "hash": kept_hash, "keep": item.keep, "made": True}
        if item.sensitive:
            self.entries[item.path]["sensitive"] = True
        if self._attributes_differ(change, item.owner, item.group) or change.new_content:
            self.changes.append(change)
            self.view.will_be_file(item.path, digest, change.uid, change.gid, item.mode)
        else:
            self.view.digests[item.path] = digest

    def _link(self, item: Link) -> None:
        found = self._stands(item, "link")
        self.entries[item.path] = {"kind": "link", "hash": "", "keep": item.keep, "made": True}
        if found is None or found.kind != "link" or found.target != item.target:
            self.changes.append(Change(item, "link", found, new_content=True))
            self.view.will_be_link(item.path, item.target)

    def _stands(self, item: Item, kind: str) -> Found | None:
        """Return what stands at an item's path. Raises StateError for another kind or another owner's."""
        for owner, claimed in self._claims.get(item.path, {}).items():
            if claimed != kind or kind not in ("directory", "secret"):
                raise StateError(
                    f"{item.label} {item.path}: host_state {owner} holds this path already: only one of"
                    f" {owner} and {self.manifest.name} may list it"
                )
        found = disk.look(item.path)
        if found is None:
            self._need_parent(item)
            return None
        expected = "file" if kind == "secret" else kind
        if found.kind != expected and self.record.paths.get(item.path, {}).get("kind") != found.kind:
            names = {"link": f"a symbolic link to {found.target}", "other": "a special file"}
            what = names.get(found.kind, f"a {found.kind}")
            raise StateError(
                f"{item.label} {item.path}: expected a {expected}, found {what}: remove it, or list it under"
                " `absent` in a run before this one"
            )
        if found.kind == "directory" != expected and os.listdir(item.path):
            raise StateError(
                f"{item.label} {item.path}: expected a {expected}, found a directory that is not empty"
            )
        return found

    def _need_parent(self, item: Item) -> None:
        parent = os.path.dirname(item.path)
        if parent in self._coming or self.lenient or os.path.isdir(parent):
            return
        raise StateError(
            f"{item.label} {item.path}: its directory {parent} does not exist: list it under `directories`"
        )

    def _attributes_differ(self, change: Change, owner: Id, group: Id) -> bool:
        """Resolve the owner and the group of a change, and tell whether owner, group or mode differ."""
        item, found = change.item, change.found
        change.uid, change.gid = self._ids.uid(owner), self._ids.gid(group)
        for number, kind, name in ((change.uid, "user", owner), (change.gid, "group", group)):
            if number is None and not self.lenient:
                raise StateError(
                    f"{item.label} {item.path}: the host has no {kind} {name!r}: list it under `{kind}s`"
                    " or give a number"
                )
        if found is None:
            return True
        return (found.uid, found.gid, found.mode) != (change.uid, change.gid, change.mode)

    def _wanted_content(self, item: File) -> tuple[bytes | None, str]:
        """Return the content (None when it has to be transferred first) and its SHA-256."""
        if item.content is None:
            blob = self._blobs.get(item.sha256)
            content = disk.read(blob) if blob else None
            if content is not None and hashlib.sha256(content).hexdigest() != item.sha256:
                raise StateError(f"{item.label} {item.path}: its content was damaged on the way to the host")
            return content, item.sha256
        text = item.content
        if item.substitute:
            try:
                text = _TOKEN.sub(lambda match: self._token(item, match.group(1), match.group(2)), text)
            except _NotYetError:
                return None, _UNKNOWN
        content = text.encode("utf-8", "surrogateescape")
        return content, hashlib.sha256(content).hexdigest()

    def _token(self, item: File, kind: str, path: str) -> str:
        try:
            content = self._made[path] if path in self._made else disk.read(path)
        except (FileNotFoundError, NotADirectoryError):
            if self.lenient:
                raise _NotYetError from None
            raise StateError(
                f"{item.label} {item.path}: @@{kind}:{path}@@ names a file that does not exist"
            ) from None
        content = content.rstrip(b"\n")
        if kind == "sha256":
            return hashlib.sha256(content).hexdigest()
        return content.decode("utf-8", "surrogateescape")

    def _same(self, path: str, found: Found, content: bytes | None, digest: str) -> bool:
        if content is not None:
            return found.size == len(content) and disk.read(path) == content
        return digest != _UNKNOWN and self._digest_on_disk(path) == digest

    def _digest_on_disk(self, path: str) -> str:
        if path not in self.view.digests:
            self.view.digests[path] = disk.digest_of(path)
        return self.view.digests[path]


class _NotYetError(Exception):
    """A substituted file does not exist yet."""


def _random_text(length: int) -> bytes:
    import secrets  # on this path only: it costs 5 ms
    import string

    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(length)).encode()
