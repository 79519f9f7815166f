"""The command: deploy, rollback, list, maintenance. The last line it prints is its result as JSON."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from . import guard, history, host, maintenance
from .engine import Engine
from .failure import ReleaseError
from .procedure import Procedure
from .settings import Settings, read_settings


class StoppedError(BaseException):
    """The program was told to end; what it left is taken up by the next run."""


def main(arguments: list[str]) -> int:
    """The exit status: 0 done, 1 the release failed (standard error says why)."""
    wanted = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    # A controller that is gone is no reason to leave things half done.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        settings = read_settings(Path(wanted.settings))
        if wanted.command == "list":
            return _list(settings, wanted.json)
        if wanted.command == "maintenance":
            return _maintenance(settings, wanted)
        with guard.alone(settings.releases / ".lock"):
            return _release(settings, wanted)
    except ReleaseError as error:
        sys.stderr.write(f"{error.explain()}\n")
        return 1
    except StoppedError:
        sys.stderr.write("told to end; the next run goes on from here\n")
        return 1


def _release(settings: Settings, wanted: argparse.Namespace) -> int:
    began = time.monotonic()
    serving: list[float] = []

    def say(text: str) -> None:
        if " serves" in text:
            serving.append(time.monotonic() - began)
        _print(f"{time.monotonic() - began:6.1f} s  {text}")

    engine = Engine(settings)
    procedure = Procedure(settings, engine, say)
    interrupted = history.note_interrupted(settings)
    if interrupted:
        say(f"the {interrupted.what} to {interrupted.target} by {interrupted.who} was interrupted: going on")
    origin = host.look(settings, engine.containers()).release
    run = history.Run(wanted.who, wanted.command, origin, wanted.release or "previous", time.time())
    history.begin(settings, run)
    try:
        if wanted.command == "deploy":
            known = history.read_note(settings, wanted.release)
            note = {**known, "who": wanted.who, **json.loads(wanted.note)}
            changed = procedure.deploy(wanted.release, note, wanted.force)
        else:
            run = run._replace(target=procedure.rollback(wanted.release, wanted.restore_data))
            changed = True
    except (ReleaseError, OSError) as error:
        history.end(settings, run, "failed", str(error))
        if isinstance(error, ReleaseError):
            raise
        raise ReleaseError(str(error)) from error
    history.end(settings, run, "ok" if changed else "unchanged")
    result: dict[str, Any] = {
        "changed": changed,
        "from": origin,
        "to": run.target,
        "seconds": round(time.monotonic() - began, 1),
        "serving_after": round(serving[-1], 1) if serving else None,
        "slot": host.look(settings, engine.containers()).slot,
    }
    _print(json.dumps(result))
    return 0


def _list(settings: Settings, as_json: bool) -> int:
    live = host.look(settings, Engine(settings).containers())
    rows = history.listing(settings, live)
    if as_json:
        _print(json.dumps({"releases": rows, "maintenance": maintenance.is_on(settings)}, ensure_ascii=False))
        return 0
    _print("   release                           deployed              by                    from")
    for row in rows:
        mark = "->" if row["live"] else " <" if row["previous"] else "  "
        source = f"{row['source'] or '?'} {(row['commit'] or '')[:12]}{' (dirty)' if row['dirty'] else ''}"
        kept = ", snapshot of its data" if row["snapshot"] else ""
        slot = f", live in {row['slot']}" if row["live"] else ", previous" if row["previous"] else ""
        deployed, who = row["deployed"] or "never", row["who"] or "?"
        _print(f"{mark} {row['release']:<33} {deployed:<21} {who:<21} {source}{slot}{kept}")
    if maintenance.is_on(settings):
        _print("Maintenance is on: playbooks/maintenance.yml -e state=off ends it.")
    return 0


def _maintenance(settings: Settings, wanted: argparse.Namespace) -> int:
    run = history.Run(wanted.who, "maintenance", None, wanted.state, time.time())
    on = wanted.state == "on"
    changed = maintenance.turn_on(settings, wanted.allow) if on else maintenance.turn_off(settings)
    if changed:
        history.audit(settings, run, "ok")
    _print(json.dumps({"changed": changed, "maintenance": on}))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="release", description="Releases of the service on this host.")
    parser.add_argument("--settings", required=True, help="JSON file with paths, names and figures")
    parser.add_argument("--who", default="root on the host", help="who asks, for the audit log")
    commands = parser.add_subparsers(dest="command", required=True)
    deploy = commands.add_parser("deploy", help="make a release live that lies below releases/")
    deploy.add_argument("release")
    deploy.add_argument("--note", default="{}", help="JSON: commit, dirty, source, who")
    deploy.add_argument("--force", action="store_true", help="start it anew although it is live")
    rollback = commands.add_parser("rollback", help="go back to the release before this one, or to RELEASE")
    rollback.add_argument("release", nargs="?")
    rollback.add_argument(
        "--restore-data", action="store_true", help="bring its snapshot of the data back, too"
    )
    listing = commands.add_parser("list", help="the releases on this host")
    listing.add_argument("--json", action="store_true")
    switch = commands.add_parser("maintenance", help="answer 503 with a page, or end it")
    switch.add_argument("state", choices=["on", "off"])
    switch.add_argument("--allow", action="append", default=[], help="an address that is let through")
    return parser


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = sys.stderr


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise StoppedError
