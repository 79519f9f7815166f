"""Reads whole files in blocks of complete lines, compressed ones too, in bounded memory."""

from __future__ import annotations

import gzip
import zlib
from typing import IO, Callable, Iterator, cast

from monitoring.logs.lines import LINE_BYTES

BLOCK_BYTES = 1024 * 1024


def blocks(path: str, too_long: Callable[[], None], problem: Callable[[str], None]) -> Iterator[bytes]:
    """Yield the file's content in blocks that end with a line's end.

    `too_long` is called for each line of more than LINE_BYTES, which is left out; `problem` when the reading
    ends before the file does (a compressed file that is damaged). Raises OSError when the file cannot be
    opened.
    """
    with _open(path) as file:
        rest = b""
        skipping = False
        while True:
            try:
                data = file.read(BLOCK_BYTES)
            except (EOFError, OSError, zlib.error) as error:
                problem(f"{path}: read only in part: {error}")
                data = b""
            if not data:
                break
            if skipping:
                _end, newline, data = data.partition(b"\n")
                if not newline:
                    continue
                skipping = False
            cut = data.rfind(b"\n") + 1
            block, rest = rest + data[:cut] if cut else b"", data[cut:] if cut else rest + data
            if len(rest) > LINE_BYTES:
                too_long()
                rest, skipping = b"", True
            if block:
                yield block
        if rest and not skipping:
            yield rest + b"\n"


def _open(path: str) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path) if path.endswith(".gz") else open(path, "rb"))  # noqa: PTH123
