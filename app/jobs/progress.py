"""Telling how far a job is, in parts."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[float], None]


def part(report: Report, start: float, end: float) -> Report:
    """Reports a step's own 0 to 1 as `start` to `end` of the whole."""
    return lambda fraction: report(start + (end - start) * min(max(fraction, 0.0), 1.0))
