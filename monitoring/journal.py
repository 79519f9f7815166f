"""Lines for the systemd journal: on standard error, the priority in front when it reads them."""

from __future__ import annotations

import os
import sys

from monitoring.store import Row, Store

PRIORITY = {"critical": 2, "error": 3, "warning": 4, "notice": 5, "info": 6}


def log(level: str, message: str) -> None:
    """Write one line; line ends inside the message become blanks."""
    prefix = f"<{PRIORITY[level]}>" if "JOURNAL_STREAM" in os.environ else f"{level}: "
    sys.stderr.write(prefix + " ".join(message.splitlines()) + "\n")
    sys.stderr.flush()


def log_events(store: Store) -> int:
    """Write the alert events that have not been written yet, and note each; return their number.

    An event is noted after it was written: killed in between, it is written twice rather than never.
    """
    events = store.rows("SELECT * FROM alert_events WHERE logged = 0 ORDER BY id")
    for event in events:
        level = "notice" if event["event"] == "resolved" else event["severity"]
        log(level, event_line(event))
        store.connection.execute("UPDATE alert_events SET logged = 1 WHERE id = ?", (event["id"],))
    return len(events)


def event_line(event: Row) -> str:
    """Return the line of an event, in a form that a person reads and grep finds."""
    subject = f" subject={event['subject']!r}" if event["subject"] else ""
    return (
        f"alert {event['type']} {event['event']}{subject} severity={event['severity']}"
        f" host={event['host']}: {event['message']}"
    )
