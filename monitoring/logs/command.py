"""The verb `logs`: a report of the last hours, from the hourly figures or from whole files."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitoring.config import Config
    from monitoring.logs.figures import Figures

HOUR_MS = 3_600_000
EXIT_NO_DATA = 2
EXIT_PART = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hours", type=_hours, default=24, metavar="N", help="default: 24; 0: all")
    parser.add_argument("--deep", action="store_true", help="read the log files themselves, rotated ones too")
    parser.add_argument("--file", action="append", metavar="PATH", help="read this file; repeatable")
    parser.add_argument("--format", choices=("auto", "json", "combined"), default="auto", help="of the lines")
    parser.add_argument("--engine", choices=("duckdb", "plain"), help="default: DuckDB if there")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--html", metavar="PATH", help="write a page there (-: standard output)")
    parser.add_argument("--lang", choices=("en", "zh"), default=_language(), help="default: that of $LANG")
    parser.add_argument("--fold", action="store_true", help="fold what is new and print what came")


def run(options: argparse.Namespace, config: Config) -> int:
    """Print the report. Exit status 0 well, 1 something could not be read, 2 nothing could."""
    if options.fold:
        return _fold(config)
    now_ms = int(time.time() * 1000)
    since_ms = max(0, (now_ms // HOUR_MS - options.hours) * HOUR_MS) if options.hours else 0
    try:
        if options.file or options.deep:
            figures, origin = _read(options, config, since_ms, now_ms)
        else:
            figures, origin = _stored(config, since_ms, now_ms)
    except (OSError, ValueError, sqlite3.Error) as error:
        sys.stderr.write(f"error: {_explained(error, config)}\n")
        return EXIT_NO_DATA
    from monitoring.logs.document import build

    document = build(figures, origin)
    if options.html:
        from monitoring.logs.page import render as page

        _write(options.html, page(document, options.lang))
    elif options.json:
        from monitoring.logs.words import LANGUAGES, summary

        document["summary"] = {language: summary(document, language) for language in LANGUAGES}
        _write("-", json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        from monitoring.logs.table import render as table

        _write("-", table(document, options.lang) + "\n")
    for problem in origin.problems:
        sys.stderr.write(f"warning: {problem}\n")
    return EXIT_PART if origin.problems else 0


def _stored(config: Config, since_ms: int, now_ms: int) -> tuple[Figures, Any]:
    from monitoring.logs import rollups
    from monitoring.logs.document import Origin

    connection = rollups.open_readonly(config.state_directory)
    try:
        figures = rollups.load(connection, since_ms // HOUR_MS)
    finally:
        connection.close()
    return figures, Origin("rollups", [], [], since_ms, now_ms)


def _read(options: argparse.Namespace, config: Config, since_ms: int, now_ms: int) -> tuple[Figures, Any]:
    from monitoring.logs import deep
    from monitoring.logs.document import Origin

    paths = options.file or deep.files_of(config.logs.files, since_ms / 1000)
    if not paths:
        raise ValueError("there is no log file to read; name one with --file, or set logs.files")
    counted, engine = deep.analyse(paths, since_ms, options.format, options.engine or "")
    return counted.figures, Origin(engine, paths, counted.problems, since_ms, now_ms)


def _fold(config: Config) -> int:
    from monitoring.logs.increment import fold

    try:
        window = fold(config)
    except (OSError, sqlite3.Error) as error:
        sys.stderr.write(f"error: {config.state_directory}: {error}; run this as root\n")
        return EXIT_NO_DATA
    _write("-", json.dumps(window._asdict()) + "\n")
    return EXIT_PART if window.problems else 0


def _explained(error: Exception, config: Config) -> str:
    if isinstance(error, sqlite3.Error):
        return f"no hourly figures in {config.state_directory}: {error}; is the timer running?"
    if isinstance(error, OSError):
        return f"{error.filename or ''}: {error.strerror or error}"
    return str(error)


def _write(path: str, text: str) -> None:
    if path == "-":
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    else:
        Path(path).write_text(text, encoding="utf-8")


def _hours(text: str) -> int:
    hours = int(text)
    if not 0 <= hours <= 24 * 3660:
        raise argparse.ArgumentTypeError("must be 0 or more hours")
    return hours


def _language() -> str:
    return "zh" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("zh") else "en"
