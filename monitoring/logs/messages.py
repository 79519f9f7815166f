"""Normalises messages, so that the same error with another number, name or id is the same group."""

from __future__ import annotations

import re

MESSAGE_CHARACTERS = 500

_VARIABLE = re.compile(
    r"""(?P<id>\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b|\b(?=[a-f]*[0-9])[0-9a-f]{12,}\b)"""
    r"""|(?P<text>"[^"]*"|'[^']*'|`[^`]*`)"""
    r"""|(?P<number>[0-9]+(?:\.[0-9]+)*)"""
)


def normalised(message: str) -> str:
    """Return the message with its variable parts replaced: ids by {id}, quoted texts by "*", numbers by #."""
    return " ".join(_VARIABLE.sub(_replaced, message).split())


def clean(text: str, limit: int = MESSAGE_CHARACTERS) -> str:
    """Return at most `limit` characters, all printable (no control character reaches a terminal or a
    page).
    """
    text = text[:limit]
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)


def _replaced(match: re.Match[str]) -> str:
    kind = match.lastgroup
    return "{id}" if kind == "id" else '"*"' if kind == "text" else "#"
