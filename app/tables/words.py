"""The text of a stored file, as far as it can be had without its own program."""

from __future__ import annotations

import codecs
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from app.tables.cells import shown
from app.tables.delimited import encoding_of
from app.tables.limits import LIMITS, TableRefused
from app.tables.source import open_table

_CHUNK = 64 * 1024
_TABLES = frozenset({".xlsx", ".xlsm", ".csv", ".tsv"})
_TEXTS = frozenset({".txt", ".md", ".json", ".xml", ".html", ".log"})


def text_of(path: Path, name: str, characters: int) -> tuple[str, bool]:
    """The first `characters` of the text, and whether that is all of it. Raises TableRefused."""
    ending = PurePosixPath(name).suffix.lower()
    if ending in _TABLES:
        pieces = _table(path)
    elif ending in _TEXTS:
        pieces = _plain(path)
    elif ending == ".docx":
        pieces = _docx(path)
    else:
        raise TableRefused("no text can be read from a file of this kind")
    found, length = [], 0
    for piece in pieces:
        found.append(piece)
        length += len(piece)
        if length > characters:
            return "".join(found)[:characters], False
    return "".join(found), True


def _table(path: Path) -> Iterator[str]:
    with open_table(path) as source:
        for number, name in enumerate(source.sheet_names):
            yield f"[{name}]\n" if name else ""
            for _, row in source.rows(number):
                yield "\t".join(map(shown, row)) + "\n"


def _plain(path: Path) -> Iterator[str]:
    with path.open("rb") as source:
        data = source.read(_CHUNK)
        decoder = codecs.getincrementaldecoder(encoding_of(data))("replace")
        while data:
            yield decoder.decode(data)
            data = source.read(_CHUNK)


def _docx(path: Path) -> Iterator[str]:
    pieces: list[str] = []
    inside = False

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal inside
        inside = name.rpartition(":")[2] == "t"

    def end(name: str) -> None:
        nonlocal inside
        inside = False
        if name.rpartition(":")[2] in ("p", "tr"):
            pieces.append("\n")

    def data(text: str) -> None:
        if inside:
            pieces.append(text)

    def no_doctype(*_arguments: object) -> None:
        raise TableRefused("the document declares its own entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
    parser.StartDoctypeDeclHandler = no_doctype
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("word/document.xml").file_size > LIMITS.xml_bytes:
                raise TableRefused("the document is too large to read")
            with archive.open("word/document.xml") as source:
                while chunk := source.read(_CHUNK):
                    parser.Parse(chunk, False)
                    yield "".join(pieces)
                    pieces.clear()
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        KeyError,
        EOFError,
        NotImplementedError,
    ) as error:
        raise TableRefused("the file is no docx document, or a damaged one") from error
