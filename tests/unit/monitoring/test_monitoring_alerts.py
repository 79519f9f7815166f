"""An alert fires once, again on change or after a while, and says when it is over."""

from __future__ import annotations

import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from monitoring import alerts
from monitoring.config import Rule
from monitoring.rules import Condition, Verdict
from monitoring.store import Store, open_store

REPEAT_MINUTES = 60.0
RULES = {"app_health_failure": Rule(True, "critical", None, REPEAT_MINUTES)}
RULES["container_unhealthy"] = RULES["app_health_failure"]
TYPE = "app_health_failure"


def condition(
    firing: bool | None, reason: str = "refused", severity: str = "critical", subject: str = ""
) -> Condition:
    kind = "container_unhealthy" if subject else TYPE
    return Condition(kind, subject, firing, severity, reason, f"fails: {reason}", None)


def cycle(store: Store, moment: float, *conditions: Condition, complete: str = "") -> list[str]:
    """Run one cycle and return the events that it made."""
    before = len(events(store))
    verdict = Verdict(conditions, frozenset([complete] if complete else []))
    with store.transaction():
        alerts.apply(store, verdict, RULES, "host1", moment)
    return events(store)[before:]


def events(store: Store) -> list[str]:
    return [row["event"] for row in store.rows("SELECT event FROM alert_events ORDER BY id")]


def test_fires_once_and_resolves_once(store: Store) -> None:
    assert cycle(store, 1000, condition(False)) == []
    assert cycle(store, 1060, condition(True)) == ["fired"]
    assert cycle(store, 1120, condition(True)) == []
    assert cycle(store, 1180, condition(False)) == ["resolved"]
    assert cycle(store, 1240, condition(False)) == []
    assert cycle(store, 1300, condition(True)) == ["fired"]


def test_tells_anew_when_the_reason_or_the_severity_changes(store: Store) -> None:
    assert cycle(store, 1000, condition(True)) == ["fired"]
    assert cycle(store, 1060, condition(True, "HTTP status 503")) == ["changed"]
    assert cycle(store, 1120, condition(True, "HTTP status 503")) == []
    assert cycle(store, 1180, condition(True, "HTTP status 503", "warning")) == ["changed"]


def test_repeats_after_the_interval_and_counts_from_the_last_telling(store: Store) -> None:
    minutes = [minute for minute in range(200) if cycle(store, 1000 + 60 * minute, condition(True))]
    assert minutes == [0, 60, 120, 180]


def test_a_clock_that_was_set_back_does_not_silence_it(store: Store) -> None:
    assert cycle(store, 1_000_000, condition(True)) == ["fired"]
    assert cycle(store, 500_000, condition(True)) == ["repeated"]


def test_an_unknown_cycle_leaves_it_open(store: Store) -> None:
    cycle(store, 1000, condition(True))
    assert cycle(store, 1060, condition(None)) == []
    assert [row["type"] for row in alerts.open_alerts(store)] == [TYPE]


def test_a_subject_that_vanished_is_over_when_the_list_was_complete(store: Store) -> None:
    cycle(store, 1000, condition(True, subject="tdm-worker-1"))
    assert cycle(store, 1060) == [], "the list was not complete"
    assert cycle(store, 1120, complete="container_unhealthy") == ["resolved"]
    assert alerts.open_alerts(store) == []


def test_two_cycles_at_once_make_one_event(tmp_path: Path) -> None:
    open_store(str(tmp_path)).connection.close()
    barrier = threading.Barrier(2)
    made: list[list[str]] = []

    def run() -> None:
        store = open_store(str(tmp_path))
        barrier.wait()
        cycle(store, 1000, condition(True))
        made.append(events(store))
        store.connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
    assert made[-1] == ["fired"]


def test_a_state_that_somebody_else_changed_is_left_alone(store: Store) -> None:
    cycle(store, 1000, condition(True))
    stale = store.row("SELECT * FROM alert_states")
    cycle(store, 1060, condition(False))
    assert not alerts._compare_and_set(store.connection, stale, condition(False), "resolved", 1060)
    assert events(store) == ["fired", "resolved"]


@given(
    st.lists(
        st.tuples(st.sampled_from([True, False, None]), st.sampled_from("ab"), st.integers(1, 90)),
        max_size=40,
    )
)
def test_any_history_alternates_and_never_stays_silent(history: list[tuple[bool | None, str, int]]) -> None:
    """Fired and resolved alternate, in between come only changed and repeated, and a firing alert is
    told at least once in every interval that a cycle closes."""
    import sqlite3

    from monitoring.store import MIGRATIONS

    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    for script in MIGRATIONS:
        connection.executescript(script)
    store = Store(connection)
    moment, is_open, told = 0.0, False, 0.0
    for firing, reason, minutes in history:
        moment += minutes * 60
        made = cycle(store, moment, condition(firing, reason))
        assert len(made) <= 1
        expected_open = is_open if firing is None else firing
        if made == ["fired"]:
            assert not is_open
            assert firing
        elif made == ["resolved"]:
            assert is_open
            assert firing is False
        elif made:
            assert is_open
            assert firing
        else:
            assert expected_open == is_open
            assert not (firing and moment - told >= REPEAT_MINUTES * 60)
        is_open = expected_open
        told = moment if made else told
        assert bool(alerts.open_alerts(store)) == is_open
    connection.close()
