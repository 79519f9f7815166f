"""Files on disk: staged under data/tmp while they arrive, then renamed into data/files/<aa>/."""

from __future__ import annotations

import errno
import hashlib
import io
import math
import os
import shutil
import time
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.models import new_id

FILE_MODE = 0o640
DIRECTORY_MODE = 0o750
NAME_LIMIT = 255
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_UNWANTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class StorageFull(Exception):  # noqa: N818 - a state, told to the user as such
    """The disk has no room; nothing was kept."""


class TooLarge(Exception):  # noqa: N818
    """More bytes arrived than one file may have; nothing was kept."""


def is_full(error: BaseException) -> bool:
    """Whether the operating system, or SQLite, refused for want of room."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    return "database or disk is full" in str(error)


def safe_name(raw: str) -> str:
    """The name of a document as shown and offered for download, never used as a path.

    Folders before the last slash or backslash go, as do control and direction marks; at most 255
    bytes of UTF-8 stay, the extension among them.
    """
    text = unicodedata.normalize("NFC", raw.replace("\\", "/").rpartition("/")[2])
    text = "".join(" " if c.isspace() else c for c in text if unicodedata.category(c) not in _UNWANTED)
    text = " ".join(text.split()).strip(". ") or "unnamed"
    stem, dot, extension = text.rpartition(".")
    if not dot or len(extension) > 16:
        stem, dot, extension = text, "", ""
    room = NAME_LIMIT - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + extension


class StagedFile(io.RawIOBase):
    """A file that is arriving: counts and hashes what is written, and is removed unless it is kept."""

    def __init__(self, path: Path, limit: int | None = None) -> None:
        super().__init__()
        self.path = path
        self.size = 0
        self._limit = limit
        self._hash = hashlib.sha256()
        self._kept = False
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of what was written so far."""
        return self._hash.hexdigest()

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self._limit is not None and self.size + len(data) > self._limit:
            raise TooLarge
        view = memoryview(data)
        try:
            while view:
                written = os.write(self._handle, view)
                self._hash.update(view[:written])
                self.size += written
                view = view[written:]
        except OSError as error:
            if is_full(error):
                raise StorageFull from error
            raise
        return len(data)

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        return os.readv(self._handle, [buffer])

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._handle, offset, whence)

    def keep_as(self, target: Path) -> None:
        """Makes the content durable, then gives it its final name."""
        try:
            os.fsync(self._handle)
            target.parent.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
            self.path.rename(target)
            self._kept = True
            for directory in (target.parent, target.parent.parent):
                _sync_directory(directory)
        except OSError as error:
            if self._kept:
                target.unlink(missing_ok=True)
            if is_full(error):
                raise StorageFull from error
            raise

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        os.close(self._handle)
        if not self._kept:
            self.path.unlink(missing_ok=True)


class FileStore:
    """The directories `tmp` and `files` of the data directory."""

    def __init__(self, files_dir: Path, tmp_dir: Path, min_free_bytes: int = 0) -> None:
        self.files_dir = files_dir
        self.tmp_dir = tmp_dir
        self.min_free_bytes = min_free_bytes

    def prepare(self) -> None:
        """Makes the two directories when they are missing."""
        for directory in (self.files_dir, self.tmp_dir):
            directory.mkdir(mode=DIRECTORY_MODE, exist_ok=True)

    def free_bytes(self) -> int:
        """Bytes an unprivileged process may still write."""
        return shutil.disk_usage(self.tmp_dir).free

    def stage(self, expected: int = 0, limit: int | None = None) -> StagedFile:
        """An empty staged file. Raises StorageFull when `expected` bytes would eat the reserve."""
        if self.free_bytes() - expected < self.min_free_bytes:
            raise StorageFull
        try:
            return StagedFile(self.tmp_dir / new_id(), limit)
        except OSError as error:
            if is_full(error):
                raise StorageFull from error
            raise

    def keep(self, staged: StagedFile) -> str:
        """Moves a staged file to its final place; returns its path relative to the files directory."""
        name = new_id()
        relative = f"{name[-2:]}/{name}"
        staged.keep_as(self.files_dir / relative)
        return relative

    def path(self, relative: str) -> Path:
        """The absolute path of a stored file."""
        return self.files_dir / relative

    def remove(self, relative: str) -> None:
        """Removes a stored file; one that is gone already is no error."""
        self.path(relative).unlink(missing_ok=True)

    def probe(self) -> None:
        """Writes, syncs and removes one small file. Raises OSError when the disk does not take it."""
        path = self.tmp_dir / f".probe-{new_id()}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            os.write(handle, b"probe")
        finally:
            os.close(handle)
            path.unlink()

    def remove_stale(self, older_than_seconds: float) -> int:
        """Removes what cut uploads left behind in tmp; returns how many files."""
        limit = time.time() - older_than_seconds
        return sum(1 for path in _files_of(self.tmp_dir) if _remove_if_older(path, limit))

    def stored_before(self, limit: float, batch: int = 200) -> Iterator[list[str]]:
        """Relative paths of the stored files that got their name before `limit` (Unix time), in batches."""
        found: list[str] = []
        for directory in sorted(entry.name for entry in os.scandir(self.files_dir) if entry.is_dir()):
            for path in _files_of(self.files_dir / directory):
                # Renaming a file touches its status, not its content's time.
                if _changed_at(path) < limit:
                    found.append(f"{directory}/{path.name}")
                if len(found) >= batch:
                    yield found
                    found = []
        if found:
            yield found


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_ctime
    except FileNotFoundError:
        return math.inf


def _files_of(directory: Path) -> Iterable[Path]:
    return (Path(entry.path) for entry in os.scandir(directory) if entry.is_file(follow_symlinks=False))


def _remove_if_older(path: Path, limit: float) -> bool:
    try:
        if path.stat().st_mtime >= limit:
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
