"""The SQLite database: a consistent copy of the running one, and what a copy says of itself."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import NamedTuple

from tdm_backup import disk
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings


class StoredFile(NamedTuple):
    """A version of a document: `path` is relative to the directory of the files."""

    document: str
    path: str
    size: int
    sha256: str


class Contents(NamedTuple):
    """What a sound database holds: rows of each table, and the files that must be there."""

    rows: dict[str, int]
    files: list[StoredFile]


def connect(path: Path, mode: str = "ro") -> sqlite3.Connection:
    """Open a database with SQLite's mode `ro`, `rw` or `rwc`."""
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{quoted}?mode={mode}", uri=True, timeout=60, isolation_level=None)


def copy(settings: Settings) -> Path:
    """Return the path of a checked, consistent copy of the database; writers go on meanwhile.

    Raises Problem, OSError or sqlite3.Error; the last good copy then stays.
    """
    source = Path(settings.database)
    if not source.exists():
        raise Problem(f"there is no database {source}: has the service been deployed?")
    directory = settings.state("copy")
    directory.mkdir(mode=0o700, exist_ok=True)
    target = directory / source.name
    unfinished = settings.state(f"{source.name}.unfinished")
    needed = source.stat().st_size
    with contextlib.suppress(FileNotFoundError):
        needed += Path(f"{source}-wal").stat().st_size
        unfinished.unlink()
    disk.demand(directory, needed, "the copy of the database")
    with contextlib.closing(connect(source)) as reader, contextlib.closing(
        connect(unfinished, "rwc")
    ) as writer:
        # All pages in one step: a step of fewer starts again with each write of the service.
        reader.backup(writer, pages=-1)
        problems = [row[0] for row in writer.execute("PRAGMA integrity_check(5)")]
    if problems != ["ok"]:
        raise Problem(f"the copy of {source} is damaged: {'; '.join(problems)}")
    unfinished.rename(target)
    return target


def examine(path: Path) -> Contents:
    """Return what the database holds once integrity and foreign keys were checked. Raises Problem."""
    try:
        with contextlib.closing(connect(path)) as database:
            problems = [str(row[0]) for row in database.execute("PRAGMA integrity_check(5)")]
            if problems != ["ok"]:
                raise Problem(f"the database is damaged: {'; '.join(problems)}")
            orphans = database.execute("PRAGMA foreign_key_check").fetchall()
            if orphans:
                raise Problem(
                    f"{len(orphans)} rows of the database point to rows that are gone, the first in table"
                    f" {orphans[0][0]}"
                )
            names = [
                str(row[0])
                for row in database.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                    " AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
                )
            ]
            rows = {
                name: int(database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 (its own names)
                for name in names
            }
            files = files_of(database)
    except sqlite3.DatabaseError as error:
        raise Problem(f"the database is damaged: {error}") from error
    return Contents(rows, files)


def files_of(database: sqlite3.Connection, document: str | None = None) -> list[StoredFile]:
    """Return the files of all documents, or those of one; none before the service has made its tables."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'document_versions'").fetchone():
        return []
    query = "SELECT document_id, path, size, sha256 FROM document_versions"
    parameters: tuple[str, ...] = ()
    if document is not None:
        query += " WHERE document_id = ?"
        parameters = (document,)
    return [
        StoredFile(str(row[0]), str(row[1]), int(row[2]), str(row[3]))
        for row in database.execute(query + " ORDER BY path", parameters)
    ]
