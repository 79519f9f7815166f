"""The project's containers: Docker's list over its socket, and the figures from the containers' cgroup files.

Docker's own statistics call takes one to two seconds a container on older engines; the files take none.
"""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

from monitoring import http10
from monitoring.collectors import cgroup
from monitoring.config import DockerConfig
from monitoring.sample import Container, Containers, Counters

MAX_LIST_BYTES = 4 << 20
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
ONE_OFF_LABEL = "com.docker.compose.oneoff"
# Docker remembers its last 256 events; further back than this nothing is asked, in seconds.
LONGEST_RECORD = 600
QUOTED = (("{", "%7B"), ("}", "%7D"), ('"', "%22"), ("[", "%5B"), ("]", "%5D"), ("=", "%3D"))


def collect(
    config: DockerConfig, previous: Counters | None, now: float, host_memory_mb: float | None
) -> tuple[Containers | None, dict[str, int]]:
    """Return the containers and their CPU totals to keep; (None, {}) when Docker is not watched."""
    if not config.enabled:
        return None, {}
    try:
        listed = _list(config)
    except (OSError, http10.BadAnswerError, ValueError) as error:
        return Containers((), f"Docker does not answer on {config.socket}: {error}"), {}
    ends = _ends(config, previous, now)
    totals: dict[str, int] = {}
    items = []
    for entry in listed:
        labels = entry.get("Labels") or {}
        if labels.get(PROJECT_LABEL) != config.project or labels.get(ONE_OFF_LABEL) == "True":
            continue
        item = _measure(config, entry, labels, previous, now, host_memory_mb, totals)
        if ends is not None:
            restarts, kills = ends.get(item.id, (0, 0))
            item = item._replace(restarts=restarts, oom_kills=kills)
        items.append(item)
    items.sort(key=lambda item: item.name)
    return Containers(tuple(items), ""), totals


def health_of(status: str) -> str:
    """Return the health in Docker's status text ("Up 5 minutes (healthy)"); "none" without a health check."""
    inside = status.rpartition("(")[2].rstrip(")").strip() if status.endswith(")") else ""
    if inside in ("healthy", "unhealthy"):
        return inside
    return "starting" if inside == "health: starting" else "none"


def _ends(config: DockerConfig, previous: Counters | None, now: float) -> dict[str, tuple[int, int]] | None:
    """Return for each container the ends that nobody asked for and the OOM kills since the previous cycle.

    They come from Docker's own record of events: a counter in the cgroup files ends with the container.
    """
    if previous is None or not previous.time < now:
        return None
    since = max(previous.time, now - LONGEST_RECORD)
    filters = {
        "type": ["container"],
        "event": ["die", "kill", "oom"],
        "label": [f"{PROJECT_LABEL}={config.project}"],
    }
    query = json.dumps(filters, separators=(",", ":"))
    for plain, quoted in QUOTED:
        query = query.replace(plain, quoted)
    try:
        answer = _get(config, f"/events?since={since:.3f}&until={now:.3f}&filters={query}")
        events = [json.loads(line) for line in answer.decode("utf-8").splitlines() if line.strip()]
    except (OSError, http10.BadAnswerError, ValueError):
        return None
    found: dict[str, tuple[int, int]] = {}
    asked_for: set[str] = set()
    for event in events:
        identity, action = str(event.get("id", "")), event.get("status")
        ends, kills = found.get(identity, (0, 0))
        if action == "kill":
            asked_for.add(identity)
        elif action == "oom":
            found[identity] = (ends, kills + 1)
        elif action == "die" and identity not in asked_for:
            found[identity] = (ends + 1, kills)
        elif action == "die":
            asked_for.discard(identity)
    return found


def _list(config: DockerConfig) -> list[dict[str, Any]]:
    listed = json.loads(_get(config, "/containers/json?all=1").decode("utf-8"))
    if not isinstance(listed, list):
        raise ValueError("the list of containers is not a list")
    return listed


def _get(config: DockerConfig, path: str) -> bytes:
    deadline = time.monotonic() + config.timeout_seconds
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(config.timeout_seconds)
        connection.connect(config.socket)
        answer = http10.get(connection, "docker", path, deadline, MAX_LIST_BYTES)
    if answer.status != 200:
        raise http10.BadAnswerError(f"HTTP status {answer.status}")
    return answer.body


def _measure(
    config: DockerConfig,
    entry: dict[str, Any],
    labels: dict[str, str],
    previous: Counters | None,
    now: float,
    host_memory_mb: float | None,
    totals: dict[str, int],
) -> Container:
    identity = str(entry.get("Id", ""))
    names = entry.get("Names") or [identity[:12]]
    state = str(entry.get("State", "unknown"))
    cpu = used_mb = limit_mb = percent = None
    found = (
        cgroup.container_group(Path(config.cgroup_root), identity) if state in ("running", "paused") else None
    )
    if found is not None:
        total = cgroup.cpu_nanoseconds(found)
        if total is not None:
            totals[identity] = total
            cpu = _cpu_percent(total, identity, previous, now)
        memory = cgroup.memory(found)
        used_mb = None if memory.used is None else memory.used / 1048576
        limit_mb = None if memory.limit is None else memory.limit / 1048576
        whole = limit_mb or host_memory_mb
        percent = 100 * used_mb / whole if used_mb is not None and whole else None
    return Container(
        id=identity,
        name=str(names[0]).lstrip("/"),
        service=labels.get(SERVICE_LABEL, ""),
        state=state,
        health=health_of(str(entry.get("Status", ""))),
        cpu_percent=cpu,
        memory_mb=used_mb,
        memory_limit_mb=limit_mb,
        memory_percent=percent,
    )


def _cpu_percent(total: int, identity: str, previous: Counters | None, now: float) -> float | None:
    before = previous.containers.get(identity) if previous else None
    if previous is None or before is None or total < before or now <= previous.time:
        return None
    return 100 * (total - before) / 1e9 / (now - previous.time)
