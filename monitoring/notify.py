"""Tells the alerts' events through the operator's channels, by way of Apprise.

Each event waits in the outbox, once for each channel, until that channel took it. A channel that fails is
tried again after 1, 2, 4 ... minutes, an hour at most; the alert `channel_failing` goes to the others.
Apprise costs 150 ms to import, so it is imported only when something is due.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from monitoring.config import SEVERITIES, AlertsConfig
from monitoring.journal import log
from monitoring.store import Row, Store

MOST_EVENTS = 30
# One hanging channel must not keep the next cycle from running.
MOST_SECONDS = 25
FAILING = "channel_failing"
SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


class Channel(NamedTuple):
    """Where alerts go: an address in Apprise's form, and the least severity that goes there."""

    name: str
    url: str
    least: str


class Channels(NamedTuple):
    """The channels' file; `watchdog_url` is asked every few minutes as a sign of life."""

    items: tuple[Channel, ...]
    watchdog_url: str


def read(settings: AlertsConfig) -> Channels:
    """Return the channels; none when there is no file, and when it cannot be read (which is logged)."""
    if not settings.channels_file:
        return Channels((), "")
    try:
        document: Any = json.loads(Path(settings.channels_file).read_text(encoding="utf-8"))
        items = tuple(
            Channel(str(item["name"]), str(item["url"]), str(item.get("least", "info")))
            for item in document.get("channels", [])
        )
        return Channels(items, str(document.get("watchdog_url") or ""))
    except FileNotFoundError:
        return Channels((), "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # Not the content: it holds passwords.
        log("error", f"{settings.channels_file} cannot be used: {type(error).__name__}")
        return Channels((), "")


def enqueue(store: Store, channels: Channels) -> None:
    """Put the new events into the outbox, inside a transaction. A channel is not told of its own failure."""
    for event in store.rows("SELECT id, type, subject, severity FROM alert_events WHERE queued = 0"):
        for channel in channels.items:
            own = event["type"] == FAILING and event["subject"] == channel.name
            if not own and _rank(event["severity"]) >= _rank(channel.least):
                store.connection.execute(
                    "INSERT INTO outbox (channel, event) VALUES (?, ?)", (channel.name, event["id"])
                )
        store.connection.execute("UPDATE alert_events SET queued = 1 WHERE id = ?", (event["id"],))


def failing(store: Store) -> dict[str, str]:
    """Return the channels that did not take their last message, with the reason."""
    rows = store.rows("SELECT channel, error FROM outbox WHERE tries > 0 ORDER BY tries")
    return {row["channel"]: row["error"] for row in rows}


def deliver(store: Store, channels: Channels, now: float) -> int:
    """Send what is due, one message a channel; return how many channels took theirs."""
    by_name = {channel.name: channel for channel in channels.items}
    due: dict[str, list[Row]] = {}
    for row in store.rows(
        "SELECT o.channel, o.tries, e.* FROM outbox o JOIN alert_events e ON e.id = o.event"
        " WHERE o.next_try <= ? ORDER BY o.tries, e.id",
        int(now),
    ):
        due.setdefault(row["channel"], []).append(row)
    taken = 0
    deadline = time.monotonic() + MOST_SECONDS
    for name, events in due.items():
        marks = ", ".join("?" * len(events))
        identities = [event["id"] for event in events]
        if name not in by_name:
            store.connection.execute("DELETE FROM outbox WHERE channel = ?", (name,))
            continue
        if time.monotonic() > deadline:
            break
        error = send(by_name[name], title(events), body(events))
        if not error:
            taken += 1
            store.connection.execute(
                f"DELETE FROM outbox WHERE channel = ? AND event IN ({marks})",  # noqa: S608 (marks alone)
                (name, *identities),
            )
            continue
        tries = max(event["tries"] for event in events) + 1
        log("warning", f"channel {name} did not take {len(events)} events (try {tries}): {error}")
        wait = min(60 * 2 ** min(tries - 1, 10), 3600)
        store.connection.execute(
            f"UPDATE outbox SET tries = ?, next_try = ?, error = ? WHERE channel = ? AND event IN ({marks})",  # noqa: S608 (marks alone)
            # A little early: the next cycle comes a minute later, give or take a second.
            (tries, int(now + wait - 10), error, name, *identities),
        )
    return taken


def send(channel: Channel, subject: str, text: str) -> str:
    """Send one message; return why it did not go, or nothing."""
    import io
    import logging

    if "REQUESTS_CA_BUNDLE" not in os.environ and Path(SYSTEM_AUTHORITIES).exists():
        # Its own bundle knows nothing of the operator's authorities.
        os.environ["REQUESTS_CA_BUNDLE"] = SYSTEM_AUTHORITIES
    import apprise

    captured = io.StringIO()
    handler = logging.StreamHandler(captured)
    logger = logging.getLogger("apprise")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        sender = apprise.Apprise()
        if not sender.add(channel.url):
            return "its address is none that Apprise knows"
        if sender.notify(title=subject, body=text, body_format=apprise.NotifyFormat.TEXT):
            return ""
    except Exception as error:
        return _hidden(f"{type(error).__name__}: {error}", channel.url)
    finally:
        logger.removeHandler(handler)
    lines = [line.strip() for line in captured.getvalue().splitlines() if line.strip()]
    return _hidden(" ".join(lines[-2:])[:300] or "no reason was given", channel.url)


def title(events: list[Row]) -> str:
    """Return a message's subject: the host, and the gravest event or how many there are."""
    gravest = max(events, key=lambda event: (event["event"] != "resolved", _rank(event["severity"])))
    more = f" and {len(events) - 1} more" if len(events) > 1 else ""
    word = "resolved" if gravest["event"] == "resolved" else gravest["severity"]
    about = f" {gravest['subject']}" if gravest["subject"] else ""
    return f"[{gravest['host']}] {word}: {gravest['type']}{about}{more}"


def body(events: list[Row]) -> str:
    """Return a message's text: one paragraph an event."""
    paragraphs = []
    for event in events[:MOST_EVENTS]:
        moment = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(event["time"]))
        head = f"{event['event'].upper()} {event['severity']} {event['type']} on {event['host']}, {moment}"
        paragraphs.append("\n".join(text for text in (head, event["message"], event["details"]) if text))
    if len(events) > MOST_EVENTS:
        paragraphs.append(f"... and {len(events) - MOST_EVENTS} more: tdm-monitoring alerts")
    return "\n\n".join(paragraphs)


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


def _hidden(text: str, url: str) -> str:
    """Return the text without the parts of the address that may be secrets."""
    for part in sorted(
        url.replace("://", "/").replace("@", "/").replace(":", "/").split("/"), key=len, reverse=True
    ):
        if len(part) > 5:
            text = text.replace(part, "***")
    return text
