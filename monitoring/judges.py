"""One judge for each rule: what in the sample it looks at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from monitoring.rules import Condition, Judge
from monitoring.sample import Container, Health

if TYPE_CHECKING:
    from monitoring.rules import Judges

LEAST_REQUESTS = 20
CRITICAL_CERTIFICATE_DAYS = 3


def _cpu(judge: Judge) -> tuple[list[Condition], bool]:
    return [judge.limit("", judge.sample.system.cpu_percent, "CPU")], True


def _memory(judge: Judge) -> tuple[list[Condition], bool]:
    return [judge.limit("", judge.sample.system.memory_percent, "memory")], True


def _disks(judge: Judge) -> tuple[list[Condition], bool]:
    disks = judge.sample.system.disks
    return [judge.limit(disk.path, disk.percent, f"disk {disk.path}") for disk in disks], False


def _inodes(judge: Judge) -> tuple[list[Condition], bool]:
    disks = [disk for disk in judge.sample.system.disks if disk.inodes_percent is not None]
    return [judge.limit(disk.path, disk.inodes_percent, f"inodes of {disk.path}") for disk in disks], False


def _predicted(judge: Judge) -> tuple[list[Condition], bool]:
    found = judge.sample.parts.predictions
    if found is None:
        return [], False
    return [judge.limit(item.path, item.hours, f"disk {item.path} is full in") for item in found], True


def _health(judge: Judge) -> tuple[list[Condition], bool]:
    return [_answer(judge, judge.sample.health, "health check")], True


def _public(judge: Judge) -> tuple[list[Condition], bool]:
    found = judge.sample.parts.public
    return ([] if found is None else [_answer(judge, found, "health check over the public name")]), True


def _answer(judge: Judge, health: Health, what: str) -> Condition:
    message = f"{what} passes" if health.ok else f"{what} fails: {health.error}"
    value = None if health.status is None else float(health.status)
    return judge.state("", None if health.ok is None else health.error, message, value)


def _slow(judge: Judge) -> tuple[list[Condition], bool]:
    elapsed = judge.sample.health.response_ms
    return [judge.limit("", None if elapsed is None else elapsed / 1000, "response time")], True


def _error_rate(judge: Judge) -> tuple[list[Condition], bool]:
    traffic = judge.sample.parts.nginx
    if traffic is None:
        return [], True
    few = traffic.requests < LEAST_REQUESTS
    # Few requests tell nothing of a rate, but an open alert is over when none of them fails.
    rate = traffic.error_rate if not few else 0.0 if not traffic.errors_5xx else None
    return [judge.limit("", rate, "errors among the answers")], True


def _containers(judge: Judge) -> tuple[list[Condition], bool]:
    containers = judge.sample.containers
    if containers is None:
        return [], True
    if containers.error:
        return [judge.state("docker", "unreachable", containers.error)], False
    found = []
    for item in containers.items:
        trouble = _trouble(item)
        found.append(judge.state(item.name, trouble, f"container {item.name} is {trouble or item.state}"))
    for name, services in sorted(judge.config.docker.expected.items()):
        members = [item for item in containers.items if item.service in services]
        if any(item.state in ("running", "restarting", "paused") for item in members):
            found.append(judge.state(f"{name} (service)", "", f"{name} runs"))
            continue
        states = ", ".join(f"{item.name} is {item.state}" for item in members) or "no container exists"
        found.append(judge.state(f"{name} (service)", "gone", f"{name} does not run: {states}"))
    return found, True


def _trouble(item: Container) -> str:
    """Return what is wrong with one container; empty for a well or a deliberately stopped one."""
    if item.state in ("restarting", "paused", "dead"):
        return item.state
    return "unhealthy" if item.state == "running" and item.health == "unhealthy" else ""


def _restarts(judge: Judge) -> tuple[list[Condition], bool]:
    counts = judge.sample.parts.recent_restarts or {}
    return [
        judge.limit(name, float(count), f"container {name} ended by itself, times in ten minutes:")
        for name, count in sorted(counts.items())
    ], _seen(judge)


def _container_memory(judge: Judge) -> tuple[list[Condition], bool]:
    containers = judge.sample.containers
    return [
        judge.limit(item.name, item.memory_percent, f"memory of container {item.name}")
        for item in (() if containers is None else containers.items)
        if item.memory_limit_mb is not None
    ], _seen(judge)


def _seen(judge: Judge) -> bool:
    """Return whether all containers were seen (or none is watched)."""
    return judge.sample.containers is None or not judge.sample.containers.error


def _oom(judge: Judge) -> tuple[list[Condition], bool]:
    killed = ", ".join(judge.sample.parts.recent_ooms)
    if not killed:
        return [judge.state("", "", "no OOM kill in the last ten minutes")], True
    message = f"the kernel killed for want of memory, in the last ten minutes: {killed}"
    return [judge.state("", killed, message)], True


def _redis_down(judge: Judge) -> tuple[list[Condition], bool]:
    return [
        judge.state(
            item.name,
            "no answer" if item.error else "",
            f"Redis ({item.name}) " + (f"does not answer: {item.error}" if item.error else "answers"),
        )
        for item in judge.sample.parts.redis
    ], True


def _redis_persistence(judge: Judge) -> tuple[list[Condition], bool]:
    return [
        judge.state(
            item.name,
            item.persistence,
            f"Redis ({item.name}): {item.persistence or 'its data is written'}",
        )
        for item in judge.sample.parts.redis
        if not item.error
    ], False


def _redis_memory(judge: Judge) -> tuple[list[Condition], bool]:
    # A cache is meant to be full; the queue refuses jobs when it is.
    return [
        judge.limit(item.name, item.memory_percent, f"memory of Redis ({item.name})")
        for item in judge.sample.parts.redis
        if item.name == "queue" and item.memory_percent is not None
    ], False


def _queue(judge: Judge) -> tuple[list[Condition], bool]:
    queue = judge.sample.parts.queue
    if queue is None:
        return [], not judge.config.redis.enabled
    minutes = 0.0 if queue.oldest_seconds is None else queue.oldest_seconds / 60
    return [judge.limit("", minutes, f"{queue.length} jobs wait, the oldest for")], True


def _database(judge: Judge) -> tuple[list[Condition], bool]:
    found = judge.sample.parts.database
    return (
        [] if found is None else [judge.limit("", found.wal_mb, "write-ahead log of the database")]
    ), False


def _certificate(judge: Judge) -> tuple[list[Condition], bool]:
    ends = [
        answer.not_after
        for answer in (judge.sample.health, judge.sample.parts.public)
        if answer is not None and answer.not_after is not None
    ]
    if not ends:
        return [], not judge.config.health.enabled
    days = (min(ends) - judge.sample.time) / 86400
    return [judge.limit("", days, "the certificate holds", _urgent(days))], True


def _urgent(days: float) -> str:
    return "critical" if days < CRITICAL_CERTIFICATE_DAYS else ""


def _backup(judge: Judge) -> tuple[list[Condition], bool]:
    return _result(judge, "backup")


def _rehearsal(judge: Judge) -> tuple[list[Condition], bool]:
    return _result(judge, "rehearsal")


def _result(judge: Judge, kind: str) -> tuple[list[Condition], bool]:
    found = [item for item in judge.sample.parts.results if item.kind == kind]
    if not found:
        return [], True
    result = found[0]
    if result.status == "failed":
        said = "; ".join(text for text in (result.error, result.cause) if text) or "no reason was given"
        return [judge.state("", "failed", f"the last {kind} failed: {said}")], True
    known = result.last_success if result.last_success is not None else judge.sample.parts.watched_since
    hours = None if known is None else max(judge.sample.time - known, 0.0) / 3600
    what = f"the last good {kind} ended, hours ago:" if result.status == "ok" else f"no {kind} since, hours:"
    return [judge.limit("", hours, what)], True


def _timers(judge: Judge) -> tuple[list[Condition], bool]:
    timers = judge.sample.parts.timers
    if timers is None:
        return [], not judge.config.slow.timers
    return [
        judge.state(
            item.unit,
            "" if item.result == "success" else item.result,
            f"{item.unit}.service ended with {item.result}",
        )
        for item in timers
    ], True


def _clock(judge: Judge) -> tuple[list[Condition], bool]:
    clock = judge.sample.parts.clock
    if clock is None:
        return [], True
    offset = clock.offset_seconds
    if offset is None and clock.synchronised is False:
        return [judge.state("", "not in step", "the time service has not set the clock")], True
    return [judge.limit("", None if offset is None else abs(offset), "the clock is off by")], True


def _silent(judge: Judge) -> tuple[list[Condition], bool]:
    gap = judge.sample.parts.gap_seconds
    since = "" if gap is None else time.strftime("%H:%M", time.localtime(judge.sample.time - gap))
    minutes = None if gap is None else gap / 60
    return [judge.limit("", minutes, f"no sample was taken since {since}, for")], True


def _channels(judge: Judge) -> tuple[list[Condition], bool]:
    failing = judge.sample.parts.failing_channels or {}
    return [
        judge.state(name, "failing", f"channel {name} does not take the alerts: {error}")
        for name, error in sorted(failing.items())
    ], judge.sample.parts.failing_channels is not None


def _updates(judge: Judge) -> tuple[list[Condition], bool]:
    updates = judge.sample.parts.updates
    pending = None if updates is None else updates.security_pending
    return [judge.limit("", None if pending is None else float(pending), "security updates that wait:")], True


def _reboot(judge: Judge) -> tuple[list[Condition], bool]:
    updates = judge.sample.parts.updates
    if updates is None:
        return [], True
    words = "the host waits for a restart" if updates.reboot_required else "no restart is due"
    return [judge.state("", "due" if updates.reboot_required else "", words)], True


JUDGES: Judges = {
    "high_cpu_usage": _cpu,
    "high_memory_usage": _memory,
    "high_disk_usage": _disks,
    "high_inode_usage": _inodes,
    "disk_full_predicted": _predicted,
    "app_health_failure": _health,
    "public_health_failure": _public,
    "slow_response": _slow,
    "high_error_rate": _error_rate,
    "container_unhealthy": _containers,
    "container_restart_loop": _restarts,
    "container_memory_high": _container_memory,
    "oom_kill": _oom,
    "redis_down": _redis_down,
    "redis_persistence": _redis_persistence,
    "redis_memory_high": _redis_memory,
    "queue_stuck": _queue,
    "database_log_large": _database,
    "certificate_expiring": _certificate,
    "backup_failed": _backup,
    "rehearsal_failed": _rehearsal,
    "timer_failed": _timers,
    "clock_off": _clock,
    "monitor_silent": _silent,
    "channel_failing": _channels,
    "security_updates": _updates,
    "reboot_required": _reboot,
}
