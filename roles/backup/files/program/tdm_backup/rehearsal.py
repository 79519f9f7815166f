"""The proof that a restore would work, and the check of the repository itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tdm_backup import database, disk, problems, restic, results, verify
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings


def rehearse(settings: Settings) -> dict[str, Any]:
    """Restore the newest snapshot into a scratch directory and check it; return the result's fields."""
    scratch = settings.state("rehearsal")
    disk.remove(scratch)
    restic.open_repository(settings)
    found = restic.snapshots(settings)
    if not found:
        raise Problem("there is no snapshot to rehearse with: no backup has succeeded yet")
    snapshot = found[-1]
    size = restic.restored_bytes(settings, snapshot)
    disk.demand(settings.state(""), size, "a restored snapshot")
    scratch.mkdir(mode=0o700)
    try:
        restic.restore(settings, snapshot, scratch)
        name = Path(settings.database).name
        contents = database.examine(scratch / snapshot.path("copy").lstrip("/") / name)
        findings = verify.check_files(scratch / snapshot.path("files").lstrip("/"), contents.files)
    finally:
        disk.remove(scratch)
    if not findings.whole:
        raise Problem(
            f"snapshot {snapshot.identity[:8]} is not whole: {findings.sentence()}",
            _culprit(settings, findings),
        )
    return {
        "snapshot": snapshot.identity,
        "snapshot_time": round(snapshot.time),
        "snapshots": len(found),
        "bytes": size,
        "rows": contents.rows,
        **findings.numbers(),
    }


def _culprit(settings: Settings, findings: verify.Findings) -> str:
    """The repository is to blame when the service itself still has the file."""
    lost = [*findings.missing, *findings.damaged]
    there = any(Path(settings.files, path).is_file() for path in lost)
    return problems.DAMAGED if there else problems.FAILED


def check(settings: Settings) -> dict[str, Any]:
    """Check the repository's structure and read one part of its data, the next one each time."""
    restic.open_repository(settings)
    parts = settings.check_parts
    part = int(results.read(settings, "check").get("part") or 0) % parts + 1
    done = restic.run(settings, "check", "--with-cache", f"--read-data-subset={part}/{parts}")
    if done.status != 0:
        problem = done.problem("the repository is not sound")
        if problem.cause == problems.FAILED:
            problem = Problem(str(problem), problems.DAMAGED)
        raise problem
    return {"part": part, "parts": parts}
