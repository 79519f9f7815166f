"""Duration, hysteresis, flapping, silences and grouping: a pager that is quiet without being blind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from monitoring import alerts, rules, silences
from monitoring.config import AlertsConfig, Rule
from monitoring.grouping import group
from monitoring.rules import Condition, Verdict
from monitoring.sample import Container, Containers, Health, Parts, RedisState, Sample
from monitoring.store import Store
from tests.support.monitoring_parts import make_sample
from tests.unit.monitoring.test_monitoring_rules import settings

DAMPING = AlertsConfig(3, 15, "", 20, "", "/run")
NONE = silences.Silences(())
TYPE = "app_health_failure"


def rule(for_minutes: float = 0) -> dict[str, Rule]:
    return {TYPE: Rule(True, "critical", None, 60, for_minutes=for_minutes)}


def cycle(
    store: Store,
    minute: float,
    firing: bool | None,
    for_minutes: float = 0,
    held: silences.Silences = NONE,
    reason: str = "503",
) -> list[str]:
    before = len(events(store))
    condition = Condition(TYPE, "", firing, "critical", reason, f"fails: {reason}", None)
    with store.transaction():
        verdict = Verdict((condition,), frozenset())
        alerts.apply(store, verdict, rule(for_minutes), "host1", minute * 60, DAMPING, held)
    return [event for event, _ in events(store)[before:]]


def events(store: Store) -> list[tuple[str, str]]:
    return [(row["event"], row["message"]) for row in store.rows("SELECT * FROM alert_events ORDER BY id")]


def test_a_trouble_is_told_when_it_has_lasted(store: Store) -> None:
    assert [cycle(store, 100 + minute, True, for_minutes=3) for minute in range(5)] == [
        [],
        [],
        [],
        ["fired"],
        [],
    ]


def test_a_trouble_that_passes_in_between_begins_anew(store: Store) -> None:
    told = [
        cycle(store, 100 + n, firing, 2) for n, firing in enumerate([True, True, False, True, True, True])
    ]
    assert told == [[], [], [], [], [], ["fired"]]


def test_what_is_pending_is_shown_and_not_open(store: Store) -> None:
    cycle(store, 100, True, for_minutes=5)
    assert alerts.open_alerts(store) == []
    assert [row["type"] for row in alerts.pending(store)] == [TYPE]
    cycle(store, 101, False, for_minutes=5)
    assert alerts.pending(store) == []


def test_an_alert_that_flaps_is_held_open_until_it_was_well_for_a_while(store: Store) -> None:
    told = [cycle(store, 100 + minute, minute % 2 == 0) for minute in range(12)]
    assert [event for made in told for event in made] == ["fired", "resolved", "fired", "resolved", "fired"]
    assert "flapping: 3 times within an hour" in events(store)[-1][1]
    quiet = [cycle(store, 112 + minute, False) for minute in range(20)]
    made = [(minute, made[0]) for minute, made in enumerate(quiet) if made]
    assert len(made) == 1
    assert made[0][1] == "resolved"
    assert made[0][0] >= 13


def test_reasons_that_change_to_and_fro_are_told_a_few_times_only(store: Store) -> None:
    for minute in range(6):
        cycle(store, 100 + minute, minute % 2 == 0)
    told = [cycle(store, 106 + minute, True, reason=f"reason {minute}") for minute in range(5)]
    assert [made for made in told if made] == []


def test_under_a_silence_nothing_is_told_and_what_is_still_wrong_is_told_at_its_end(store: Store) -> None:
    held = silences.Silences((silences.add(store, "*", 600, "deploy", "root", 100 * 60),))
    assert [cycle(store, 100 + minute, True, held=held) for minute in range(10)] == [[]] * 10
    assert cycle(store, 110, True, held=held) == ["fired"]


def test_what_came_and_went_under_a_silence_is_never_told(store: Store) -> None:
    held = silences.Silences((silences.add(store, "*", 600, "deploy", "root", 100 * 60),))
    cycle(store, 101, True, held=held)
    cycle(store, 102, False, held=held)
    assert [cycle(store, minute, False, held=held) for minute in range(103, 115)] == [[]] * 12
    assert events(store) == []


def test_a_silence_of_one_type_leaves_the_others(store: Store) -> None:
    held = silences.Silences((silences.add(store, "high_cpu_usage", 600, "", "", 100 * 60),))
    assert cycle(store, 101, True, held=held) == ["fired"]


def test_an_alert_that_is_open_is_over_under_a_silence_too(store: Store) -> None:
    cycle(store, 100, True)
    held = silences.Silences((silences.add(store, "*", 600, "", "", 101 * 60),))
    assert cycle(store, 102, False, held=held) == ["resolved"]


def test_silences_are_ended_by_number_or_all(store: Store) -> None:
    first = silences.add(store, "*", 600, "a", "", 1000)
    silences.add(store, "*", 600, "b", "", 1000)
    assert silences.end(store, first.id, 1010) == 1
    assert [item.reason for item in silences.current(store, DAMPING, 1020).items] == ["b"]
    assert silences.end(store, None, 1030) == 1
    assert silences.current(store, DAMPING, 1040).items == ()


def test_a_run_of_a_playbook_is_silent_by_its_lock_and_a_forgotten_lock_is_not(
    store: Store, tmp_path: Path
) -> None:
    lock = tmp_path / "stack.lock"
    held = DAMPING._replace(maintenance_file=str(lock))
    assert silences.current(store, held, 5000).items == ()
    lock.write_text('{"pid": 1}')
    os.utime(lock, (5000, 5000))
    assert silences.current(store, held, 5001).covers(TYPE, 5001)
    assert silences.current(store, held, 5000 + 20 * 60 - 1).covers(TYPE, 5000 + 20 * 60 - 1)
    assert not silences.current(store, held, 5000 + 20 * 60 + 1).items
    lock.write_text("")
    assert silences.current(store, held, 5001).items == (), "released"


@pytest.mark.parametrize(("text", "wanted"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400)])
def test_lengths_of_time(text: str, wanted: float) -> None:
    assert silences.seconds(text) == wanted


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "0m", "1w", "99d", "1.5h"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no length of time"):
        silences.seconds(text)


def test_an_open_alert_is_over_only_beyond_its_clear_limit() -> None:
    opened = frozenset({("high_memory_usage", "")})

    def fires(percent: float, open_now: frozenset[tuple[str, str]]) -> bool | None:
        verdict = rules.judge(make_sample(1000, memory_percent=percent), settings(), open_now)
        return next(item.firing for item in verdict.conditions if item.type == "high_memory_usage")

    assert [fires(value, frozenset()) for value in (84, 86)] == [False, True]
    assert [fires(value, opened) for value in (84, 81, 80)] == [True, True, False]


# --- grouping ---

DOWN = Health(False, 502, 3.0, None, "HTTP status 502")


def container(service: str, state: str = "running", health: str = "healthy") -> Container:
    return Container("id" + service, f"tdm-{service}-1", service, state, health, 1.0, 20.0, 64.0, 31.0)


class World:
    """A host whose faults go through judging, grouping and the states, as in a cycle."""

    def __init__(self, store: Store) -> None:
        self.store = store
        expected = {"app": ["app-blue", "app-green"], "nginx": ["nginx"], "redis-queue": ["redis-queue"]}
        self.config = settings(docker={"project": "tdm", "expected": expected})
        self.minute = 100.0

    def cycle(
        self, health: Health | None = None, containers: Containers | None = None, **parts: Any
    ) -> list[str]:
        self.minute += 1
        services = ("app-blue", "nginx", "redis-queue", "worker")
        well = Containers(tuple(container(name) for name in services), "")
        sample: Sample = make_sample(self.minute * 60, health=health, containers=containers or well)
        sample = sample._replace(parts=Parts(**{"redis": (RedisState("queue", ""),), **parts}))
        before = len(events(self.store))
        with self.store.transaction():
            known = alerts.states(self.store)
            opened = frozenset(key for key, state in known.items() if state["firing"])
            verdict, _ = group(rules.judge(sample, self.config, opened), known, sample.time)
            alerts.apply(self.store, verdict, self.config.rules, "h", sample.time, DAMPING, NONE)
        rows = self.store.rows("SELECT * FROM alert_events ORDER BY id")[before:]
        return [f"{row['event']} {row['type']} {row['subject']}".strip() for row in rows]


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    assert made.cycle() == []
    return made


DEAD_REDIS = (RedisState("queue", "connection refused"),)


def test_a_dead_docker_is_one_alert(world: World) -> None:
    dead = Containers((), "Docker does not answer")
    assert world.cycle(DOWN, dead, redis=DEAD_REDIS) == ["fired container_unhealthy docker"]
    assert [world.cycle(DOWN, dead, redis=DEAD_REDIS) for _ in range(4)] == [[]] * 4
    assert world.cycle(DOWN) == ["resolved container_unhealthy docker"], "the app comes up a little later"
    assert world.cycle() == []


def test_a_dead_redis_is_one_alert(world: World) -> None:
    gone = Containers((container("app-blue"), container("nginx"), container("redis-queue", "exited")), "")
    assert world.cycle(DOWN, gone, redis=DEAD_REDIS) == ["fired container_unhealthy redis-queue (service)"]
    sick = container("app-blue", health="unhealthy")
    later = Containers((sick, container("nginx"), container("redis-queue", "exited")), "")
    assert world.cycle(DOWN, later, redis=DEAD_REDIS) == []
    assert world.cycle() == ["resolved container_unhealthy redis-queue (service)"]


def test_a_hung_app_is_one_alert_though_docker_notices_later(world: World) -> None:
    hung = Health(False, None, 10000.0, None, "no answer within 10 s")
    sick = Containers(
        (
            container("app-blue", health="unhealthy"),
            container("nginx", health="unhealthy"),
            container("redis-queue"),
        ),
        "",
    )
    assert world.cycle(hung) == ["fired app_health_failure"]
    assert world.cycle(hung) == []
    assert world.cycle(hung, sick) == []
    assert world.cycle(None, sick) == ["resolved app_health_failure"], "Docker asks again half a minute later"
    assert world.cycle() == []


def test_a_container_that_stays_unhealthy_after_the_app_is_well_is_told(world: World) -> None:
    sick = Containers(
        (container("app-blue", health="unhealthy"), container("nginx"), container("redis-queue")), ""
    )
    world.cycle(DOWN, sick)
    told = [event for _ in range(5) for event in world.cycle(None, sick)]
    assert told == ["resolved app_health_failure", "fired container_unhealthy tdm-app-blue-1"]


def test_a_killed_app_is_one_alert_that_names_the_container(world: World) -> None:
    gone = Containers((container("app-blue", "exited"), container("nginx"), container("redis-queue")), "")
    assert world.cycle(DOWN, gone) == ["fired container_unhealthy app (service)"]
    assert world.cycle(DOWN) == ["resolved container_unhealthy app (service)"]
    assert world.cycle() == []


def test_two_faults_are_two_alerts(world: World) -> None:
    sick = container("worker", health="unhealthy")
    both = Containers(
        (container("app-blue", "exited"), container("nginx"), container("redis-queue"), sick), ""
    )
    assert world.cycle(DOWN, both) == [
        "fired container_unhealthy tdm-worker-1",
        "fired container_unhealthy app (service)",
    ]
