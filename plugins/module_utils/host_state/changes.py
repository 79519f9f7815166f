"""What a survey finds: changes and removals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from .disk import Found
from .manifest import Directory, File, Link, Secret

Item = Union[Directory, File, Link, Secret]


@dataclass
class Change:
    """One path that has to change. `content` is None when it stays (or has yet to be transferred)."""

    item: Item
    kind: str  # directory, file, link, secret
    found: Found | None
    digest: str = ""
    content: bytes | None = None
    new_content: bool = False
    adopts: bool = False  # replaces a file that is not ours: it is kept aside
    uid: int | None = None
    gid: int | None = None
    mode: int = 0

    @property
    def hidden(self) -> bool:
        """Whether the content must not be shown."""
        return self.kind == "secret" or (isinstance(self.item, File) and self.item.sensitive)

    @property
    def path(self) -> str:
        """The path that changes."""
        return self.item.path


@dataclass(frozen=True)
class Removal:
    """A path that goes. `aside`: a file edited by hand, kept under the state directory."""

    path: str
    kind: str
    aside: bool = False
    listed: bool = False  # named in `absent`
