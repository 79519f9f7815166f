"""The files of one log: the current one and what rotation made of it, opened together, newest last."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path
from typing import IO, NamedTuple, cast

_NUMBERED = re.compile(r"\.([0-9]+)(\.gz)?$")
_DATED = re.compile(r"[-.]([0-9]{8}[-0-9]*)(\.gz)?$")
_TRIES = 10


class Generation(NamedTuple):
    """An open file of a log. `size` is that on the disk; the content of a compressed one is longer."""

    path: str
    file: IO[bytes]
    device: int
    inode: int
    size: int
    mtime: float
    compressed: bool
    current: bool

    def content(self) -> IO[bytes]:
        """Return a reader of the content from its start."""
        self.file.seek(0)
        return cast("IO[bytes]", gzip.GzipFile(fileobj=self.file)) if self.compressed else self.file


def names(path: str) -> list[str]:
    """Return the paths of the log's files, oldest first, the current one last.

    Numbered (`.1`, `.2.gz`) and dated (`-20261124`) rotation. While a file is being compressed both it and
    the unfinished .gz are there: the .gz counts only when the plain file is gone.
    """
    directory, base = Path(path).parent, Path(path).name
    found = []
    try:
        entries = {entry.name for entry in directory.iterdir()}
    except FileNotFoundError:
        return []
    for name in entries:
        if not name.startswith(base) or (name[:-3] in entries and name.endswith(".gz")):
            continue
        suffix = name[len(base) :]
        numbered, dated = _NUMBERED.fullmatch(suffix), _DATED.fullmatch(suffix)
        if not suffix:
            found.append(((2, 0, ""), name))
        elif numbered:
            found.append(((1, -int(numbered[1]), ""), name))
        elif dated:
            found.append(((0, 0, dated[1]), name))
    return [str(directory / name) for _order, name in sorted(found)]


def open_all(path: str) -> list[Generation]:
    """Open the log's files, oldest first. Rotation may go on: what is returned are the files of one moment.

    Raises OSError when a file cannot be read.
    """
    for _attempt in range(_TRIES):
        opened: list[Generation] = []
        try:
            listed = names(path)
            for name in listed:
                opened.append(_open(name, current=Path(name) == Path(path)))
            if names(path) == listed and all(_still_there(one) for one in opened):
                return opened
        except FileNotFoundError:
            pass
        close_all(opened)
    raise OSError(f"{path}: the files of this log are renamed faster than they can be opened")


def close_all(generations: list[Generation]) -> None:
    for one in generations:
        one.file.close()


def _open(path: str, current: bool) -> Generation:
    file = Path(path).open("rb")  # noqa: SIM115 (closed by close_all)
    status = os.fstat(file.fileno())
    return Generation(
        path,
        file,
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime,
        path.endswith(".gz"),
        current,
    )


def _still_there(one: Generation) -> bool:
    status = Path(one.path).stat()
    return (status.st_dev, status.st_ino) == (one.device, one.inode)
