"""The result files that health and alerts read: one for each kind of work."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tdm_backup import problems
from tdm_backup.settings import Settings

FILES = {"backup": "last.json", "rehearsal": "rehearsal.json", "check": "check.json"}


def read(settings: Settings, kind: str) -> dict[str, Any]:
    """Return the last result of a kind; empty when there is none."""
    try:
        found = json.loads(settings.state(FILES[kind]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def record(
    settings: Settings,
    kind: str,
    started: float,
    details: dict[str, Any],
    error: BaseException | None = None,
) -> dict[str, Any]:
    """Write the result file of `kind` and return its content; `last_success` outlives failures.

    `details` are the fields of the kind: `snapshot`, sizes, counts.
    """
    finished = time.time()
    cause = problems.cause_of_error(error) if error else ""
    result: dict[str, Any] = {
        "kind": kind,
        "status": "failed" if error else "ok",
        "ok": error is None,
        "time": _iso(started),
        "started_at": round(started, 3),
        "finished_at": round(finished, 3),
        "seconds": round(finished - started, 1),
        "error": str(error) if error else "",
        "cause": cause,
        "next": problems.next_step(cause, settings) if cause else "",
        "snapshot": None,
        **details,
    }
    if error:
        result["last_success"] = read(settings, kind).get("last_success")
    else:
        result["last_success"] = {key: result[key] for key in ("time", "snapshot", "finished_at")}
    write(settings.state(FILES[kind]), result)
    return result


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file `path`, whole and readable for everybody."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    temporary.chmod(0o644)
    temporary.replace(path)


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
