"""The file system: looking at paths, and writing so that an interruption leaves every file whole."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import Iterable

from .manifest import StateError

TEMP_PREFIX = ".host_state."
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Found:
    """What stands at a path. `target` is a link's."""

    kind: str  # file, directory, link, other
    uid: int
    gid: int
    mode: int
    size: int
    target: str = ""


def look(path: str) -> Found | None:
    """Return what stands at `path` without following a link, or None. Raises StateError below a file."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise StateError(f"{path}: a part of the path is not a directory") from None
    mode = status.st_mode
    if stat.S_ISREG(mode):
        kind = "file"
    elif stat.S_ISDIR(mode):
        kind = "directory"
    elif stat.S_ISLNK(mode):
        return Found("link", status.st_uid, status.st_gid, 0o777, 0, os.readlink(path))
    else:
        kind = "other"
    return Found(kind, status.st_uid, status.st_gid, stat.S_IMODE(mode), status.st_size)


def read(path: str) -> bytes:
    """Return the content of a file."""
    with open(path, "rb") as handle:
        return handle.read()


def digest_of(path: str) -> str:
    """Return the SHA-256 of a file in hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        for piece in iter(lambda: handle.read(_CHUNK), b""):
            digest.update(piece)
    return digest.hexdigest()


def temp_name(path: str) -> str:
    """Return the temporary name of a path: in the same directory, the same on every run.

    Being predictable, the left-over of an interrupted run is found without a search. The tilde and the
    leading dot make cron, run-parts, logrotate and sudo pass it by.
    """
    folder, name = os.path.split(path)
    if len(os.fsencode(name)) > 200:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return os.path.join(folder, f"{TEMP_PREFIX}{name}~")


def remove_temp(path: str) -> None:
    """Remove what an interrupted run left at the temporary name of `path`."""
    with suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(temp_name(path))


def write_temp(path: str, content: bytes, uid: int, gid: int, mode: int) -> str:
    """Write `content` durably to the temporary name of `path` and return that name."""
    remove_temp(path)
    name = temp_name(path)
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    return name


def replace(path: str) -> None:
    """Give the written temporary file its real name. Call `sync_directories` afterwards."""
    os.rename(temp_name(path), path)


def write_atomic(path: str, content: bytes, uid: int = 0, gid: int = 0, mode: int = 0o600) -> None:
    """Write a file so that its name always stands for the whole old or the whole new content."""
    write_temp(path, content, uid, gid, mode)
    replace(path)
    sync_directories([os.path.dirname(path)])


def link_temp(path: str, target: str) -> None:
    """Make a link at the temporary name of `path`."""
    remove_temp(path)
    os.symlink(target, temp_name(path))


def sync_directories(paths: Iterable[str]) -> None:
    """Make renames and removals in these directories durable."""
    for path in sorted(set(paths)):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_private(path: str) -> None:
    """Make a directory, and those above it that are missing, for this user alone."""
    if not os.path.isdir(path):
        make_private(os.path.dirname(path))
        os.mkdir(path, 0o700)


def below(path: str, root: str) -> bool:
    """Tell whether `path` is `root` or stands below it."""
    return path == root or path.startswith(root.rstrip("/") + "/")
