"""Checks of single values: each raises ArgumentError, which names the entry and what was expected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

_MODE = re.compile(r"[0-7]{3,4}")


class ArgumentError(Exception):
    """An argument that is not as expected. The text names the entry and what was expected."""


def known_keys(label: str, entry: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise ArgumentError, with the likely name, when an entry has a key that is not known."""
    known = list(known)
    for key in entry:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f": did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
            raise ArgumentError(f"{label}: unknown key {key}{hint}")


def command(label: str, key: str, value: Any) -> str:
    """Return a validator's command; it must hold %s."""
    if not isinstance(value, str) or "%s" not in value:
        raise ArgumentError(f"{label}: {key} needs %s where the staged path goes, found {value!r}")
    return str(value)


def path_of(label: str, value: Any) -> str:
    """Return an absolute path without double slashes."""
    if not isinstance(value, str) or not value.startswith("/"):
        raise ArgumentError(f"{label}: expected an absolute path, found {value!r}")
    parts = value.split("/")
    if ".." in parts or "." in parts or "\0" in value:
        raise ArgumentError(f"{label}: expected a path without . and .., found {value!r}")
    return "/" + "/".join(part for part in parts if part)


def mode_of(label: str, entry: dict[str, Any], default: str) -> int:
    """Return the mode of an entry, given as octal text."""
    value = entry.get("mode", default)
    if isinstance(value, int):
        raise ArgumentError(
            f"{label} {entry.get('path')}: mode {value} is a number: quote it, as in mode: '0644'"
        )
    if not isinstance(value, str) or not _MODE.fullmatch(value):
        raise ArgumentError(
            f"{label} {entry.get('path')}: expected an octal mode such as '0644', found {value!r}"
        )
    return int(value, 8)


def id_of(label: str, key: str, value: Any) -> int | str:
    """Return the name or the number of a user or group."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, str))
        or value == ""
        or (isinstance(value, int) and value < 0)
    ):
        raise ArgumentError(f"{label}: {key} is a name or a number, found {value!r}")
    return int(value) if isinstance(value, int) or value.isdigit() else str(value)


def text_of(label: str, entry: Mapping[str, Any], key: str) -> str:
    """Return a text that must be there."""
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise ArgumentError(f"{label}: {key} is needed as text, found {value!r}")
    return str(value)


def texts(label: str, value: Any) -> list[str]:
    """Return a list of texts, an empty one for None."""
    if value is None:
        return []
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        raise ArgumentError(f"{label}: expected a list of texts, found {value!r}")
    texts = list(value)
    for text in texts:
        if not isinstance(text, str) or not text:
            raise ArgumentError(f"{label}: expected a list of texts, found {text!r} in it")
    return [str(text) for text in texts]


def mapping(label: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping, an empty one for None."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ArgumentError(f"{label}: expected a mapping, found {value!r}")
    return value


def scalar(label: str, value: Any) -> str:
    """Return a text or a number as text."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ArgumentError(f"{label}: expected a text or a number, found {value!r}")
    return str(value)


def number(label: str, key: str, value: Any) -> int:
    """Return a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.isdigit():
        return int(value)
    raise ArgumentError(f"{label}: {key} is a number, found {value!r}")


def flag(label: str, key: str, value: Any) -> bool:
    """Return true or false."""
    if isinstance(value, bool):
        return bool(value)
    raise ArgumentError(f"{label}: {key} is true or false, found {value!r}")
