"""What every benchmark prints and writes: figures, ratios, commit and machine."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]


def machine() -> dict[str, Any]:
    """Cores, memory in MB and the commit that was measured."""
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return {"cores": os.cpu_count(), "memory_mb": memory_kb // 1024, "commit": described.stdout.strip()}


def write(name: str, figures: dict[str, Any]) -> Path:
    """Writes build/bench/NAME.json, whole or not at all; returns its path."""
    path = PROJECT / "build" / "bench" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({**figures, "machine": machine()}, indent=2) + "\n")
    temporary.replace(path)
    return path


def read(name: str) -> dict[str, Any]:
    """The figures of build/bench/NAME.json without those of the machine; empty when there is no such file."""
    path = PROJECT / "build" / "bench" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    found.pop("machine", None)
    return found


def table(rows: list[tuple[str, ...]]) -> str:
    """Aligned columns; the first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
