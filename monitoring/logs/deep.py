"""Reads whole files: with DuckDB when it is there, else with the standard library; the result is the same."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Iterable

from monitoring.logs.generations import names
from monitoring.logs.plain import Count
from monitoring.logs.plain import count as count_plainly

DUCKDB = "duckdb"
PLAIN = "plain"


def files_of(logs: Iterable[str], since: float) -> list[str]:
    """Return the files of the logs, rotated ones too, but for those last written before `since` (s)."""
    return [
        name
        for log in logs
        for name in names(log)
        if Path(name).is_file() and Path(name).stat().st_mtime >= since
    ]


def analyse(paths: list[str], since_ms: int, form: str, engine: str = "") -> tuple[Count, str]:
    """Return the count and the engine that made it; `engine` asks for one. Raises OSError, ValueError."""
    if engine == PLAIN or (not engine and importlib.util.find_spec("duckdb") is None):
        return count_plainly(paths, since_ms, form), PLAIN
    try:
        import duckdb
    except ImportError as error:
        raise ValueError(
            "DuckDB is not installed; leave --engine out, or set monitoring_logs_duckdb"
        ) from error
    from monitoring.logs.duck import count

    try:
        return count(paths, since_ms, form), DUCKDB
    except duckdb.Error as error:
        if engine == DUCKDB:
            raise ValueError(f"DuckDB cannot count these files: {error}") from error
        result = count_plainly(paths, since_ms, form)
        result.problems.append(f"counted without DuckDB, which failed: {str(error).splitlines()[0]}")
        return result, PLAIN
