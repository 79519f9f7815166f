"""Reads what is new in one log since the last time, whatever rotation did in between.

A file is recognised by its first bytes and by those just before the position, not by its name: so the one
that we were in is found again after a rename, after copytruncate (the copy has the content, the original
starts anew) and after compression. Reading and remembering are one transaction of the caller's: nothing is
lost or doubled.
"""

from __future__ import annotations

import os
from typing import IO, Callable, List, NamedTuple

from monitoring.logs.generations import Generation, close_all, open_all
from monitoring.logs.lines import LINE_BYTES

HEAD_BYTES = 1024
TAIL_BYTES = 64
BLOCK_BYTES = 256 * 1024


class Mark(NamedTuple):
    """How far a file has been read.

    `position` counts bytes of the (decompressed) content; `head` are its first HEAD_BYTES and `tail` the last
    TAIL_BYTES before the position. `skipping`: the position is inside a line that is too long. `size` is the
    file's size on the disk when it was read last; a compressed file that was read once is complete.
    """

    device: int
    inode: int
    position: int
    head: bytes
    tail: bytes
    skipping: bool
    size: int
    compressed: bool


class Progress(NamedTuple):
    """The marks of all files of a log that are still there, and whether the reading stopped at its limit."""

    marks: list[Mark]
    bytes: int
    more: bool


Take = Callable[[List[bytes], int], None]


def read_new(path: str, marks: list[Mark] | None, take: Take, limit: int) -> Progress:
    """Give `take` every complete line that is new, and how many too long ones were met; oldest first.

    `marks` are those that the last call returned; None at the first, which leaves out what was rotated
    before. At most about `limit` bytes are read. Raises OSError when a file cannot be read.
    """
    generations = open_all(path)
    try:
        if marks is None:
            marks = [_at_end(one) for one in [one for one in generations if not one.current][-1:]]
            generations_read = generations[-1:] if generations and generations[-1].current else []
            first = _read(generations_read, [], take, limit)
            return first._replace(marks=marks + first.marks)
        return _read(generations, marks, take, limit)
    finally:
        close_all(generations)


def _read(generations: list[Generation], marks: list[Mark], take: Take, limit: int) -> Progress:
    known = _recognise(generations, marks)
    # Where nothing had been written yet, the same file may since have been written, copied and cut.
    start = max((index for index, mark in enumerate(known) if mark is not None and mark.position), default=-1)
    result: list[Mark] = []
    budget = limit
    for index, one in enumerate(generations):
        mark = known[index]
        if mark is None and index <= start:
            continue
        if budget <= 0 or (mark is not None and _finished(one, mark)):
            if mark is not None:
                result.append(mark)
            continue
        # The youngest rotated file may still be written to, until its writer opens the new one.
        closed = one.compressed or index < len(generations) - 2
        reader = _Reader(one, mark, take, budget, closed)
        reader.run()
        budget -= reader.read
        result.append(reader.mark())
    # Without any file (the directory is not there just now) what was known stays known.
    return Progress(result or marks, limit - budget, budget <= 0)


def _recognise(generations: list[Generation], marks: list[Mark]) -> list[Mark | None]:
    """Return the mark of each file, or None.

    First by the file on the disk, then, for what is left of both, by content: a complete copy that is not yet
    needed (copytruncate before it truncates) is then nobody's, and is not read.
    """
    found: list[Mark | None] = [None] * len(generations)
    left = list(marks)
    for index, one in enumerate(generations):
        for mark in left:
            if (mark.device, mark.inode) == (one.device, one.inode) and _is_same(one, mark):
                found[index] = mark
                left.remove(mark)
                break
    for index, one in enumerate(generations):
        if found[index] is not None or one.current:
            continue
        for mark in left:
            if mark.position and not mark.compressed and (copy := _copy_of(one, mark)):
                found[index] = copy
                left.remove(mark)
                break
    return found


def _is_same(one: Generation, mark: Mark) -> bool:
    if one.compressed:
        return mark.compressed and mark.size == one.size
    if mark.compressed or one.size < mark.position:
        return False
    head, tail = _ends(one.content(), mark.position)
    return (head, tail) == (mark.head, mark.tail)


def _copy_of(one: Generation, mark: Mark) -> Mark | None:
    """Return the mark in this file when it has the content that the mark was made in, else None."""
    try:
        content = one.content()
        head = content.read(min(HEAD_BYTES, mark.position))
        if not head or head != mark.head[: len(head)]:
            return None
        length = content.seek(mark.position) if one.compressed else min(one.size, mark.position)
        if length < mark.position:
            # Made while lines still came, some of which we have read and it has not: nothing in it is new.
            return mark._replace(position=length, tail=_ends(one.content(), length)[1])
        return mark if _ends(one.content(), mark.position) == (mark.head, mark.tail) else None
    except (EOFError, OSError):
        # Not the whole of a compressed file, or not one.
        return None


def _at_end(one: Generation) -> Mark:
    one.file.seek(0)
    head, tail = _ends(one.file, one.size)
    return Mark(one.device, one.inode, one.size, head, tail, False, one.size, one.compressed)


def _ends(content: IO[bytes], position: int) -> tuple[bytes, bytes]:
    """Return the first HEAD_BYTES, and the TAIL_BYTES before the position."""
    head = content.read(min(HEAD_BYTES, position))
    content.seek(max(0, position - TAIL_BYTES))
    return head, content.read(min(TAIL_BYTES, position))


def _finished(one: Generation, mark: Mark) -> bool:
    """Whether nothing can have come: the same file on the disk, as large as when it was read."""
    same = (mark.device, mark.inode, mark.size) == (one.device, one.inode, one.size)
    return same and (mark.compressed if one.compressed else mark.position == one.size)


class _Reader:
    """Reads one file from its mark on. `read` is how many bytes that were."""

    def __init__(self, one: Generation, mark: Mark | None, take: Take, budget: int, closed: bool) -> None:
        self.read = 0
        self._one = one
        self._take = take
        self._budget = budget
        self._closed = closed
        self._position = mark.position if mark else 0
        self._skipping = mark.skipping if mark else False
        self._content = one.content()

    def run(self) -> None:
        self._content.seek(self._position)
        rest = b""
        while self.read < self._budget:
            block = self._content.read(BLOCK_BYTES)
            if not block:
                break
            self.read += len(block)
            rest = self._lines(rest + block)
        else:
            return
        if rest and self._closed:
            self._lines(rest + b"\n", len(rest))

    def _lines(self, data: bytes, size: int | None = None) -> bytes:
        """Hand on the complete lines in `data`, which begins at the position; return what is left over."""
        *lines, rest = data.split(b"\n")
        too_long = 0
        consumed = len(data) - len(rest)
        if self._skipping and lines:
            # The end of a line that was counted when its beginning was met.
            del lines[0]
            self._skipping = False
        if len(rest) > LINE_BYTES or self._skipping:
            too_long = 0 if self._skipping else 1
            self._skipping = True
            consumed, rest = len(data), b""
        self._position += consumed if size is None else size
        if lines or too_long:
            self._take(lines, too_long)
        return rest

    def mark(self) -> Mark:
        one = self._one
        head, tail = _ends(one.content(), self._position)
        size = one.size if one.compressed else os.fstat(one.file.fileno()).st_size
        return Mark(one.device, one.inode, self._position, head, tail, self._skipping, size, one.compressed)
