"""The way back: a snapshot, the replica or the replaced state is staged, checked, put in place by renames.

Everything lies below DATA/.restore, on the data's file system: `staged` is what comes, `replaced` what went.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

from tdm_backup import containers, database, disk, replica, restic, verify
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings

_SIDE_FILES = ("-wal", "-shm", "-journal")


def directory(settings: Settings) -> Path:
    """Where restores are prepared; for root alone."""
    path = settings.data_directory / ".restore"
    path.mkdir(mode=0o700, exist_ok=True)
    # The directory above belongs to the service, which must not lead root elsewhere.
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Problem(f"{path} is not a directory of root: remove it and look who made it")
    return path


def choose(settings: Settings, identity: str, moment: str) -> restic.Snapshot:
    """Return the snapshot by its id (or "latest"), or the last one at `moment` (YYYY-MM-DD HH:MM).

    Raises Problem with the list of those there are.
    """
    found = restic.snapshots(settings)
    if not found:
        raise Problem(f"the repository {settings.repository} holds no snapshot")
    if moment:
        limit = _parse(moment)
        earlier = [snapshot for snapshot in found if snapshot.time <= limit]
        if earlier:
            return earlier[-1]
        raise Problem(f"there is no snapshot from before {moment}. There are:\n{table(found)}")
    if identity == "latest":
        return found[-1]
    matching = [
        snapshot for snapshot in found if len(identity) >= 4 and snapshot.identity.startswith(identity)
    ]
    if len(matching) == 1:
        return matching[0]
    raise Problem(f"there is no snapshot {identity}. There are:\n{table(found)}")


def table(found: list[restic.Snapshot]) -> str:
    """Return one line a snapshot, the newest first."""
    return "\n".join(
        f"{snapshot.identity[:8]}  {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(snapshot.time))}"
        f"  {snapshot.host}"
        for snapshot in reversed(found)
    )


def _parse(moment: str) -> float:
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        with contextlib.suppress(ValueError):
            parsed = time.strptime(moment, form)
            # A snapshot taken within the minute that was named counts.
            return time.mktime(parsed) + (59.999 if form.endswith("%M") else 0.999)
    raise Problem(f"the time '{moment}' cannot be read: write it as 2026-11-20 03:00")


def stage(settings: Settings, source: str, identity: str, moment: str) -> dict[str, Any]:
    """Prepare what is to come and check it; return the plan. Nothing of the service changes.

    source: snapshot, replica (the database from the replica; files from the newest snapshot where the host
    has lost them) or replaced (what the last restore replaced).
    """
    place = directory(settings)
    staged, unpacked = place / "staged", place / "unpacked"
    disk.remove(staged)
    disk.remove(unpacked)
    staged.mkdir(mode=0o700)
    plan: dict[str, Any] = {"source": source, "snapshot": None, "data_time": None}
    if source == "snapshot":
        plan.update(_from_snapshot(settings, choose(settings, identity, moment), staged, unpacked))
    elif source == "replica":
        plan.update(_from_replica(settings, moment, staged, unpacked))
    else:
        plan.update(_from_replaced(settings, staged))
    contents = database.examine(staged / Path(settings.database).name)
    files = staged / "files" if (staged / "files").is_dir() else Path(settings.files)
    findings = verify.check_files(files, contents.files)
    _give_to_the_service(settings, staged)
    plan.update(findings.numbers(), rows=contents.rows, bytes=findings.bytes, whole=findings.whole)
    plan["findings"] = "" if findings.whole else findings.sentence()
    plan["now"] = _rows_now(settings)
    (place / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return plan


def _from_snapshot(
    settings: Settings, snapshot: restic.Snapshot, staged: Path, unpacked: Path
) -> dict[str, Any]:
    disk.demand(staged, restic.restored_bytes(settings, snapshot), "the restored snapshot")
    restic.restore(settings, snapshot, unpacked)
    name = Path(settings.database).name
    (unpacked / snapshot.path("copy").lstrip("/") / name).rename(staged / name)
    (unpacked / snapshot.path("files").lstrip("/")).rename(staged / "files")
    disk.remove(unpacked)
    return {"snapshot": snapshot.identity, "data_time": snapshot.time}


def _from_replica(settings: Settings, moment: str, staged: Path, unpacked: Path) -> dict[str, Any]:
    target = staged / Path(settings.database).name
    replica.restore(settings, target, _parse(moment) if moment else None)
    with contextlib.closing(database.connect(target)) as opened:
        wanted = database.files_of(opened)
    lost = [file for file in wanted if not Path(settings.files, file.path).is_file()]
    plan: dict[str, Any] = {"data_time": time.time()}
    if lost:
        # The replica holds the database alone.
        found = restic.snapshots(settings)
        if found:
            paths = [f"{found[-1].path('files')}/{file.path}" for file in lost]
            disk.demand(staged, sum(file.size for file in lost), "the files of the snapshot")
            restic.restore(settings, found[-1], unpacked, *_few(found[-1].path("files"), paths))
            _link_tree(Path(settings.files), staged / "files")
            restored = unpacked / found[-1].path("files").lstrip("/")
            for file in lost:
                if (restored / file.path).is_file():
                    (staged / "files" / file.path).parent.mkdir(mode=0o750, parents=True, exist_ok=True)
                    (restored / file.path).rename(staged / "files" / file.path)
            plan["snapshot"] = found[-1].identity
            disk.remove(unpacked)
    return plan


def _few(directory: str, paths: list[str]) -> list[str]:
    """Paths to include, or their directory when there are too many for a command line."""
    return paths if len(paths) <= 500 else [directory]


def _from_replaced(settings: Settings, staged: Path) -> dict[str, Any]:
    kept = replaced(settings)
    if not kept:
        raise Problem("there is no replaced state: it is kept until the next successful backup")
    source = kept[-1] / Path(settings.database).name
    with contextlib.closing(database.connect(source)) as reader, contextlib.closing(
        database.connect(staged / source.name, "rwc")
    ) as writer:
        reader.backup(writer, pages=-1)
    if (kept[-1] / "files").is_dir():
        _link_tree(kept[-1] / "files", staged / "files")
    return {"data_time": source.stat().st_mtime}


def _link_tree(source: Path, target: Path) -> None:
    """Files of documents never change, so that a second name is a copy."""
    target.mkdir(mode=0o750)
    for folder, _, names in os.walk(str(source)):
        inner = target / Path(folder).relative_to(source)
        inner.mkdir(mode=0o750, exist_ok=True)
        for name in names:
            os.link(str(Path(folder, name)), str(inner / name))


def _give_to_the_service(settings: Settings, staged: Path) -> None:
    for folder, _, names in os.walk(str(staged)):
        for name in names:
            os.chown(str(Path(folder, name)), settings.owner, settings.group)
        if Path(folder) != staged:
            os.chown(folder, settings.owner, settings.group)
    (staged / Path(settings.database).name).chmod(0o640)


def _rows_now(settings: Settings) -> dict[str, int]:
    """What the service holds at present, as far as it can be read."""
    try:
        return database.examine(Path(settings.database)).rows
    except (Problem, OSError):
        return {}


def swap(settings: Settings, accept_damage: bool) -> dict[str, Any]:
    """Put the staged state in place; return the plan with `seconds_down` and where the old one is."""
    place = directory(settings)
    try:
        plan: dict[str, Any] = json.loads((place / "plan.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Problem("nothing is staged: stage a snapshot first") from None
    if not plan["whole"] and not accept_damage:
        raise Problem(
            f"what was staged is not whole: {plan['findings']}; -e accept_damage=true takes it all the same"
        )
    moment = time.time()
    old = (
        place
        / "replaced"
        / (time.strftime("%Y%m%dT%H%M%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03}Z")
    )
    old.mkdir(mode=0o700, parents=True)
    began = time.monotonic()
    with containers.paused(settings, place / "paused.json") as pause:
        _exchange(settings, place / "staged", old)
    containers.wait_healthy(pause)
    plan["seconds_down"] = round(time.monotonic() - began, 1)
    plan["replaced"] = str(old)
    (place / "plan.json").unlink()
    disk.remove(place / "staged")
    return plan


def _exchange(settings: Settings, staged: Path, old: Path) -> None:
    """Put the staged files and database in place; at every moment the database there has all its files."""
    data = settings.data_directory
    files = Path(settings.files)
    name = Path(settings.database).name
    superfluous: list[Path] = []
    if (staged / "files").is_dir():
        superfluous = _bring_files(settings, staged / "files", files, old / "files")
    for ending in _SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            (data / (name + ending)).rename(old / (name + ending))
    if (data / name).exists():
        os.link(str(data / name), str(old / name))
    (staged / name).replace(data / name)
    # Its notes belong to the old database; it starts with a new copy.
    disk.remove(data / f".{name}-litestream")
    for path in (data, old):
        disk.sync(path)
    for file in superfluous:
        file.unlink()


def _bring_files(settings: Settings, staged: Path, live: Path, old: Path) -> list[Path]:
    """Move the staged files into the live directory; return those there that only the old state knows.

    The directory itself stays: the containers have it mounted, and would go on with one that was renamed.
    """
    live.mkdir(mode=0o750, exist_ok=True)
    os.chown(str(live), settings.owner, settings.group)
    _link_tree(live, old)
    known = {Path(folder, name) for folder, _, names in os.walk(str(live)) for name in names}
    for folder, _, names in os.walk(str(staged)):
        target = live / Path(folder).relative_to(staged)
        if not target.is_dir():
            target.mkdir(mode=0o750)
            os.chown(str(target), settings.owner, settings.group)
        for name in names:
            Path(folder, name).replace(target / name)
            known.discard(target / name)
        disk.sync(target)
    return sorted(known)


def replaced(settings: Settings) -> list[Path]:
    """Return the states that restores have replaced, the newest last."""
    return sorted((directory(settings) / "replaced").glob("*"))


def drop_replaced(settings: Settings) -> None:
    """Remove what restores have replaced: the data since then is backed up."""
    if (settings.data_directory / ".restore").is_dir():
        disk.remove(directory(settings) / "replaced")
