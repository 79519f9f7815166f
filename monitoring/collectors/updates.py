"""Security updates that wait. Asking apt takes a second of CPU: a timer of its own does it now and then."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from monitoring.collectors import files
from monitoring.sample import Updates

FILE_NAME = "updates.json"
# "Inst openssl [3.0.1] (3.0.2 Debian-Security:12/stable-security [amd64])"; Ubuntu writes
# "Ubuntu:20.04/focal-security".
SECURITY = re.compile(r"^Inst \S+ .*\(\S+ [^)]*-[Ss]ecurity")


def inspect(state_directory: str) -> int:
    """Count what waits and keep the number for the cycles; return the exit status."""
    done = subprocess.run(
        ["apt-get", "--simulate", "-o", "Debug::NoLocking=1", "-o", "Dir::Cache::pkgcache=", "dist-upgrade"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
    )
    if done.returncode != 0:
        raise OSError(f"apt-get cannot say what waits: {done.stderr.strip()[-300:]}")
    document = {"security_pending": count(done.stdout), "checked_at": int(time.time())}
    path = Path(state_directory, FILE_NAME)
    temporary = path.with_name(FILE_NAME + ".new")
    temporary.write_text(json.dumps(document), encoding="utf-8")
    temporary.replace(path)
    return 0


def count(simulated: str) -> int:
    """Return how many packages of a simulated upgrade come from a security archive."""
    return sum(1 for line in simulated.splitlines() if SECURITY.match(line))


def collect(state_directory: str, reboot_file: str) -> Updates:
    """Return what the last inspection found; the number is None before the first one."""
    reboot = files.reboot_required(reboot_file)
    try:
        document: Any = json.loads(Path(state_directory, FILE_NAME).read_text(encoding="utf-8"))
        return Updates(int(document["security_pending"]), reboot, float(document["checked_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Updates(None, reboot, None)
