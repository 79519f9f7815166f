#!/usr/bin/python
"""Read what role common has to know of a host before it decides: one look, nothing changed."""

from __future__ import annotations

import grp
import os
import pwd
import re
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: common_probe
short_description: Read what role common decides on
description: [Time services, swap, the apt mirror file, the service ids and a pending reboot.]
options:
  swap_file: {description: Path of the swap file., type: path, required: true}
  mirror_file: {description: Path of the mirror's apt source file., type: path, required: true}
  timezone: {description: Name of the time zone., type: str, required: true}
  user: {description: Name of the service user., type: str, required: true}
  group: {description: Name of the service group., type: str, required: true}
  uid: {description: Fixed id of the user., type: int, required: true}
  gid: {description: Fixed id of the group., type: int, required: true}
author: [tencent-doc-manager]
"""

TIME_SERVICES = {
    "chrony": "/usr/sbin/chronyd",
    "ntp or ntpsec": "/usr/sbin/ntpd",
    "openntpd": "/usr/sbin/openntpd",
}

# The distribution's own apt sources, which a mirror takes the place of.
OWN_SOURCES = (
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/debian.sources",
    "/etc/apt/sources.list.d/ubuntu.sources",
)


def time_services() -> list[str]:
    """Names of the time services, other than systemd-timesyncd, whose program is installed."""
    return sorted(name for name, program in TIME_SERVICES.items() if os.access(program, os.X_OK))


def swap(path: str, table: str) -> dict[str, object]:
    """Size of the swap file in MB (0: none), whether it is in use, and MB of other active swap.

    table: the text of /proc/swaps, sizes in KiB.
    """
    active = False
    other_kib = 0
    for line in table.splitlines()[1:]:
        fields = line.split()
        if fields[0] == path:
            active = True
        else:
            other_kib += int(fields[2])
    try:
        size = Path(path).stat().st_size
    except FileNotFoundError:
        size = 0
    return {"file_mb": size // (1024 * 1024), "active": active, "other_mb": other_kib // 1024}


def version_key(release: str) -> list[tuple[int, str]]:
    """Sort key of a kernel release: numbers compare as numbers."""
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|[^\d.+~-]+", release)
    ]


def reboot(running: str, root: str = "/") -> dict[str, object]:
    """Whether a reboot is pending, which packages asked for it, and the newest installed kernel."""
    base = Path(root)
    flag = base / "run/reboot-required"
    asked = base / "run/reboot-required.pkgs"
    packages = sorted(set(asked.read_text().split())) if asked.exists() else []
    kernels = [path.name[len("vmlinuz-") :] for path in (base / "boot").glob("vmlinuz-*")]
    newest = max(kernels, key=version_key) if kernels else ""
    # A custom kernel outside /boot says nothing: only an installed and replaced one counts.
    replaced = bool(newest) and running in kernels and newest != running
    return {
        "required": flag.exists() or replaced,
        "packages": packages,
        "running_kernel": running,
        "newest_kernel": newest,
    }


def ids_taken(user: str, group: str, uid: int, gid: int) -> list[str]:
    """Sentences about fixed ids that belong to somebody else, or names that have another id."""
    found = []
    for entry in pwd.getpwall():
        if (entry.pw_uid == uid) != (entry.pw_name == user):
            found.append(f"user {entry.pw_name} has uid {entry.pw_uid}")
    for item in grp.getgrall():
        if (item.gr_gid == gid) != (item.gr_name == group):
            found.append(f"group {item.gr_name} has gid {item.gr_gid}")
    return found


def timezone_known(name: str, zones: str = "/usr/share/zoneinfo") -> bool:
    """Whether the zone exists; a host without tzdata yet gets it from the role, and is believed."""
    return not Path(zones).is_dir() or Path(zones, name).is_file()


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(
        argument_spec={
            "swap_file": {"type": "path", "required": True},
            "mirror_file": {"type": "path", "required": True},
            "timezone": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            "group": {"type": "str", "required": True},
            "uid": {"type": "int", "required": True},
            "gid": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    mirror = Path(given["mirror_file"])
    module.exit_json(
        changed=False,
        time_services=time_services(),
        swap=swap(given["swap_file"], Path("/proc/swaps").read_text()),
        reboot=reboot(os.uname().release),
        ids_taken=ids_taken(given["user"], given["group"], given["uid"], given["gid"]),
        timezone_known=timezone_known(given["timezone"]),
        mirror=mirror.read_text() if mirror.exists() else "",
        own_sources=[name for name in OWN_SOURCES if Path(name).exists()],
    )


if __name__ == "__main__":
    main()
