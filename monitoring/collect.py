"""One cycle: measure, store with the alerts that follow, write the alerts to the journal, copy to Redis."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from monitoring import alerts, rules
from monitoring.collectors import containers, health, system
from monitoring.config import Config
from monitoring.journal import log, log_events
from monitoring.sample import Counters, Sample
from monitoring.store import Store, open_store

EXIT_BUSY = 75


class BusyError(Exception):
    """Another cycle is still going on."""


class NotOwnerError(Exception):
    """This user may not write the state directory as the unit's user does."""


def run(config: Config) -> int:
    """Run one cycle; return 0 (also when Redis is down), 1 when the sample was not stored, 75 when busy."""
    try:
        with _lock(config.state_directory):
            return _cycle(config)
    except BusyError:
        log("warning", "another cycle is still going on; this one is left out")
        return EXIT_BUSY
    except (NotOwnerError, OSError) as error:
        log("error", f"state directory {config.state_directory}: {error}")
        return 1


def measure(config: Config, previous: Counters | None, now: float) -> tuple[Sample, Counters]:
    """Return the sample of this moment and the totals for the next one."""
    host, counters = system.collect(config.system, previous, now)
    listed, totals = containers.collect(config.docker, previous, now, host.memory_total_mb)
    answer = health.collect(config.health)
    return Sample(now, config.host, host, answer, listed), counters._replace(containers=totals)


def _cycle(config: Config) -> int:
    now = time.time()
    try:
        store: Store | None = open_store(config.state_directory)
        previous = store.counters() if store is not None else None
    except sqlite3.Error as error:
        log("error", f"the store in {config.state_directory} cannot be used: {error}")
        store = previous = None
    sample, counters = measure(config, previous, now)
    verdict = rules.judge(sample, config)
    if store is None or not _keep(store, config, sample, counters, verdict):
        # Without a store nobody knows what was said before: better said every minute than never.
        for condition in verdict.conditions:
            if condition.firing:
                log(
                    condition.severity,
                    f"alert {condition.type} firing host={config.host}: {condition.message}",
                )
        return 1
    log_events(store)
    if config.redis.enabled:
        _publish(store, config, now)
    store.connection.close()
    return 0


def _keep(store: Store, config: Config, sample: Sample, counters: Counters, verdict: rules.Verdict) -> bool:
    try:
        with store.transaction():
            store.add_sample(sample, counters)
            alerts.apply(store, verdict, config.rules, config.host, sample.time)
            store.trim(sample.time, config.samples_days, config.alerts_days)
    except sqlite3.Error as error:
        log("error", f"the sample cannot be stored in {config.state_directory}: {error}")
        return False
    return True


def _publish(store: Store, config: Config, now: float) -> None:
    """Copy to Redis; say once when it is down and once when it is back."""
    from monitoring import publish
    from monitoring.redis_client import RedisClient, RedisError

    before = store.note("redis") or {"error": ""}
    try:
        with RedisClient(config.redis) as client:
            result = publish.publish(store, client, now, config.samples_days, config.alerts_days)
    except RedisError as error:
        if not before["error"]:
            log(
                "warning", f"Redis does not take the samples ({error}); they wait in {config.state_directory}"
            )
        store.set_note("redis", {"error": str(error), "since": before.get("since") or int(now)})
        return
    if before["error"]:
        log("notice", f"Redis takes the samples again: {result.sent} sent, {result.waiting} waiting")
        store.set_note("redis", {"error": ""})


@contextmanager
def _lock(directory: str) -> Iterator[None]:
    owner = Path(directory).stat().st_uid
    if os.geteuid() != owner:
        raise NotOwnerError(
            f"it belongs to uid {owner}, not to {os.geteuid()}; run `systemctl start` on the unit instead"
        )
    descriptor = os.open(str(Path(directory, "lock")), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError from None
        yield
    finally:
        os.close(descriptor)
