"""What is written down of releases: the audit log, and each release's own note of who made it from what."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any, NamedTuple

from . import host
from .data import SNAPSHOT
from .engine import Engine
from .host import Live
from .settings import Settings

NOTE = "release.json"


class Run(NamedTuple):
    """One run of the program: who asked for what, and where it began."""

    who: str
    what: str
    origin: str | None
    target: str
    started: float


def audit(settings: Settings, run: Run, result: str, reason: str = "") -> None:
    """Appends a line to the audit log, on the disk when this returns."""
    entry: dict[str, Any] = {
        "time": _iso(run.started),
        "who": run.who,
        "what": run.what,
        "from": run.origin,
        "to": run.target,
        "result": result,
        "seconds": round(time.time() - run.started, 1),
    }
    if reason:
        entry["reason"] = reason
    append(settings.audit, entry)


def append(path: Path, entry: dict[str, Any]) -> None:
    """Appends one JSON line in one write."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o640)
    try:
        os.write(descriptor, (json.dumps(entry, ensure_ascii=False) + "\n").encode("utf-8"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def begin(settings: Settings, run: Run) -> None:
    """Notes a run that is under way: if it is killed, the next one writes it down as interrupted."""
    _write(_under_way(settings), run._asdict())


def end(settings: Settings, run: Run, result: str, reason: str = "") -> None:
    """Writes down how a run ended."""
    audit(settings, run, result, reason)
    with contextlib.suppress(FileNotFoundError):
        _under_way(settings).unlink()


def note_interrupted(settings: Settings) -> Run | None:
    """Writes down a run that was killed; it, or None."""
    path = _under_way(settings)
    with contextlib.suppress(OSError, ValueError, TypeError):
        run = Run(**json.loads(path.read_text(encoding="utf-8")))
        end(settings, run, "interrupted")
        return run
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    return None


def write_note(settings: Settings, release: str, note: dict[str, Any]) -> None:
    """Notes in the release's directory who deployed it, when and from what."""
    _write(settings.release(release) / NOTE, {**note, "deployed": _iso(time.time())})


def read_note(settings: Settings, release: str) -> dict[str, Any]:
    """The note of a release; empty when it was never started."""
    try:
        note = json.loads((settings.release(release) / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def by_age(settings: Settings) -> list[str]:
    """The releases on the host, the one that was deployed last at the end."""
    return sorted(
        host.known_releases(settings), key=lambda name: read_note(settings, name).get("deployed", "")
    )


def listing(settings: Settings, live: Live) -> list[dict[str, Any]]:
    """What playbooks/releases.yml shows, the newest first."""
    previous = host.previous_release(settings)
    rows = []
    for name in reversed(by_age(settings)):
        note = read_note(settings, name)
        rows.append(
            {
                "release": name,
                "live": name == live.release,
                "slot": live.slot if name == live.release else None,
                "previous": name == previous and name != live.release,
                "deployed": note.get("deployed"),
                "who": note.get("who"),
                "source": note.get("source"),
                "commit": note.get("commit"),
                "dirty": note.get("dirty"),
                "snapshot": (settings.release(name) / SNAPSHOT).exists(),
            }
        )
    return rows


def prune(settings: Settings, engine: Engine, live: Live) -> list[str]:
    """Removes old releases; their names. The live one and the one a rollback returns to always stay."""
    kept = {live.release, host.previous_release(settings)}
    others = [name for name in by_age(settings) if name not in kept]
    room = max(0, settings.keep - len(kept - {None}))
    removed = others[: max(0, len(others) - room)]
    for name in removed:
        _remove(settings, engine, name)
    return removed


def _remove(settings: Settings, engine: Engine, name: str) -> None:
    """Removes a release; its directory last, so that what is left of an interrupted run is found again."""
    shutil.rmtree(settings.pages(name), ignore_errors=True)
    image = image_of(settings, name)
    others = {image_of(settings, other) for other in host.known_releases(settings) if other != name}
    if image not in others and engine.exists(image):
        engine.docker("image", "rm", "--force", image, what=f"removing the image {image}")
    shutil.rmtree(settings.release(name))


def image_of(settings: Settings, release: str) -> str:
    """The image of a release: its name without the part that stands for the settings."""
    return f"{settings.image}:{release.rpartition('-')[0]}"


def _under_way(settings: Settings) -> Path:
    return settings.releases / ".under-way.json"


def _write(path: Path, content: dict[str, Any]) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.rename(fresh, path)  # noqa: PTH104 - Path.rename of 3.7 returns None


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
