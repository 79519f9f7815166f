"""Validation: commands judge the new content in a staging directory before anything is replaced."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
from contextlib import suppress
from typing import Sequence

from . import disk
from .changes import Change
from .manifest import File, Link, StateError
from .survey import Survey

TIMEOUT_S = 120
_SEPARATORS = re.compile(rb"[\s=:,'\"]+")


def validate(survey: Survey, state_directory: str, only_if_possible: bool = False) -> list[str]:
    """Run the validations of all that would change; return the labels of those that could not run.

    Raises StateError with the validator's output when one refuses. `only_if_possible` (check mode) passes
    over a validator that is not installed, and over content that was not transferred.
    """
    stage = os.path.join(state_directory, "stage", survey.manifest.name)
    _clear(stage)
    skipped: list[str] = []
    try:
        for label, command, path, secret in _jobs(survey, stage, only_if_possible, skipped):
            _run(label, command, path, secret)
    finally:
        _clear(stage)
        with suppress(OSError):
            os.rmdir(os.path.dirname(stage))
    return skipped


def _jobs(
    survey: Survey, stage: str, only_if_possible: bool, skipped: list[str]
) -> list[tuple[str, str, str, Sequence[bytes]]]:
    """Stage what has to be judged; return (label, command, staged path, what its output must not show)."""
    jobs: list[tuple[str, str, str, Sequence[bytes]]] = []
    hidden = _hidden_contents(survey)
    for number, change in enumerate(survey.changes):
        item = change.item
        if not isinstance(item, File) or not item.validate or not change.new_content:
            continue
        if only_if_possible and (change.content is None or not _is_there(item.validate)):
            skipped.append(f"{item.label} {item.path}")
            continue
        path = os.path.join(stage, str(number), os.path.basename(item.path))
        disk.make_private(os.path.dirname(path))
        _stage_file(change, path)
        jobs.append((f"{item.label} {item.path}", item.validate, path, hidden))
    for validation in survey.manifest.validations:
        changes = [change for change in survey.changes if disk.below(change.path, validation.root)]
        if not changes and not any(disk.below(gone.path, validation.root) for gone in survey.removals):
            continue
        label = f"{validation.label} {validation.root}"
        untold = any(
            change.content is None and change.new_content and change.kind == "file" for change in changes
        )
        if only_if_possible and (untold or not _is_there(validation.command)):
            skipped.append(label)
            continue
        path = os.path.join(stage, validation.label, os.path.basename(validation.root))
        _stage_tree(survey, validation.root, path)
        jobs.append((label, validation.command, path, hidden))
    return jobs


def _hidden_contents(survey: Survey) -> list[bytes]:
    """Return what no message may show: the sensitive content that changes, and that which stays."""
    contents = [change.content for change in survey.changes if change.hidden and change.content]
    paths = [secret.path for secret in survey.manifest.secrets]
    paths += [file.path for file in survey.manifest.files if file.sensitive]
    contents += [disk.read(path) for path in paths if os.path.isfile(path)]
    return contents


def _is_there(command: str) -> bool:
    return shutil.which(shlex.split(command)[0]) is not None


def _run(label: str, command: str, path: str, hidden: Sequence[bytes]) -> None:
    if not _is_there(command):
        raise StateError(f"{label}: its validator {shlex.split(command)[0]} is not installed on the host")
    arguments = [part.replace("%s", path) for part in shlex.split(command)]
    try:
        run = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StateError(
            f"{label}: `{command}` did not end within {TIMEOUT_S} s; nothing was changed"
        ) from None
    if run.returncode != 0:
        raise StateError(
            f"{label}: `{command}` refuses the new content (exit status {run.returncode});"
            " nothing was changed:\n" + _without(run.stdout, hidden).decode(errors="replace").strip()
        )


def _without(output: bytes, hidden: Sequence[bytes]) -> bytes:
    """Return the output without the lines of sensitive content and their words of six letters or more."""
    words = {word for content in hidden for word in [*content.splitlines(), *_SEPARATORS.split(content)]}
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= 6:
            output = output.replace(word, b"********")
    return output


def _stage_tree(survey: Survey, root: str, stage: str) -> None:
    """Copy `root` as it will be to `stage`."""
    if os.path.isdir(root):
        _copy(root, stage)
    else:
        disk.make_private(stage)

    def staged(path: str) -> str:
        return os.path.join(stage, os.path.relpath(path, root)) if path != root else stage

    for removal in survey.removals:
        if disk.below(removal.path, root):
            _clear(staged(removal.path))
    for change in survey.changes:
        if not disk.below(change.path, root):
            continue
        path = staged(change.path)
        disk.make_private(os.path.dirname(path))
        if isinstance(change.item, Link):
            _clear(path)
            os.symlink(change.item.target, path)
        elif change.kind == "directory":
            if not os.path.isdir(path):
                _clear(path)
                os.mkdir(path)
            _attributes(change, path)
        elif change.new_content:
            _clear(path)
            _stage_file(change, path)
        else:
            _attributes(change, path)


def _stage_file(change: Change, path: str) -> None:
    if change.content is None:
        raise StateError(f"{change.item.label} {change.path}: its content was not transferred")
    with open(path, "wb") as handle:
        os.fchmod(handle.fileno(), 0o600)
        handle.write(change.content)
    _attributes(change, path)


def _attributes(change: Change, path: str) -> None:
    if change.uid is not None and change.gid is not None:
        os.chown(path, change.uid, change.gid)
    os.chmod(path, change.mode)


def _copy(source: str, target: str) -> None:
    """Copy a directory with owners and modes; links stay links, sockets and devices are left out."""
    disk.make_private(os.path.dirname(target))
    os.mkdir(target, 0o700)
    for entry in os.scandir(source):
        path = os.path.join(target, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), path)
        elif entry.is_dir():
            _copy(entry.path, path)
        elif entry.is_file():
            shutil.copyfile(entry.path, path)
            _like(os.lstat(entry.path), path)
    _like(os.lstat(source), target)


def _like(status: os.stat_result, path: str) -> None:
    os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, stat.S_IMODE(status.st_mode))


def _clear(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
