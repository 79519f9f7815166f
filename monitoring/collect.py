"""One cycle: measure, store with the alerts that follow, tell them, copy to Redis and to the scrape file."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from monitoring import alerts, notify, rules, silences
from monitoring.config import Config
from monitoring.grouping import group
from monitoring.journal import log, log_events
from monitoring.measure import measure
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


def _cycle(config: Config) -> int:
    now = time.time()
    channels = notify.read(config.alerts)
    if config.rules_problem:
        _tell_of_rules(config, channels)
    failing = None
    try:
        store: Store | None = open_store(config.state_directory)
        previous = store.counters() if store is not None else None
        failing = notify.failing(store) if store is not None else None
    except sqlite3.Error as error:
        log("error", f"the store in {config.state_directory} cannot be used: {error}")
        store = previous = None
    sample, counters = measure(config, previous, now, failing)
    if store is None or not _keep(store, config, sample, counters, channels):
        _tell_without_store(config, channels, sample)
        return 1
    _tell(store, channels, now)
    if config.redis.enabled:
        _publish(store, config, sample)
    if config.textfile:
        from monitoring import textfile

        textfile.write(config.textfile, sample, alerts.open_alerts(store))
    if channels.watchdog_url:
        from monitoring import watchdog

        watchdog.show_life(store, channels.watchdog_url, now)
    store.connection.close()
    return 0


def _keep(
    store: Store, config: Config, sample: Sample, counters: Counters, channels: notify.Channels
) -> bool:
    """Store the sample, the alerts' states and the events with their place in the outbox: all or nothing."""
    try:
        with store.transaction():
            known = alerts.states(store)
            opened = frozenset(key for key, state in known.items() if state["firing"])
            verdict, hidden = group(rules.judge(sample, config, opened), known, sample.time)
            store.add_sample(sample, counters)
            held = silences.current(store, config.alerts, sample.time)
            made = alerts.apply(store, verdict, config.rules, config.host, sample.time, config.alerts, held)
            if made and hidden:
                store.connection.execute(
                    "UPDATE alert_events SET details = ? WHERE queued = 0 AND event IN ('fired', 'changed')",
                    (f"follows from it: {', '.join(sorted(hidden))}",),
                )
            notify.enqueue(store, channels)
            store.trim(sample.time, config.samples_days, config.alerts_days)
    except sqlite3.Error as error:
        log("error", f"the sample cannot be stored in {config.state_directory}: {error}")
        return False
    return True


def _tell(store: Store, channels: notify.Channels, now: float) -> None:
    """Write the new events to the journal and send them, with who used the memory and the CPU."""
    if store.row("SELECT 1 FROM alert_events WHERE logged = 0 AND event IN ('fired', 'changed')") is not None:
        from monitoring.collectors import processes

        store.connection.execute(
            "UPDATE alert_events SET details = trim(details || char(10) || ?, char(10))"
            " WHERE logged = 0 AND event IN ('fired', 'changed')",
            (processes.summary(),),
        )
    log_events(store)
    notify.deliver(store, channels, now)


def _tell_without_store(config: Config, channels: notify.Channels, sample: Sample) -> None:
    """Without a store nobody knows what was said before: the journal is told each minute, channels hourly."""
    from monitoring import watchdog

    said = [
        f"alert {condition.type} firing host={config.host} severity={condition.severity}: {condition.message}"
        for condition in rules.judge(sample, config).conditions
        if condition.firing
    ]
    for line in said:
        log("error", line)
    text = "\n".join([f"the samples cannot be stored in {config.state_directory}", *said])
    watchdog.tell_once(config, channels, "store", f"[{config.host}] critical: monitoring cannot store", text)


def _tell_of_rules(config: Config, channels: notify.Channels) -> None:
    """A slip in a file leaves no host unwatched; but it is said, each minute here and hourly outside."""
    from monitoring import watchdog

    log("error", config.rules_problem)
    subject = f"[{config.host}] warning: the rules cannot be used"
    watchdog.tell_once(config, channels, "rules", subject, config.rules_problem)


def _publish(store: Store, config: Config, sample: Sample) -> None:
    """Copy to Redis; say once when it is down and once when it is back."""
    from monitoring import current, publish
    from monitoring.redis_client import RedisClient, RedisError

    before = store.note("redis") or {"error": ""}
    try:
        with RedisClient(config.redis) as client:
            result = publish.publish(store, client, sample.time, config.samples_days, config.alerts_days)
            client.call("SET", current.KEY, current.document(store, config, sample))
    except RedisError as error:
        if not before["error"]:
            log(
                "warning", f"Redis does not take the samples ({error}); they wait in {config.state_directory}"
            )
        store.set_note("redis", {"error": str(error), "since": before.get("since") or int(sample.time)})
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
