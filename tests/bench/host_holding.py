"""What the roles hold on a host, read from the host itself, as a pyinfra deploy that holds the same."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

# Runs on the host (Python 3.8): every record of host_state with the present owner and mode of each path.
SURVEY = """
import glob, grp, json, os, pwd, stat, subprocess
def name(table, number):
    try:
        return table(number)[0]
    except KeyError:
        return None
found, units = [], set()
for record in sorted(glob.glob("/var/lib/host_state/*.json")):
    with open(record) as stream:
        data = json.load(stream)
    units.update(data.get("units", {}))
    for path, entry in data["paths"].items():
        try:
            state = os.lstat(path)
        except FileNotFoundError:
            continue
        found.append({"path": path, "kind": entry["kind"], "mode": stat.S_IMODE(state.st_mode),
                      "user": name(pwd.getpwuid, state.st_uid), "group": name(grp.getgrgid, state.st_gid),
                      "target": os.readlink(path) if stat.S_ISLNK(state.st_mode) else None})
# What was asked for by name; what came along as a dependency is apt's affair.
manual = subprocess.run(["apt-mark", "showmanual"], stdout=subprocess.PIPE, text=True, check=True)
print(json.dumps({"paths": found, "packages": sorted(manual.stdout.split()), "units": sorted(units)}))
"""


class Holding:
    """Packages, paths and units that the roles hold."""

    def __init__(self, ssh: list[str]) -> None:
        self.ssh = ssh
        answer = subprocess.run(
            [*ssh, "python3", "-"], input=SURVEY, capture_output=True, text=True, check=True
        )
        data: dict[str, Any] = json.loads(answer.stdout)
        self.paths: list[dict[str, Any]] = data["paths"]
        self.packages: list[str] = data["packages"]
        self.units: list[str] = data["units"]

    def counts(self) -> dict[str, int]:
        kinds: dict[str, int] = {"packages": len(self.packages), "units": len(self.units)}
        for entry in self.paths:
            kinds[entry["kind"]] = kinds.get(entry["kind"], 0) + 1
        return kinds

    def write_deploy(self, directory: Path) -> Path:
        """Fetches the files into `directory` (no secrets) and writes deploy.py there."""
        contents = directory / "contents"
        contents.mkdir(parents=True, exist_ok=True)
        files = [entry["path"] for entry in self.paths if entry["kind"] == "file" and entry["mode"] & 0o044]
        archive = subprocess.run(
            [*self.ssh, "tar", "-cf", "-", "--no-recursion", "-T", "-"],
            input="\n".join(files).encode(),
            capture_output=True,
            check=True,
        )
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(contents, filter="data")
        lines = [
            "from pyinfra.operations import apt, files, systemd",
            f"apt.packages(packages={self.packages!r})",
        ]
        for entry in self.paths:
            lines.append(self._operation(entry, contents, fetched=entry["path"] in files))
        lines += [f"systemd.service(service={unit!r}, running=None, enabled=True)" for unit in self.units]
        deploy = directory / "deploy.py"
        deploy.write_text("\n".join(lines) + "\n")
        return deploy

    def _operation(self, entry: dict[str, Any], contents: Path, *, fetched: bool) -> str:
        # An id without a name is left out: pyinfra would see a difference at each run.
        owner = "".join(f", {key}={entry[key]!r}" for key in ("user", "group") if entry[key])
        mode = f", mode='{entry['mode']:o}'"
        path = entry["path"]
        if entry["kind"] == "directory":
            return f"files.directory(path={path!r}{owner}{mode})"
        if entry["kind"] == "link":
            return f"files.link(path={path!r}, target={entry['target']!r})"
        if fetched:
            return f"files.put(src={str(contents / path.lstrip('/'))!r}, dest={path!r}{owner}{mode})"
        return f"files.file(path={path!r}{owner}{mode})"
