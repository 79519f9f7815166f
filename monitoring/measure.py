"""Measures everything once: calls each collector and puts what they found into one sample."""

from __future__ import annotations

from typing import Any

from monitoring.collectors import containers, files, health, nginx, redis, slow, system, updates
from monitoring.config import Config
from monitoring.sample import Containers, Counters, Parts, Sample, System

RECENT_SECONDS = 600


def measure(
    config: Config, previous: Counters | None, now: float, failing_channels: dict[str, str] | None = None
) -> tuple[Sample, Counters]:
    """Return the sample of this moment and the totals for the next one."""
    memo: dict[str, Any] = {} if previous is None else dict(previous.memo)
    host, counters = system.collect(config.system, previous, now)
    # Before the list of containers: one that goes meanwhile is then told as gone, and not as a failing
    # health check.
    answer = health.collect(config.health)
    listed, totals = containers.collect(config.docker, previous, now, host.memory_total_mb)
    states, queue, evicted = redis.collect(config.redis, previous, now)
    memo[redis.MEMO] = evicted
    results = files.results(config.files)
    ooms, restarts = _recent(memo, host, listed, now)
    parts = Parts(
        public=health.collect(config.public) if config.public.enabled else None,
        nginx=nginx.collect(config),
        redis=states,
        queue=queue,
        database=files.database(config.files, results),
        results=results,
        timers=slow.timers(config.slow, memo, now),
        updates=updates.collect(config.state_directory, config.files.reboot_file),
        clock=slow.clock(config.slow, memo, now),
        predictions=slow.predictions(host.disks, memo, now),
        gap_seconds=None if previous is None else now - previous.time,
        watched_since=memo.setdefault("watched_since", round(now)),
        recent_ooms=ooms,
        recent_restarts=restarts,
        failing_channels=failing_channels,
    )
    sample = Sample(now, config.host, host, answer, listed, parts)
    return sample, counters._replace(containers=totals, memo=memo)


def _recent(
    memo: dict[str, Any], host: System, listed: Containers | None, now: float
) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return who was killed for want of memory in the last ten minutes, and each container's restarts."""
    items = () if listed is None else listed.items
    killed = [item.name for item in items if item.oom_kills]
    if host.oom_kills and not killed:
        killed = ["a process of the host"]
    ended = {item.name: item.restarts for item in items if item.restarts}
    kept = [entry for entry in memo.get("recent", []) if 0 <= now - entry[0] < RECENT_SECONDS]
    if killed or ended:
        kept.append([round(now), killed, ended])
    memo["recent"] = kept
    restarts: dict[str, int] = {item.name: 0 for item in items}
    for _, _, counts in kept:
        for name, count in counts.items():
            restarts[name] = restarts.get(name, 0) + count
    return tuple(sorted({name for entry in kept for name in entry[1]})), restarts
