#!/usr/bin/python
"""Make, resize or remove a swap file. Taking it into use is the affair of its systemd unit."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: common_swap_file
short_description: Make, resize or remove a swap file
description:
  - The new file is allocated and formatted under a temporary name.
  - Only then is the old one taken out of use and replaced.
options:
  path: {description: The swap file., type: path, required: true}
  size_mb: {description: "Its size in MB; 0 removes it.", type: int, required: true}
author: [tencent-doc-manager]
"""

MIB = 1024 * 1024
# Room that must stay on the file system, in MB.
HEADROOM_MB = 1024


class SwapError(Exception):
    """The swap file cannot be had; the text says why and what to do."""


def run(*command: str) -> str:
    """Run a command and return its output; its own words become the error."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SwapError("{} failed: {}".format(" ".join(command), (done.stderr or done.stdout).strip()))
    return done.stdout


def active(path: Path) -> bool:
    """Whether the kernel swaps to this file now."""
    lines = Path("/proc/swaps").read_text().splitlines()[1:]
    return any(line.split()[0] == str(path) for line in lines)


def allocate(path: Path, size_mb: int) -> None:
    """Reserve size_mb for a new file without holes, mode 0600, in the way its file system asks for."""
    kind = run("stat", "--file-system", "--format=%T", str(path.parent)).strip()
    if kind in ("tmpfs", "ramfs", "zfs", "nfs", "fuseblk"):
        raise SwapError(
            f"{path.parent} is on {kind}, which holds no swap file: set common_swap_file to one on a disk,"
            " or common_swap_mb to 0"
        )
    os.close(os.open(str(path), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    if kind == "btrfs":
        run("chattr", "+C", str(path))
    if kind in ("ext2/ext3", "xfs", "btrfs"):
        run("fallocate", "--length", str(size_mb * MIB), str(path))
    else:
        run("dd", "if=/dev/zero", "of=" + str(path), "bs=1M", "count=" + str(size_mb), "conv=fsync")


def replace(path: Path, size_mb: int) -> None:
    """Put a formatted swap file of size_mb at path; the old one stays in use until the new one is ready."""
    path.parent.mkdir(parents=True, exist_ok=True)
    free = os.statvfs(str(path.parent))
    free_mb = free.f_bavail * free.f_frsize // MIB
    if free_mb < size_mb + HEADROOM_MB:
        raise SwapError(
            f"a swap file of {size_mb} MB needs {size_mb + HEADROOM_MB} MB free at {path.parent},"
            f" which has {free_mb}: free some, or set common_swap_mb"
        )
    new = path.with_name(path.name + ".new")
    if new.exists():
        new.unlink()
    try:
        allocate(new, size_mb)
        run("mkswap", str(new))
        if active(path):
            # Fails by itself, and changes nothing, when memory cannot take back what is swapped out.
            run("swapoff", str(path))
        new.rename(path)
    finally:
        if new.exists():
            new.unlink()


def remove(path: Path, unit: str) -> None:
    """Take the file out of use and delete it."""
    if Path("/etc/systemd/system", unit).exists():
        run("systemctl", "disable", "--now", unit)
    if active(path):
        run("swapoff", str(path))
    path.unlink()


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "size_mb": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    path = Path(module.params["path"])
    wanted = module.params["size_mb"]
    present = path.stat().st_size // MIB if path.exists() else 0
    changed = present != wanted
    if changed and not module.check_mode:
        try:
            if wanted:
                replace(path, wanted)
            else:
                remove(path, str(path).strip("/").replace("/", "-") + ".swap")
        except (SwapError, OSError) as error:
            module.fail_json(msg=f"Swap file {path}: {error}.")
    module.exit_json(
        changed=changed,
        diff={"before": f"{path}: {present} MB\n", "after": f"{path}: {wanted} MB\n"},
    )


if __name__ == "__main__":
    main()
