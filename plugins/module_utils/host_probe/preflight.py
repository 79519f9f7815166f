"""Reasons not to start: each is one message that says what is wrong, what is expected and what mends it."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from ..sizing import Parts, TooSmallError, machine_of, size
from ..sizing_table import sizing_table

# Releases on which Docker, systemd and Python are what the roles expect; design.md section 3.
SUPPORTED = {
    "ubuntu": ("Ubuntu", ("20.04", "22.04", "24.04")),
    "debian": ("Debian", ("11", "12", "13")),
}
ARCHITECTURES = ("x86_64", "aarch64")
MINIMUM_FREE_INODES = 20000
# Who listens on a published port: the proxy, or without one (userland-proxy: false) the daemon itself.
DOCKER_PROCESSES = ("docker-proxy", "dockerd")


class Requirements(NamedTuple):
    """What the operator asks of the host."""

    project: str
    ports: dict[str, int]
    parts: Mapping[str, bool]
    at_most: Mapping[str, float]
    free_install_mb: int
    free_run_mb: int


def refusals(host: Mapping[str, Any], needs: Requirements) -> list[str]:
    """All reasons why the service cannot be installed on this host; none means that it can."""
    found = [unsupported_distribution(host), unsupported_architecture(host), too_small(host, needs)]
    found += full_disks(host, needs)
    found += taken_ports(host, needs)
    return [message for message in found if message]


def unsupported_distribution(host: Mapping[str, Any]) -> str | None:
    """Name what is there and what would do."""
    if host["version"] in SUPPORTED.get(host["distribution"], ("", ()))[1]:
        return None
    supported = "; ".join(f"{title} {', '.join(versions)}" for title, versions in SUPPORTED.values())
    return f"This host runs {host['distribution_title']}, which is not supported. Supported: {supported}."


def unsupported_architecture(host: Mapping[str, Any]) -> str | None:
    """Name what is there and what would do."""
    if host["architecture"] in ARCHITECTURES:
        return None
    return (
        f"This host's architecture is {host['architecture']}, which is not supported. "
        "Supported: x86_64 (amd64) and aarch64 (arm64)."
    )


def too_small(host: Mapping[str, Any], needs: Requirements) -> str | None:
    """The sizing table of a machine that cannot hold the service."""
    machine, parts = machine_of(host, needs.at_most), Parts(**needs.parts)
    try:
        size(machine.memory_mb, machine.cpus, machine.disk_gb, parts)
    except TooSmallError:
        table = sizing_table(machine.memory_mb, machine.cpus, machine.disk_gb, parts)
        return "This machine is too small for the service.\n" + table
    return None


def full_disks(host: Mapping[str, Any], needs: Requirements) -> list[str]:
    """One message per file system with too little room; paths that share it are named together."""
    needed = needs.free_run_mb if host["installed"] else needs.free_install_mb
    reason = "every run needs" if host["installed"] else "a first installation needs"
    variable = "stack_disk_free_run_mb" if host["installed"] else "stack_disk_free_install_mb"
    short: dict[str, list[str]] = {}
    for disk in host["disks"]:
        if disk["free_mb"] < needed:
            what = f"has {disk['free_mb']} MB free; {reason} {needed} MB ({variable})"
        elif disk["free_inodes"] is not None and disk["free_inodes"] < MINIMUM_FREE_INODES:
            what = f"has {disk['free_inodes']} inodes free; {MINIMUM_FREE_INODES} are needed"
        else:
            continue
        short.setdefault(what, []).append(disk["path"])
    return [
        f"The disk that holds {' and '.join(paths)} {what}. What takes the room: du -xh / | sort -h | tail"
        for what, paths in short.items()
    ]


def taken_ports(host: Mapping[str, Any], needs: Requirements) -> list[str]:
    """One message per port that a process or a container other than our own holds."""
    messages = []
    for variable, port in needs.ports.items():
        owner = _owner(host, port, needs.project)
        if owner:
            messages.append(f"Port {port} is taken by {owner}, or choose another port with {variable}.")
    return messages


def _owner(host: Mapping[str, Any], port: int, project: str) -> str | None:
    publishers = [found for found in host["published"] if found["port"] == port]
    for found in publishers:
        if found["project"] != project:
            owner = f" of the Compose project {found['project']}" if found["project"] else ""
            container = found["container"]
            return f"the container {container}{owner}. Stop it (docker stop {container})"
    for found in host["ports"]:
        if found["port"] != port:
            continue
        # Docker holds it for a container of ours; while the daemon is down nobody can be asked.
        if found["process"] in DOCKER_PROCESSES and (publishers or host["installed"]):
            continue
        if found["process"] is None:
            return f"a process that could not be identified (address {found['address']}). Stop it"
        return (
            f"the process {found['process']} (pid {found['pid']}, address {found['address']}). "
            f"Stop it (systemctl status {found['pid']} names its unit)"
        )
    return None
