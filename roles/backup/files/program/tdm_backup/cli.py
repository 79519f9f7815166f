"""The commands. Exit status: 0 done, 1 failed (standard error says why), 75 another one is at work."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import sys
import time
from typing import Any, Callable, NoReturn

from tdm_backup import backup, disk, document, lock, password, problems, rehearsal, restic, restore, results
from tdm_backup import settings as settings_module
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings

EXIT_FAILED = 1
EXIT_BUSY = 75
# A restore by hand waits for the nightly backup to end.
WAIT_SECONDS = 60

Work = Callable[[Settings], "dict[str, Any]"]


def main() -> int:
    options = _parser().parse_args()
    settings = settings_module.load(options.config)
    os.umask(0o077)
    signal.signal(signal.SIGTERM, _stopped)
    try:
        return _run(options, settings)
    except lock.BusyError as error:
        sys.stderr.write(f"another one is running ({error}); this {options.verb} is left out\n")
        return EXIT_BUSY


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Backup, rehearsal and restore.")
    parser.add_argument("--config", required=True, help="JSON file with the settings")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("backup", help="take a backup now")
    verbs.add_parser("rehearse", help="restore the newest snapshot into a scratch directory and check it")
    verbs.add_parser("check", help="check the repository, and read the next part of its data")
    listing = verbs.add_parser("list", help="list the snapshots, the newest first")
    listing.add_argument("--json", action="store_true")
    verbs.add_parser("password", help="print the repository's password, the first time alone")
    stage = verbs.add_parser("stage", help="prepare a restore and check it; changes nothing of the service")
    stage.add_argument("--source", choices=["snapshot", "replica", "replaced"], default="snapshot")
    swap = verbs.add_parser("swap", help="put what was staged in place of the service's data")
    swap.add_argument("--accept-damage", action="store_true")
    one = verbs.add_parser("document", help="bring one document back into the running service")
    one.add_argument("id")
    for parser_of_choice in (stage, one):
        parser_of_choice.add_argument("--snapshot", default="latest")
        parser_of_choice.add_argument("--time", default="", help="the last snapshot at 'YYYY-MM-DD HH:MM'")
    raw = verbs.add_parser("restic", help="restic itself with the repository's settings")
    raw.add_argument("words", nargs=argparse.REMAINDER)
    return parser


def _run(options: argparse.Namespace, settings: Settings) -> int:
    if options.verb == "restic":
        os.execvpe(  # noqa: S606 (it takes the place of this program)
            "restic", ["restic", *settings.restic_options, *options.words], restic.environment(settings)
        )
    if options.verb == "password":
        sys.stdout.write(password.show_once(settings))
        return 0
    if options.verb == "list":
        return _told(settings, lambda: _list(settings, options.json))
    if options.verb in ("backup", "rehearse", "check"):
        return _recorded(options.verb, settings)
    with lock.held(settings, f"a restore ({options.verb})", WAIT_SECONDS):
        return _told(settings, lambda: json.dumps(_restored(options, settings)))


def _restored(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    if options.verb == "stage":
        if options.source == "snapshot":
            restic.open_repository(settings)
        return restore.stage(settings, options.source, options.snapshot, options.time)
    if options.verb == "swap":
        return restore.swap(settings, options.accept_damage)
    restic.open_repository(settings)
    return document.bring_back(settings, options.id, restore.choose(settings, options.snapshot, options.time))


def _list(settings: Settings, as_json: bool) -> str:
    found = restic.snapshots(settings)
    if as_json:
        return json.dumps([snapshot._asdict() for snapshot in found])
    return restore.table(found) or "there is no snapshot yet"


def _told(settings: Settings, work: Callable[[], str]) -> int:
    """Print what the work returns, or why it failed and what to do next."""
    try:
        sys.stdout.write(work() + "\n")
    except (Problem, OSError, sqlite3.Error) as error:
        cause = problems.cause_of_error(error)
        sys.stderr.write(f"{error}\n")
        if cause != problems.FAILED:
            sys.stderr.write(f"{cause}: {problems.next_step(cause, settings)}\n")
        return EXIT_FAILED
    return 0


_KINDS: dict[str, tuple[str, Work]] = {
    "backup": ("backup", backup.take),
    "rehearse": ("rehearsal", rehearsal.rehearse),
    "check": ("check", rehearsal.check),
}


def _recorded(verb: str, settings: Settings) -> int:
    """Do the work and write its result file."""
    kind, work = _KINDS[verb]
    with lock.held(settings, f"a {kind}"):
        started = time.time()
        try:
            details = work(settings)
        except (Problem, OSError, sqlite3.Error, KeyError, ValueError) as error:
            result = results.record(settings, kind, started, {}, error)
            if result["cause"] == problems.DAMAGED:
                # Old versions of restic keep damaged data there, and stumble over it when all is mended.
                disk.remove(settings.state("cache"))
            sys.stderr.write(f"{kind} failed ({result['cause']}): {error}\nnext: {result['next']}\n")
            return EXIT_FAILED
        result = results.record(settings, kind, started, details)
    sys.stdout.write(f"{kind} done in {result['seconds']} s: {json.dumps(details)}\n")
    return 0


def _stopped(number: int, _frame: object) -> NoReturn:
    raise Problem(f"stopped by signal {signal.Signals(number).name}")


if __name__ == "__main__":
    sys.exit(main())
