"""The command `monitoring`. Each verb imports only what it needs: `collect` runs every minute."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import time
from typing import Any, Sequence

from monitoring import __version__
from monitoring.config import Config, ConfigError, load
from monitoring.logs.command import add_arguments as add_logs_arguments

DEFAULT_CONFIG = "/etc/monitoring/config.json"
EXIT_USAGE = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        config = load(options.config)
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return EXIT_USAGE
    if options.verb == "collect":
        from monitoring.collect import run

        return run(config)
    if options.verb == "logs":
        from monitoring.logs import command

        return command.run(options, config)
    return _show(options, config)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="monitoring", description="Figures and alerts of this host.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--config",
        default=os.environ.get("MONITORING_CONFIG", DEFAULT_CONFIG),
        help="configuration file (default: $MONITORING_CONFIG, else %(default)s)",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("collect", help="measure once, store, raise alerts (the timer does this every minute)")
    shown = verbs.add_parser(
        "status",
        help="the newest sample and the open alerts; exit status 0 well, 1 alerts, 2 no fresh sample",
    )
    shown.add_argument("--json", action="store_true", help="print JSON")
    listed = verbs.add_parser("alerts", help="what was raised and resolved in the time kept")
    listed.add_argument("--json", action="store_true", help="print JSON")
    listed.add_argument("--open", action="store_true", help="only what is open now")
    logs = verbs.add_parser("logs", help="requests, errors and users of the last hours, from the logs")
    add_logs_arguments(logs)
    return parser


def _show(options: argparse.Namespace, config: Config) -> int:
    from monitoring import report
    from monitoring.store import open_readonly

    try:
        store = open_readonly(config.state_directory)
        if options.verb == "status":
            document = report.status(store, time.time())
            _print(document if options.json else report.status_table(document))
            return report.exit_status(document)
        listed = report.open_events(store) if options.open else report.events(store)
        _print(listed if options.json else report.events_table(listed))
    except sqlite3.Error as error:
        sys.stderr.write(
            f"error: nothing can be read in {config.state_directory}: {error}; is the timer running?\n"
        )
        return report.EXIT_NO_DATA
    return 0


def _print(what: Any) -> None:
    text = what if isinstance(what, str) else json.dumps(what, indent=2, ensure_ascii=False)
    sys.stdout.write(text + "\n")
