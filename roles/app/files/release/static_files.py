"""The front end's files of a release, out of its wheel, for Nginx."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from .failure import ReleaseError

PREFIX = "app/static/"


def unpack(release: Path, target: Path) -> int:
    """Lays out `app/static/` of the release's wheel; `target` appears whole or not at all.

    Returns the number of files; 0 when they are there already. Raises ReleaseError.
    """
    if target.is_dir():
        return 0
    wheels = sorted(release.glob("*.whl"))
    if len(wheels) != 1:
        raise ReleaseError(f"{release} holds {len(wheels)} wheels, expected one")
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(".unpack-*"):
        shutil.rmtree(leftover)
    scratch = Path(tempfile.mkdtemp(prefix=".unpack-", dir=target.parent))
    try:
        count = _extract(wheels[0], scratch)
        os.rename(scratch, target)  # noqa: PTH104 - Path.rename of 3.7 returns None
    except (OSError, zipfile.BadZipFile) as error:
        raise ReleaseError(f"the front end of {wheels[0]} could not be laid out: {error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return count


def _extract(wheel: Path, scratch: Path) -> int:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith(PREFIX) and not name.endswith("/")]
        if PREFIX + "index.html" not in names:
            raise ReleaseError(
                f"{wheel.name} holds no {PREFIX}index.html: build the front end, then the wheel"
            )
        for name in names:
            path = scratch / name[len(PREFIX) :]
            if scratch not in path.resolve().parents:
                raise ReleaseError(f"{wheel.name} holds a path outside its own directory: {name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(name))
    for path in [scratch, *scratch.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return len(names)
