"""The command `monitoring`. Each verb imports only what it needs: `collect` runs every minute."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from typing import TYPE_CHECKING, Any, Callable, Sequence

from monitoring import __version__
from monitoring.config import Config, ConfigError, load

if TYPE_CHECKING:
    import argparse

DEFAULT_CONFIG = "/etc/monitoring/config.json"
EXIT_USAGE = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if len(words) == 3 and words[0] == "--config" and words[2] == "collect":
        # As the timer calls it: importing argparse would cost a tenth of a cycle.
        return _collect(words[1])
    options = _parser().parse_args(words)
    if options.verb == "collect":
        return _collect(options.config)
    try:
        config = load(options.config)
    except ConfigError as error:
        return _refuse(error)
    return _VERBS[options.verb](options, config)


def _collect(path: str) -> int:
    from monitoring.collect import run

    try:
        config = load(path)
    except ConfigError as error:
        return _refuse(error)
    return run(config)


def _refuse(error: ConfigError) -> int:
    sys.stderr.write(f"error: {error}\n")
    return EXIT_USAGE


def _parser() -> argparse.ArgumentParser:
    import argparse

    from monitoring.logs.command import add_arguments

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
    checked = verbs.add_parser("checks", help="check everything now; exit status 0 ok, 1 warning, 2 critical")
    busiest = verbs.add_parser(
        "top", help="the processes that use the memory and the CPU, as alerts name them"
    )
    busiest.add_argument("--count", type=int, default=10, help="how many of each (default: %(default)s)")
    listed = verbs.add_parser("alerts", help="what was raised and resolved in the time kept")
    listed.add_argument("--open", action="store_true", help="only what is open now")
    silence = verbs.add_parser("silence", help="tell nothing for a time; what is still wrong then is told")
    silence.add_argument("--for", dest="length", metavar="10m", help="how long: 90s, 10m, 2h, 1d")
    silence.add_argument("--reason", default="", help="why, for those who ask")
    silence.add_argument("--type", default="*", help="one type of alert alone (default: all)")
    silence.add_argument(
        "--end", nargs="?", type=int, const=0, metavar="ID", help="end it, or all without ID"
    )
    for verb in (shown, checked, busiest, listed, silence):
        verb.add_argument("--json", action="store_true", help="print JSON")
    verbs.add_parser("watchdog", help="tell when no sample is taken any more (a timer does this)")
    verbs.add_parser("inspect", help="count the security updates that wait (a timer does this)")
    tried = verbs.add_parser(
        "notify-test", help="send a word through every channel; exit status 1 when one fails"
    )
    tried.add_argument("--text", default="a test, nothing is wrong", help="what it says")
    exporter = verbs.add_parser("exporter", help="serve the figures to Prometheus on loopback")
    exporter.add_argument("--port", type=int, default=9101)
    logs = verbs.add_parser("logs", help="requests, errors and users of the last hours, from the logs")
    add_arguments(logs)
    return parser


def _status(options: argparse.Namespace, config: Config) -> int:
    from monitoring import report
    from monitoring.store import open_readonly
    from monitoring.terminal import paint

    try:
        store = open_readonly(config.state_directory)
        if options.verb == "status":
            document = report.status(store, time.time(), config.alerts)
            _print(document if options.json else report.status_table(document, paint()))
            return report.exit_status(document)
        listed = report.open_events(store) if options.open else report.events(store)
        _print(listed if options.json else report.events_table(listed, paint()))
    except sqlite3.Error as error:
        sys.stderr.write(
            f"error: nothing can be read in {config.state_directory}: {error}; is the timer running?\n"
        )
        return report.EXIT_NO_DATA
    return 0


def _checks(options: argparse.Namespace, config: Config) -> int:
    from monitoring import checks, report
    from monitoring.store import open_readonly
    from monitoring.terminal import paint

    now = time.time()
    previous, age, cpu = None, None, None
    try:
        store = open_readonly(config.state_directory)
        previous, row = store.counters(), store.last_sample()
        age = None if row is None else max(now - row["time"], 0.0)
        cpu = None if row is None else row["cpu_percent"]
    except sqlite3.Error as error:
        sys.stderr.write(f"warning: nothing can be read in {config.state_directory}: {error}\n")
    document = checks.run(config, previous, now, age, cpu)
    _print(document if options.json else report.checks_table(document, paint()))
    return {"ok": 0, "warning": 1}.get(document["status"], 2)


def _top(options: argparse.Namespace, config: Config) -> int:
    from monitoring import report
    from monitoring.collectors import processes

    document = report.top_document(*processes.top(options.count, 1.0))
    _print(document if options.json else report.top_table(document))
    return 0


def _silence(options: argparse.Namespace, config: Config) -> int:
    from monitoring import silences
    from monitoring.rulebook import DEFAULTS
    from monitoring.store import open_store

    if options.type != "*" and options.type not in DEFAULTS:
        sys.stderr.write(f"error: no alert has the type {options.type}; there are: {', '.join(DEFAULTS)}\n")
        return EXIT_USAGE
    now = time.time()
    try:
        length = silences.seconds(options.length) if options.length else None
        store = open_store(config.state_directory)
        if options.end is not None:
            ended = silences.end(store, options.end or None, now)
            _print({"ended": ended} if options.json else f"{ended} ended")
            return 0
        if length is not None:
            who = os.environ.get("SUDO_USER") or os.environ.get("USER") or str(os.geteuid())
            made = silences.add(store, options.type, length, options.reason, who, now)
            _print(made._asdict() if options.json else silences.shown(made))
            return 0
        held = silences.current(store, config.alerts, now).items
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return EXIT_USAGE
    except sqlite3.Error as error:
        sys.stderr.write(f"error: {config.state_directory} cannot be written: {error}; become root (sudo)\n")
        return 1
    _print(
        [item._asdict() for item in held] if options.json else "\n".join(map(silences.shown, held)) or "none"
    )
    return 0


def _watchdog(options: argparse.Namespace, config: Config) -> int:
    from monitoring import watchdog

    # That the samples are missing was told; a unit that fails each time would be told by others once more.
    watchdog.check(config, time.time())
    return 0


def _inspect(options: argparse.Namespace, config: Config) -> int:
    from monitoring.collectors import updates

    try:
        return updates.inspect(config.state_directory)
    except OSError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _notify_test(options: argparse.Namespace, config: Config) -> int:
    from monitoring import notify

    channels = notify.read(config.alerts).items
    if not channels:
        sys.stderr.write("error: there is no channel; set monitoring_channels and run the role\n")
        return 1
    errors = {item.name: notify.send(item, f"[{config.host}] test", options.text) for item in channels}
    _print("\n".join(f"{name}: {error or 'sent'}" for name, error in errors.items()))
    return 1 if any(errors.values()) else 0


def _exporter(options: argparse.Namespace, config: Config) -> int:
    from monitoring import exporter

    if not config.textfile:
        sys.stderr.write("error: the exporter serves the scrape file, and `textfile` is not set\n")
        return EXIT_USAGE
    exporter.serve(config.textfile, options.port)
    return 0


def _logs(options: argparse.Namespace, config: Config) -> int:
    from monitoring.logs import command

    return command.run(options, config)


_VERBS: dict[str, Callable[[argparse.Namespace, Config], int]] = {
    "status": _status,
    "alerts": _status,
    "checks": _checks,
    "logs": _logs,
    "top": _top,
    "silence": _silence,
    "watchdog": _watchdog,
    "inspect": _inspect,
    "notify-test": _notify_test,
    "exporter": _exporter,
}


def _print(what: Any) -> None:
    text = what if isinstance(what, str) else json.dumps(what, indent=2, ensure_ascii=False)
    sys.stdout.write(text + "\n")
