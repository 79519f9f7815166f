"""The report for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Any, Dict, Iterable, Sequence

from monitoring.logs.words import covered, duration, moment, size, summary, word

Document = Dict[str, Any]

SHOWN = 15


def render(document: Document, language: str) -> str:
    """Return the report as lines of text."""
    requests = document["requests"]
    parts = [f"{word('title', language)}  {covered(document, language)}"]
    parts += [f"  {sentence}" for sentence in summary(document, language)]
    parts += [f"  ! {problem}" for problem in document["source"]["problems"]]
    parts.append(_facts(document, language))
    parts.append(
        _table(
            word("endpoints", language),
            ["", word("endpoint", language), word("requests", language), "4xx", "5xx",
             "p50", "p95", "p99", word("slow", language)],
            [
                [row["method"], row["endpoint"], row["requests"], row["errors_4xx"], row["errors_5xx"],
                 duration(row["p50_ms"]), duration(row["p95_ms"]), duration(row["p99_ms"]), row["slow"]]
                for row in requests["by_endpoint"][:SHOWN]
            ],
            left=2,
        )
    )  # fmt: skip
    parts.append(
        _table(
            word("errors", language),
            [word(key, language) for key in ("type", "message", "count", "first", "last")],
            [
                [row["type"], row["message"][:70], row["count"], moment(row["first"]), moment(row["last"])]
                for row in document["errors"]["most_frequent"][:SHOWN]
            ],
            left=2,
        )
    )
    parts.append(
        _table(
            word("slow_requests", language),
            ["", word("path", language), word("time", language), "", word("duration", language)],
            [
                [row["method"], row["path"][:70], moment(row["time"]), row["status"], row["ms"]]
                for row in document["slow_requests"]["slowest"][:SHOWN]
            ],
            left=2,
        )
    )
    parts.append(
        _table(
            word("slow_queries", language),
            [word(key, language) for key in ("statement", "count", "average", "longest", "last")],
            [
                [
                    row["statement"][:70],
                    row["count"],
                    duration(row["average_ms"]),
                    row["most_ms"],
                    moment(row["last"]),
                ]
                for row in document["slow_queries"]["slowest"][:SHOWN]
            ],
            left=1,
        )
    )
    parts.append(
        _table(
            word("users", language),
            [word("user", language), word("actions", language), word("total", language)],
            [
                [
                    row["user"],
                    ", ".join(f"{name} {count}" for name, count in row["actions"].items())[:70],
                    row["total"],
                ]
                for row in document["users"][:SHOWN]
            ],
            left=2,
        )
    )
    return "\n".join(part for part in parts if part)


def _facts(document: Document, language: str) -> str:
    requests = document["requests"]

    def counted(counts: dict[str, int]) -> str:
        return "  ".join(f"{name} {count:,}" for name, count in counts.items()) or word("none", language)

    facts = [
        (word("entries", language), f"{document['entries']:,}"),
        (word("broken", language), f"{document['broken_lines']:,}"),
        (word("traffic", language), size(requests["bytes"])),
        (word("by_status", language), counted(requests["by_status"])),
        (word("by_method", language), counted(requests["by_method"])),
        (word("errors", language), counted(document["errors"]["by_type"])),
    ]
    widest = max(_width(name) for name, _value in facts)
    return "\n" + "\n".join(f"  {name}{' ' * (widest - _width(name))}  {value}" for name, value in facts)


def _table(title: str, head: Sequence[str], rows: list[list[Any]], left: int) -> str:
    """Return a table whose first `left` columns are flush left; nothing without rows."""
    if not rows:
        return ""
    cells = [list(head)] + [
        [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows
    ]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(head))]

    def line(row: Iterable[str]) -> str:
        padded = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - _width(cell))
            padded.append(cell + space if column < left else space + cell)
        return ("  " + "  ".join(padded)).rstrip()

    return "\n".join(["", title, *(line(row) for row in cells)])


def _width(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
