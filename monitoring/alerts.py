"""The state of each alert and the events that come of its changes.

ok -> firing: event `fired`, once the trouble has lasted as long as the rule wants. firing -> firing:
`changed` when the fingerprint or the severity differs, `repeated` after the rule's interval, else nothing.
firing -> ok: `resolved`; an alert that fired again and again within an hour must first be well for a while.
Under a silence nothing fires; what is still wrong at its end fires then. Each change is a compare-and-set on
the state's version and commits together with its event, so two cycles at once make one event.
"""

from __future__ import annotations

import sqlite3

from monitoring.config import AlertsConfig, Rule
from monitoring.rules import Condition, Verdict
from monitoring.silences import Silences
from monitoring.store import Row, Store, next_id

EVENTS = ("fired", "changed", "repeated", "resolved")
FLAP_SECONDS = 3600
# Cycles are not exactly a minute apart.
SLACK_SECONDS = 5


def apply(
    store: Store,
    verdict: Verdict,
    rules: dict[str, Rule],
    host: str,
    now: float,
    settings: AlertsConfig | None = None,
    silences: Silences | None = None,
) -> int:
    """Bring the stored states in line with the verdict, inside a transaction; return the number of events.

    Without `settings` nothing is damped.
    """
    known = states(store)
    fired = {} if settings is None else _fired_lately(store, now)
    flaps = 2**31 if settings is None else settings.flaps
    calm = 0.0 if settings is None else settings.calm_minutes * 60
    made = 0
    for condition in _with_absent(verdict, known):
        key = (condition.type, condition.subject)
        state, rule = known.get(key), rules[condition.type]
        event = decide(state, condition, rule.repeat_minutes * 60, now)
        flapping = fired.get(key, 0) >= flaps
        if event == "changed" and flapping:
            continue
        quiet = silences is not None and event != "resolved" and silences.covers(condition.type, now)
        wait = rule.for_minutes * 60 if event == "fired" else calm if flapping else 0.0
        if event in ("fired", "resolved") and (quiet or not _lasted(state, wait, now)):
            _note_contrary(store.connection, state, condition, now)
            continue
        if event in ("repeated", "changed") and quiet:
            continue
        if not event:
            _forget_contrary(store.connection, state, condition)
            continue
        if event == "fired" and fired.get(key, 0) + 1 >= flaps:
            condition = _say_flapping(condition, fired.get(key, 0) + 1, calm)
        if _compare_and_set(store.connection, state, condition, event, now):
            _add_event(store.connection, condition, event, host, now)
            made += 1
    return made


def states(store: Store) -> dict[tuple[str, str], Row]:
    """Return all states by type and subject."""
    return {(row["type"], row["subject"]): row for row in store.rows("SELECT * FROM alert_states")}


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


def pending(store: Store) -> list[Row]:
    """Return the states whose trouble has not been told: too short yet, or under a silence."""
    return store.rows(
        "SELECT * FROM alert_states WHERE firing = 0 AND contrary_since IS NOT NULL ORDER BY type, subject"
    )


def _fired_lately(store: Store, now: float) -> dict[tuple[str, str], int]:
    """Return how often each alert fired within the hour."""
    found = store.rows(
        "SELECT type, subject, count(*) AS times FROM alert_events WHERE time > ? AND event = 'fired'"
        " GROUP BY type, subject",
        int(now - FLAP_SECONDS),
    )
    return {(row["type"], row["subject"]): int(row["times"]) for row in found}


def _say_flapping(condition: Condition, times: int, calm: float) -> Condition:
    words = f"flapping: {times} times within an hour; over after {calm / 60:g} quiet minutes"
    return condition._replace(message=f"{condition.message} ({words})")


def _lasted(state: Row | None, seconds: float, now: float) -> bool:
    """Return whether the contrary of the state has lasted that long."""
    if seconds <= 0:
        return True
    since = None if state is None else state["contrary_since"]
    return since is not None and abs(now - since) >= seconds - SLACK_SECONDS


def _note_contrary(
    connection: sqlite3.Connection, state: Row | None, condition: Condition, now: float
) -> None:
    """Remember since when things are not as the state says; what has been told stays as it is."""
    if state is not None and state["contrary_since"] is not None:
        if not state["firing"]:
            connection.execute(
                "UPDATE alert_states SET message = ?, value = ?"
                " WHERE type = ? AND subject = ? AND version = ?",
                (condition.message, condition.value, condition.type, condition.subject, state["version"]),
            )
        return
    connection.execute(
        "INSERT INTO alert_states"
        " (firing, severity, fingerprint, message, value, since, told, type, subject, version,"
        " contrary_since)"
        " VALUES (0, ?, ?, ?, ?, 0, 0, ?, ?, 1, ?)"
        " ON CONFLICT (type, subject) DO UPDATE SET contrary_since = excluded.contrary_since",
        (
            condition.severity,
            condition.fingerprint,
            condition.message,
            condition.value,
            condition.type,
            condition.subject,
            int(now),
        ),
    )


def _forget_contrary(connection: sqlite3.Connection, state: Row | None, condition: Condition) -> None:
    if state is not None and state["contrary_since"] is not None and condition.firing is not None:
        connection.execute(
            "UPDATE alert_states SET contrary_since = NULL WHERE type = ? AND subject = ?",
            (condition.type, condition.subject),
        )


def _with_absent(verdict: Verdict, known: dict[tuple[str, str], Row]) -> list[Condition]:
    """Add an `ok` for each open or pending alert whose subject a complete verdict no longer mentions."""
    mentioned = {(condition.type, condition.subject) for condition in verdict.conditions}
    absent = [
        Condition(kind, subject, False, row["severity"], "", _over(kind, subject), None)
        for (kind, subject), row in known.items()
        if (row["firing"] or row["contrary_since"] is not None)
        and kind in verdict.complete_types
        and (kind, subject) not in mentioned
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
            " since = ?, told = ?, contrary_since = NULL, version = version + 1"
            " WHERE type = ? AND subject = ? AND version = ?",
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
