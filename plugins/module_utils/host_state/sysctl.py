"""Kernel parameters: their file in sysctl.d and their live values under /proc/sys."""

from __future__ import annotations

import os

from .manifest import StateError

PROC_SYS = "/proc/sys"


def sysctl_drift(
    wanted: dict[str, str], refused: dict[str, str], proc_sys: str = PROC_SYS
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Return {key: (live value, wanted value)} of what differs, and the keys that cannot be set here.

    Cannot be set: the kernel lacks the key, it is read-only (in a container), or the kernel refused this very
    value on an earlier run (`refused`).
    """
    drift: dict[str, tuple[str, str]] = {}
    unavailable = []
    for key, value in wanted.items():
        path = _path(key, proc_sys)
        live = _read(path)
        if live is None or (live != _plain(value) and not os.access(path, os.W_OK)):
            unavailable.append(key)
        elif live != _plain(value):
            if refused.get(key) == value:
                unavailable.append(key)
            else:
                drift[key] = (live, _plain(value))
    return drift, unavailable


def set_live(key: str, value: str, proc_sys: str = PROC_SYS) -> bool:
    """Set a live value; return False when the kernel does not permit it. StateError for a bad value."""
    try:
        with open(_path(key, proc_sys), "w", encoding="ascii") as handle:
            handle.write(value + "\n")
    except PermissionError:
        return False
    except OSError as error:
        if error.errno == 30:  # EROFS
            return False
        raise StateError(f"sysctl {key}: the kernel refuses the value {value!r}: {error.strerror}") from None
    return True


def file_content(owner: str, wanted: dict[str, str]) -> str:
    """Return the text of the file in sysctl.d."""
    lines = [f"# Managed by Ansible: sysctl of host_state {owner}."]
    lines += [f"{key} = {value}" for key, value in sorted(wanted.items())]
    return "\n".join(lines) + "\n"


def _path(key: str, proc_sys: str) -> str:
    # As in sysctl(8) a slash stands for a dot inside a name: net.ipv4.conf.eth0/1.mtu.
    return os.path.join(proc_sys, key.translate(str.maketrans("./", "/.")))


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as handle:
            return _plain(handle.read())
    except OSError:
        return None


def _plain(value: str) -> str:
    return " ".join(value.split())
