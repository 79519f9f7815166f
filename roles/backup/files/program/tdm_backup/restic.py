"""Calls of restic, and its words made into causes."""

from __future__ import annotations

import calendar
import contextlib
import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from tdm_backup import problems
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings

WRONG_PASSWORD = 12
NO_REPOSITORY = 10
_RETRY = "retrying after"
# Longest pause between two attempts, by which attempts belong together.
_RETRY_PAUSE_SECONDS = 120
# What another attempt does not mend.
_HOPELESS = (
    "no space left on device",
    "no such file or directory",
    "access key ID you provided",
    "signature we calculated",
)
_ABSENT = ("repository does not exist", "is there a repository at the following location")
_ABSENT_REASONS = ("no such file", "does not exist", "key does not exist", "nosuchbucket", "not exist")


class Snapshot(NamedTuple):
    """A snapshot in the repository: `time` in seconds since the epoch, `paths` as they were on the host."""

    identity: str
    time: float
    host: str
    paths: list[str]

    def path(self, name: str) -> str:
        """The path in the snapshot whose last part is `name`. Raises Problem."""
        for path in self.paths:
            if Path(path).name == name:
                return path
        raise Problem(f"snapshot {self.identity[:8]} holds no {name}: it is not one of this program's")


class Done(NamedTuple):
    """A call that has ended."""

    status: int
    output: str
    errors: str

    @property
    def reason(self) -> str:
        """Return restic's own words, from its JSON or its plain lines."""
        said = []
        for line in (line.strip() for line in self.errors.splitlines()):
            if not line or line.startswith("goroutine "):
                continue
            try:
                message = json.loads(line)
                said.append(str(message.get("message") or message.get("error")))
            except (ValueError, AttributeError):
                said.append(line)
        return " | ".join(said[:4])[:1000] or f"exit status {self.status}"

    def problem(self, what: str) -> Problem:
        """Return the failure in words, with its cause."""
        cause = problems.LOST_PASSWORD if self.status == WRONG_PASSWORD else problems.cause_of(self.errors)
        return Problem(f"{what}: {self.reason}", cause)

    def messages(self, kind: str) -> list[dict[str, Any]]:
        """Return the JSON lines of a type, from both streams."""
        found = []
        for line in [*self.output.splitlines(), *self.errors.splitlines()]:
            with contextlib.suppress(ValueError):
                message = json.loads(line)
                if isinstance(message, dict) and message.get("message_type") == kind:
                    found.append(message)
        return found


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of restic: the repository and the file that holds its password."""
    return {
        **os.environ,
        "RESTIC_REPOSITORY": settings.repository,
        "RESTIC_PASSWORD_FILE": settings.password_file,
        "RESTIC_CACHE_DIR": str(settings.state("cache")),
        "RESTIC_PROGRESS_FPS": "0.01",
    }


def run(settings: Settings, *words: str) -> Done:
    """Run restic. It is ended when it tries the same in vain for `retry_seconds`, or when the disk is full.

    By itself it would go on trying for 15 minutes.
    """
    # Not a pipe: an `ls` of many files would fill it while nobody reads.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(
            ["restic", *settings.restic_options, *words],
            env=environment(settings),
            stdout=output,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
        )
        lines: list[str] = []
        reader = threading.Thread(target=_read, args=(process, lines, settings.retry_seconds), daemon=True)
        reader.start()
        try:
            status = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        reader.join()
        assert process.stderr is not None
        process.stderr.close()
        output.seek(0)
        return Done(status, output.read(), "".join(lines))


def _read(process: subprocess.Popen[str], lines: list[str], patience: float) -> None:
    first = last = 0.0
    assert process.stderr is not None
    for line in process.stderr:
        if len(lines) < 2000:
            lines.append(line)
        if _RETRY not in line:
            continue
        now = time.monotonic()
        if now - last > _RETRY_PAUSE_SECONDS:
            first = now
        last = now
        if any(sign in line for sign in _HOPELESS) or now - first > patience:
            process.terminate()


def checked(settings: Settings, what: str, *words: str) -> Done:
    """Run restic and raise Problem when it fails; `what` says what it could not do."""
    done = run(settings, *words)
    if done.status != 0:
        raise done.problem(f"restic could not {what}")
    return done


def _opened(settings: Settings) -> Done | None:
    """Return None when the repository is there and the password opens it, else what restic said.

    Removes locks whose process is gone; those of living processes stay.
    """
    done = run(settings, "unlock")
    if done.status != 0:
        return done
    _remember(settings)
    return None


def open_repository(settings: Settings) -> None:
    """Make sure that the repository can be opened. Raises Problem."""
    refused = _opened(settings)
    if refused is not None:
        raise _refusal(settings, refused)


def open_or_make_repository(settings: Settings) -> None:
    """The same, for a backup: where there has never been a repository, one is made."""
    refused = _opened(settings)
    if refused is None:
        return
    if not _is_absent(refused):
        raise _refusal(settings, refused)
    if _known(settings):
        raise Problem(
            f"the repository {settings.repository} is gone although it has held snapshots: is its disk"
            " mounted? (nothing new is made in its place)",
            problems.DAMAGED,
        )
    if settings.local and _has_files(Path(settings.repository)):
        raise Problem(
            f"the repository {settings.repository} has lost its config file: restic cannot open it",
            problems.DAMAGED,
        )
    made = run(settings, "init")
    if made.status != 0:
        raise made.problem(f"the repository {settings.repository} cannot be opened")
    _remember(settings)


def _refusal(settings: Settings, done: Done) -> Problem:
    problem = done.problem(f"the repository {settings.repository} cannot be opened")
    if settings.local and problem.cause == problems.LOST_PASSWORD and not _keys(settings):
        return Problem(f"the repository {settings.repository} has lost its keys", problems.DAMAGED)
    if _is_absent(done):
        return Problem(str(problem), problems.DAMAGED if _known(settings) else problems.FAILED)
    return problem


def _is_absent(done: Done) -> bool:
    text = done.errors.lower()
    if done.status == NO_REPOSITORY:
        return True
    # restic before 0.17 has no exit status for it; a refused login or a dead line end in the same last words.
    if problems.cause_of(text) != problems.FAILED:
        return False
    return any(sign in text for sign in _ABSENT) and any(sign in text for sign in _ABSENT_REASONS)


def _has_files(directory: Path) -> bool:
    return any(path.is_file() for path in directory.rglob("*"))


def _keys(settings: Settings) -> list[Path]:
    return list(Path(settings.repository, "keys").glob("*"))


def _known(settings: Settings) -> bool:
    try:
        return settings.state("repository").read_text(encoding="utf-8").strip() == settings.repository
    except OSError:
        return False


def _remember(settings: Settings) -> None:
    if not _known(settings):
        settings.state("repository").write_text(settings.repository + "\n", encoding="utf-8")


def snapshots(settings: Settings) -> list[Snapshot]:
    """Return the snapshots of this host's service, the oldest first. Raises Problem."""
    done = checked(settings, "list the snapshots", "snapshots", "--json", "--tag", settings.tag)
    found = json.loads(done.output or "[]") or []
    return sorted(
        (
            Snapshot(str(item["id"]), _moment(str(item["time"])), str(item["hostname"]), list(item["paths"]))
            for item in found
        ),
        key=lambda snapshot: snapshot.time,
    )


