"""The replica of Litestream: the database as it was seconds ago."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tdm_backup import problems
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings


def restore(settings: Settings, target: Path, moment: float | None) -> None:
    """Write the database of the replica, at `moment` or the last there is, to `target`. Raises Problem."""
    if not settings.replica:
        raise Problem("there is no replica: backup_replication_enabled is off")
    words = [settings.replica["program"], "restore", "-config", settings.replica["config"], "-o", str(target)]
    if moment is not None:
        words += ["-timestamp", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))]
    done = subprocess.run(
        [*words, settings.database], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not target.is_file():
        said = (done.stderr or done.stdout).strip()[-800:]
        raise Problem(f"the replica could not be restored: {said}", problems.cause_of(said))
