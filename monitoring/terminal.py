"""Colours on a terminal, plain text in a pipe."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

COLOURS = {
    "ok": "32",
    "warning": "33",
    "alerts": "33",
    "critical": "1;31",
    "stale": "1;31",
    "info": "36",
    "silenced": "36",
    "not yet": "36",
    "unknown": "35",
}


class Paint(NamedTuple):
    """Paints the word of a state, or leaves it plain."""

    on: bool

    def state(self, word: str, width: int = 0) -> str:
        padded = f"{word:<{width}}"
        colour = COLOURS.get(word)
        return f"\x1b[{colour}m{padded}\x1b[0m" if self.on and colour else padded


PLAIN = Paint(False)


def paint() -> Paint:
    """Return a brush for standard output: colours where a person reads, unless NO_COLOR is set."""
    return Paint(sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
