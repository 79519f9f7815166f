"""One document brought back into the running service; everything else stays as it is."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from tdm_backup import database, disk, restic, restore, verify
from tdm_backup.database import StoredFile
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings


def bring_back(settings: Settings, document: str, snapshot: restic.Snapshot) -> dict[str, Any]:
    """Put a document of the snapshot into the service: its row, its versions, its files.

    A document in the trash comes out of it; versions newer than the snapshot stay. Files are checked
    against the database before they are put in place, and are in place before the rows are.
    Raises Problem.
    """
    place = restore.directory(settings) / "document"
    disk.remove(place)
    place.mkdir(mode=0o700)
    try:
        return _bring_back(settings, document, snapshot, place)
    finally:
        disk.remove(place)


def _bring_back(settings: Settings, document: str, snapshot: restic.Snapshot, place: Path) -> dict[str, Any]:
    name = Path(settings.database).name
    inner = f"{snapshot.path('copy')}/{name}"
    restic.restore(settings, snapshot, place, inner)
    copy = place / inner.lstrip("/")
    database.examine(copy)
    with contextlib.closing(database.connect(copy)) as opened:
        row = opened.execute("SELECT name FROM documents WHERE id = ?", (document,)).fetchone()
        if row is None:
            raise Problem(
                f"snapshot {snapshot.identity[:8]} holds no document {document}: try another snapshot"
            )
        wanted = database.files_of(opened, document)
    lost = [file for file in wanted if not _has(settings, file)]
    if lost:
        files = snapshot.path("files")
        restic.restore(settings, snapshot, place, *(f"{files}/{file.path}" for file in lost))
        findings = verify.check_files(place / files.lstrip("/"), lost)
        if not findings.whole:
            raise Problem(f"snapshot {snapshot.identity[:8]}: {findings.sentence()}")
        for file in lost:
            _put(settings, place / files.lstrip("/") / file.path, file)
    versions = _merge(settings, copy, document)
    return {
        "document": document,
        "name": str(row[0]),
        "snapshot": snapshot.identity,
        "versions": len(wanted),
        "versions_added": versions,
        "files_restored": len(lost),
    }


def _has(settings: Settings, file: StoredFile) -> bool:
    path = Path(settings.files, file.path)
    return path.is_file() and verify.is_sound(path, file)


def _put(settings: Settings, source: Path, file: StoredFile) -> None:
    target = Path(settings.files, file.path)
    for folder in (target.parent, Path(settings.files)):
        if not folder.is_dir():
            folder.mkdir(mode=0o750)
            os.chown(str(folder), settings.owner, settings.group)
    new = target.with_name(target.name + ".restored")
    shutil.copyfile(str(source), str(new))
    new.chmod(0o640)
    os.chown(str(new), settings.owner, settings.group)
    disk.sync(new)
    new.rename(target)
    disk.sync(target.parent)


def _merge(settings: Settings, copy: Path, document: str) -> int:
    """Write the rows in one transaction; return how many versions were added."""
    with contextlib.closing(database.connect(Path(settings.database), "rw")) as live:
        live.execute("PRAGMA foreign_keys = ON")
        live.execute("PRAGMA synchronous = FULL")
        live.execute("ATTACH DATABASE ? AS old", (str(copy),))
        live.execute("BEGIN IMMEDIATE")
        try:
            there = live.execute("SELECT 1 FROM documents WHERE id = ?", (document,)).fetchone()
            users = {row[0] for row in live.execute("SELECT id FROM users")}
            if not there:
                _copy_rows(live, "documents", "id = ?", document, users)
            before = _versions(live, document)
            _copy_rows(live, "document_versions", "document_id = ?", document, users)
            live.execute(
                "UPDATE documents SET deleted_at = NULL, current_version ="
                " (SELECT current_version FROM old.documents WHERE id = ?1) WHERE id = ?1",
                (document,),
            )
            added = _versions(live, document) - before
            live.execute("COMMIT")
        except BaseException:
            live.execute("ROLLBACK")
            raise
    return added


def _versions(live: sqlite3.Connection, document: str) -> int:
    query = "SELECT count(*) FROM document_versions WHERE document_id = ?"
    return int(live.execute(query, (document,)).fetchone()[0])


def _copy_rows(live: sqlite3.Connection, table: str, where: str, document: str, users: set[str]) -> None:
    """Copy what is missing, in the columns that both have; a user who is gone becomes the first one."""
    if not users:
        raise Problem("the service has no user who could own the document")
    columns = [column for column in _columns(live, "main", table) if column in _columns(live, "old", table)]
    names = ", ".join(f'"{column}"' for column in columns)
    rows = live.execute(f"SELECT {names} FROM old.{table} WHERE {where}", (document,)).fetchall()  # noqa: S608 (own names)
    marks = ", ".join("?" * len(columns))
    for row in rows:
        values = [
            min(users) if column in ("owner_id", "author_id") and value not in users else value
            for column, value in zip(columns, row)
        ]
        live.execute(f"INSERT OR IGNORE INTO main.{table} ({names}) VALUES ({marks})", values)  # noqa: S608 (own names)


def _columns(live: sqlite3.Connection, schema: str, table: str) -> list[str]:
    return [str(row[1]) for row in live.execute(f"PRAGMA {schema}.table_info({table})")]
