"""The figures in Prometheus' text format, for node_exporter's textfile collector and our exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

from monitoring.sample import Sample
from monitoring.store import Row

PREFIX = "tdm_"


def write(path: str, sample: Sample, firing: list[Row]) -> None:
    """Replace the file at once, as the collector demands: it never reads half of one."""
    temporary = Path(path + ".new")
    temporary.write_text(render(sample, firing), encoding="utf-8")
    temporary.chmod(0o644)
    temporary.replace(path)


def render(sample: Sample, firing: list[Row]) -> str:
    """Return the sample in the text format 0.0.4; figures that are missing are left out."""
    lines: list[str] = []
    known: set[str] = set()
    for name, labels, value in _figures(sample, firing):
        if value is None:
            continue
        if name not in known:
            known.add(name)
            lines.append(f"# TYPE {PREFIX}{name} {'counter' if name.endswith('_total') else 'gauge'}")
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        shown = f"{{{inside}}}" if inside else ""
        lines.append(f"{PREFIX}{name}{shown} {_number(value)}")
    return "\n".join(lines) + "\n"


def _figures(sample: Sample, firing: list[Row]) -> Iterator[tuple[str, dict[str, str], Any]]:
    system, parts = sample.system, sample.parts
    yield "last_sample_seconds", {}, sample.time
    yield "cpu_percent", {}, system.cpu_percent
    yield "cpu_steal_percent", {}, system.cpu_steal_percent
    yield "cpu_iowait_percent", {}, system.cpu_iowait_percent
    yield "memory_percent", {}, system.memory_percent
    yield "swap_percent", {}, system.swap_percent
    yield "load_1", {}, system.load_1
    yield "network_received_bytes_total", {}, system.network_received_bytes
    yield "network_sent_bytes_total", {}, system.network_sent_bytes
    yield "disk_read_bytes_total", {}, system.disk_read_bytes
    yield "disk_written_bytes_total", {}, system.disk_written_bytes
    for name, share in (system.pressure or {}).items():
        yield "pressure_percent", {"resource": name}, share
    for disk in system.disks:
        yield "disk_percent", {"path": disk.path}, disk.percent
    for disk in system.disks:
        yield "inodes_percent", {"path": disk.path}, disk.inodes_percent
    yield "health_ok", {}, None if sample.health.ok is None else int(sample.health.ok)
    yield "response_ms", {}, sample.health.response_ms
    if parts.nginx is not None:
        yield "requests", {}, parts.nginx.requests
        yield "error_rate_percent", {}, parts.nginx.error_rate
        yield "p95_ms", {}, parts.nginx.p95_ms
    if parts.queue is not None:
        yield "queue_length", {}, parts.queue.length
        yield "queue_oldest_seconds", {}, parts.queue.oldest_seconds
        yield "queue_failed", {}, parts.queue.failed
    for redis in parts.redis:
        yield "redis_up", {"instance": redis.name}, int(not redis.error)
    for redis in parts.redis:
        yield "redis_memory_percent", {"instance": redis.name}, redis.memory_percent
    for result in parts.results:
        yield "last_success_seconds", {"kind": result.kind}, result.last_success
    containers = () if sample.containers is None else sample.containers.items
    for item in containers:
        yield "container_running", {"container": item.name}, int(item.state == "running")
    for item in containers:
        yield "container_memory_percent", {"container": item.name}, item.memory_percent
    for alert in firing:
        yield "alert", {"type": alert["type"], "subject": alert["subject"], "severity": alert["severity"]}, 1


def _number(value: Any) -> str:
    return str(int(value)) if float(value).is_integer() else f"{float(value):.3f}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
