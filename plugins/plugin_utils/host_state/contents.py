"""The contents of files: rendered templates, texts and files of the controller."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

MOST_INLINE_BYTES = 128 * 1024

Render = Callable[[str, Mapping[str, Any], str], str]
Find = Callable[[str, str], str]


class ContentError(Exception):
    """A template or a file that cannot be had. The text names it."""


class Contents:
    """Turns a file entry into its text, or, for what is binary or big, into a checksum with a local source.

    render: (template, extra variables, destination) -> text. find: (folder in a role, name) -> local path.
    """

    def __init__(self, render: Render, find: Find) -> None:
        self.sources: dict[str, str] = {}
        self._render = render
        self._find = find

    def of(self, way: str, entry: Mapping[str, Any], label: str) -> tuple[str | None, str]:
        """Return (text or None, SHA-256) of an entry by its `way`: template, content or src."""
        if way == "src":
            return self._local(Path(self._find("files", str(entry["src"]))), label)
        if way == "template":
            text = self._render(str(entry["template"]), entry.get("vars") or {}, str(entry["path"]))
        else:
            text = _as_text(entry["content"], label)
        return text, hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

    def tree(self, label: str, entry: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the directories and the files that a tree of the controller becomes on the host."""
        known = {"src", "path", "owner", "group", "file_mode", "dir_mode", "exclude", "keep"}
        unknown = sorted(set(entry) - known)
        if unknown or not {"src", "path"} <= set(entry):
            raise ContentError(
                f"{label}: expected src, path and some of {', '.join(sorted(known))}; found {unknown}"
            )
        root = Path(self._find("files", str(entry["src"])))
        if not root.is_dir():
            raise ContentError(f"{label}: {root} is not a directory")
        path = str(entry["path"]).rstrip("/")
        common = {key: entry[key] for key in ("owner", "group", "keep") if key in entry}
        directories = [dict(common, label=label, path=path, mode=entry.get("dir_mode", "0755"))]
        files = []
        for local in sorted(root.rglob("*")):
            relative = local.relative_to(root)
            if any(
                fnmatch(part, glob) or fnmatch(str(relative), glob)
                for glob in entry.get("exclude") or []
                for part in relative.parts
            ):
                continue
            item = dict(common, label=f"{label} {relative}", path=f"{path}/{relative}")
            if local.is_symlink() or not (local.is_dir() or local.is_file()):
                raise ContentError(f"{label}: {local} is neither a file nor a directory: exclude it")
            if local.is_dir():
                directories.append(dict(item, mode=entry.get("dir_mode", "0755")))
            else:
                files.append(dict(item, src=str(local), mode=entry.get("file_mode", "0644")))
        return directories, files

    def _local(self, path: Path, label: str) -> tuple[str | None, str]:
        if not path.is_file():
            raise ContentError(f"{label}: {path} is not a file of the controller")
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if len(data) <= MOST_INLINE_BYTES:
            try:
                return data.decode("utf-8"), digest
            except UnicodeDecodeError:
                pass
        self.sources[digest] = str(path)
        return None, digest


def _as_text(value: Any, label: str) -> str:
    # A vaulted value is no str, but behaves as one and decrypts itself.
    if not isinstance(value, str) and not hasattr(value, "encode"):
        raise ContentError(
            f"{label}: content is text, found {type(value).__name__}: quote it, or use `| to_json`"
        )
    return str(value)
