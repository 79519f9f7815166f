"""The state of each alert and the events that come of its changes.

ok -> firing: event `fired`. firing -> firing: `changed` when the fingerprint or the severity differs,
`repeated` after the rule's interval, else nothing. firing -> ok: `resolved`. Each change is a compare-and-set
on the state's version and commits together with its event, so two cycles at once make one event.
"""

from __future__ import annotations

import sqlite3

from monitoring.config import Rule
from monitoring.rules import Condition, Verdict
from monitoring.store import Row, Store, next_id

EVENTS = ("fired", "changed", "repeated", "resolved")


def apply(store: Store, verdict: Verdict, rules: dict[str, Rule], host: str, now: float) -> int:
    """Bring the stored states in line with the verdict, inside a transaction; return the number of events."""
    states = {(row["type"], row["subject"]): row for row in store.rows("SELECT * FROM alert_states")}
    made = 0
    for condition in _with_absent(verdict, states):
        state = states.get((condition.type, condition.subject))
        event = decide(state, condition, rules[condition.type].repeat_minutes * 60, now)
        if event and _compare_and_set(store.connection, state, condition, event, now):
            _add_event(store.connection, condition, event, host, now)
            made += 1
    return made


def decide(state: Row | None, condition: Condition, repeat_seconds: float, now: float) -> str:
    """Return the event that the condition makes of the state, or nothing."""
    if condition.firing is None:
        return ""
    was_firing = state is not None and bool(state["firing"])
    if not condition.firing:
        return "resolved" if was_firing else ""
    if state is None or not was_firing:
        return "fired"
    if (state["fingerprint"], state["severity"]) != (condition.fingerprint, condition.severity):
        return "changed"
    # A clock that was set back must not silence the alert until it has caught up.
    waited = abs(now - state["told"])
    return "repeated" if 0 < repeat_seconds <= waited else ""


def open_alerts(store: Store) -> list[Row]:
    """Return the states that are firing, oldest first."""
    return store.rows("SELECT * FROM alert_states WHERE firing = 1 ORDER BY since, type, subject")


def _with_absent(verdict: Verdict, states: dict[tuple[str, str], Row]) -> list[Condition]:
    """Add an `ok` for each open alert whose subject a complete verdict no longer mentions."""
    mentioned = {(condition.type, condition.subject) for condition in verdict.conditions}
    absent = [
        Condition(kind, subject, False, row["severity"], "", _over(kind, subject), None)
        for (kind, subject), row in states.items()
        if row["firing"] and kind in verdict.complete_types and (kind, subject) not in mentioned
    ]
    return [*verdict.conditions, *absent]


def _over(kind: str, subject: str) -> str:
    if kind == "container_unhealthy" and subject != "docker":
        return f"container {subject} no longer exists"
    return "no longer watched" if subject != "docker" else "Docker answers"


def _compare_and_set(
    connection: sqlite3.Connection, state: Row | None, condition: Condition, event: str, now: float
) -> bool:
    """Write the new state unless it was changed since it was read; return whether it was written."""
    since = int(now) if event in ("fired", "resolved") or state is None else state["since"]
    values = (
        int(bool(condition.firing)),
        condition.severity,
        condition.fingerprint,
        condition.message,
        condition.value,
        since,
        int(now),
    )
    key = (condition.type, condition.subject)
    if state is None:
        cursor = connection.execute(
            "INSERT INTO alert_states"
            " (firing, severity, fingerprint, message, value, since, told, type, subject, version)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING",
            (*values, *key),
        )
    else:
        cursor = connection.execute(
            "UPDATE alert_states SET firing = ?, severity = ?, fingerprint = ?, message = ?, value = ?,"
            " since = ?, told = ?, version = version + 1 WHERE type = ? AND subject = ? AND version = ?",
            (*values, *key, state["version"]),
        )
    return cursor.rowcount == 1


def _add_event(
    connection: sqlite3.Connection, condition: Condition, event: str, host: str, now: float
) -> None:
    connection.execute(
        "INSERT INTO alert_events (id, time, host, event, type, subject, severity, message, value)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            next_id(connection, "alert_events", now),
            int(now),
            host,
            event,
            condition.type,
            condition.subject,
            condition.severity,
            condition.message,
            condition.value,
        ),
    )
