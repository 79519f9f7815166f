"""Differences in the form that Ansible prints with --diff. Sensitive content stays hidden."""

from __future__ import annotations

from . import disk
from .changes import Change
from .manifest import Link
from .survey import Survey

MOST_BYTES = 100_000
HIDDEN = "(content hidden)\n"


def diffs(survey: Survey) -> list[dict[str, str]]:
    """Return a `before` and `after` per change of content, and one per change of mode or owner."""
    shown = []
    for change in survey.changes:
        if change.new_content or change.found is None:
            shown.append(_pair(change.path, _before(change), _after(change)))
        if change.found is not None and change.kind != "link":
            before, after = _attributes_before(change), _attributes_after(change)
            if before != after:
                shown.append(_pair(f"{change.path} (attributes)", before, after))
    for removal in survey.removals:
        shown.append(_pair(removal.path, f"{removal.kind}\n", "absent\n"))
    for item in shown:
        if item["before"] == item["after"]:
            item["after"] += "(differs)\n"
    return shown


def _pair(path: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def _before(change: Change) -> str:
    if change.found is None:
        return ""
    if change.found.kind == "link":
        return f"link to {change.found.target}\n"
    if change.found.kind != "file":
        return f"{change.found.kind}\n"
    if change.hidden:
        return HIDDEN
    if change.found.size > MOST_BYTES:
        return f"{change.found.size} bytes\n"
    return _text(disk.read(change.path))


def _after(change: Change) -> str:
    if isinstance(change.item, Link):
        return f"link to {change.item.target}\n"
    if change.kind == "directory":
        return f"directory\n{_attributes_after(change)}"
    if change.hidden:
        return HIDDEN
    if change.content is None or len(change.content) > MOST_BYTES:
        return f"content of SHA-256 {change.digest}\n"
    return _text(change.content)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return f"{len(content)} bytes that are no text\n"


def _attributes_before(change: Change) -> str:
    found = change.found
    return "" if found is None else _attributes(found.uid, found.gid, found.mode)


def _attributes_after(change: Change) -> str:
    return _attributes(change.uid, change.gid, change.mode)


def _attributes(uid: int | None, gid: int | None, mode: int) -> str:
    owner = "to come" if uid is None else uid
    group = "to come" if gid is None else gid
    return f"owner: {owner}\ngroup: {group}\nmode: {mode:04o}\n"
