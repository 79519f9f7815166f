"""Building an image beside the running service: little of the CPU, and no more memory than there is."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .engine import Engine
from .failure import ReleaseError
from .settings import Settings

CGROUPS = Path("/sys/fs/cgroup")
# A fifth when the service wants the CPU too; 1024 and 100 are everybody else's.
SHARES = "256"
WEIGHT = "25"


def build(settings: Settings, engine: Engine, release: str, image: str) -> None:
    """Builds a release's image from its directory. Raises ReleaseError."""
    arguments = [
        "build", "--tag", image, "--build-arg", f"BASE_IMAGE={settings.base_image}",
        # The network's own CAs, for the build alone: a BuildKit secret leaves no trace in the image.
        "--secret", "id=ca,src=/etc/ssl/certs/ca-certificates.crt", "--progress", "plain",
        "--cgroup-parent", build_group(settings, engine.cgroup_driver()),
        str(settings.release(release)),
    ]  # fmt: skip
    engine.docker(*arguments, what="the build of the image", low_priority=True)


def build_group(settings: Settings, driver: str, root: Path = CGROUPS) -> str:
    """The control group that builds run in, made with its limits; a build's steps are no children of `docker`."""
    limit = settings.build_memory_mb << 20
    if driver == "systemd":
        # A dash in a slice's name would nest it.
        name = f"{settings.name.replace('-', '_')}_build.slice"
        properties = [f"CPUWeight={WEIGHT}", f"IOWeight={WEIGHT}", f"MemoryMax={limit}"]
        done = subprocess.run(
            ["systemctl", "set-property", "--runtime", name, *properties],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ReleaseError(f"no slice for the build could be made: {done.stderr.strip()}")
        return name
    name = f"{settings.name}-build"
    if (root / "cgroup.controllers").exists():
        wanted = {"": {"cpu.weight": WEIGHT, "memory.max": str(limit)}}
    else:
        wanted = {"cpu": {"cpu.shares": SHARES}, "memory": {"memory.limit_in_bytes": str(limit)}}
    try:
        for controller, values in wanted.items():
            group = root / controller / name
            group.mkdir(exist_ok=True)
            for file, value in values.items():
                (group / file).write_text(value, encoding="ascii")
    except OSError as error:
        raise ReleaseError(f"no control group for the build could be made: {error}") from error
    return f"/{name}"