def _moment(text: str) -> float:
    """Return seconds since the epoch of restic's 2026-11-20T03:00:00.123456789+08:00."""
    base = time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    rest = text[19:].lstrip(".0123456789")
    offset = 0
    if rest and rest != "Z":
        sign = -1 if rest[0] == "-" else 1
        hours, _, minutes = rest[1:].partition(":")
        offset = sign * (int(hours) * 3600 + int(minutes or 0) * 60)
    return calendar.timegm(base) - offset


def restored_bytes(settings: Settings, snapshot: Snapshot) -> int:
    """Return how many bytes a restore of the snapshot writes."""
    done = checked(
        settings, "measure the snapshot", "stats", "--json", "--mode", "restore-size", snapshot.identity
    )
    return int(json.loads(done.output.splitlines()[-1])["total_size"])


def restore(settings: Settings, snapshot: Snapshot, target: Path, *include: str) -> None:
    """Write the snapshot, or the paths to include, below `target`. Raises Problem."""
    words = [word for path in include for word in ("--include", path)]
    done = run(settings, "restore", snapshot.identity, "--target", str(target), *words)
    # Some versions only say it.
    if done.status != 0 or "ignoring error for" in done.errors:
        raise done.problem(f"restic could not restore snapshot {snapshot.identity[:8]}")
