"""Who listens on which TCP port: processes from /proc, containers from Docker's API.

With `userland-proxy: false` a published port has no listening socket, or one of the daemon itself (Docker
26), so both have to be asked.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any, NamedTuple

from .files import HostFiles

LISTEN = "0A"
DOCKER_TIMEOUT = 3.0


class Socket(NamedTuple):
    """A listening TCP socket."""

    address: str
    port: int
    inode: str


def listening_sockets(text: str) -> list[Socket]:
    """Listening sockets from the text of /proc/net/tcp or /proc/net/tcp6."""
    sockets: list[Socket] = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTEN:
            address, _, port = fields[1].partition(":")
            sockets.append(Socket(_address(address), int(port, 16), fields[9]))
    return sockets


def _address(hexadecimal: str) -> str:
    """An address as the kernel prints it: 32-bit words in the machine's byte order."""
    words = [int(hexadecimal[start : start + 8], 16) for start in range(0, len(hexadecimal), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)


def listening_ports(files: HostFiles) -> list[dict[str, Any]]:
    """Listening TCP ports with the process behind each (None for a process we may not look at)."""
    sockets: list[Socket] = []
    for name in ("tcp", "tcp6"):
        sockets += listening_sockets(files.text("/proc/net/" + name) or "")
    owners = _owners(files, {found.inode for found in sockets})
    ports = {}
    for found in sockets:
        pid = owners.get(found.inode)
        process = (files.text(f"/proc/{pid}/comm") or "").strip() if pid else ""
        ports[found.port, found.address] = {
            "port": found.port,
            "address": found.address,
            "process": process or None,
            "pid": pid,
        }
    return [ports[key] for key in sorted(ports)]


def _owners(files: HostFiles, inodes: set[str]) -> dict[str, int]:
    """The lowest process id per socket inode."""
    owners: dict[str, int] = {}
    for pid in sorted(int(name) for name in files.names("/proc") if name.isdigit()):
        # A busy host has thousands of descriptors; once every owner is known the rest is not read.
        if len(owners) == len(inodes):
            break
        directory = str(files.path(f"/proc/{pid}/fd"))
        for descriptor in files.names(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"{directory}/{descriptor}")
            except OSError:
                continue
            if target.startswith("socket:[") and target[8:-1] in inodes:
                owners.setdefault(target[8:-1], pid)
    return owners


def published_ports(containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ports that containers publish, from Docker's list of containers."""
    published = {}
    for container in containers:
        name = (container.get("Names") or ["?"])[0].lstrip("/")
        project = (container.get("Labels") or {}).get("com.docker.compose.project")
        for port in container.get("Ports") or []:
            if port.get("PublicPort") and port.get("Type") == "tcp":
                found = {"port": port["PublicPort"], "container": name, "project": project}
                published[found["port"], name] = found
    return [published[key] for key in sorted(published)]


def docker_containers(files: HostFiles) -> list[dict[str, Any]]:
    """Docker's list of running containers; empty when the engine is not running.

    Only a running engine is asked: the socket alone would start it (systemd listens in its place).
    """
    pid = (files.text("/run/docker.pid") or "").strip()
    if not pid.isdigit() or not files.exists(f"/proc/{pid}/exe"):
        return []
    body = _get(str(files.path("/run/docker.sock")), "/containers/json")
    return json.loads(body) if body is not None else []


def _get(socket_path: str, resource: str) -> bytes | None:
    """Body of a GET over a unix socket (HTTP/1.0: ends with the connection), or None."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(DOCKER_TIMEOUT)
            connection.connect(socket_path)
            connection.sendall(f"GET {resource} HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
            answer = b""
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
    except OSError:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    return body if head.split(b" ", 2)[1:2] == [b"200"] else None
