"""The SSH session through which the module runs."""

from __future__ import annotations

import re

from .files import HostFiles


def ssh_port(files: HostFiles, pid: int) -> int | None:
    """The server's port of the SSH session above process `pid`, or None outside of SSH.

    sudo clears the environment, so that of each ancestor is looked at.
    """
    while pid > 1:
        connection = _variable(files.text(f"/proc/{pid}/environ") or "", "SSH_CONNECTION")
        # Client address and port, server address and port.
        fields = connection.split()
        if len(fields) == 4 and fields[3].isdigit():
            return int(fields[3])
        parent = re.search(r"^PPid:\s+(\d+)$", files.text(f"/proc/{pid}/status") or "", re.MULTILINE)
        if parent is None:
            return None
        pid = int(parent.group(1))
    return None


def _variable(environment: str, name: str) -> str:
    for entry in environment.split("\0"):
        key, _, value = entry.partition("=")
        if key == name:
            return value
    return ""
