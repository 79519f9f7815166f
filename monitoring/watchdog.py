"""Who watches the watcher: a sign of life for an outside service, and a word when the samples stop.

The word does not need the store: what was told stands in a file of the runtime directory, which is memory
and can be written when the disk is full.
"""

from __future__ import annotations

import socket
import sqlite3
import ssl
import time
from pathlib import Path

from monitoring import http10, notify
from monitoring.config import Config
from monitoring.journal import log
from monitoring.store import Store, open_readonly

LIFE_SECONDS = 240
REPEAT_SECONDS = 3600
TIMEOUT_SECONDS = 5
NOTE = "watchdog"


def check(config: Config, now: float) -> int:
    """Tell when there is no fresh sample, and when there is again; return 0, or 1 while they are missing."""
    rule = config.rules["monitor_silent"]
    limit = (rule.above or 5) * 60
    channels = notify.read(config.alerts)
    newest: float | None = None
    reason = "there is no sample yet"
    try:
        store = open_readonly(config.state_directory)
        row = store.last_sample()
        newest = None if row is None else float(row["time"])
    except sqlite3.Error as error:
        if _is_new(config.state_directory, limit, now):
            return 0
        reason = f"the store in {config.state_directory} cannot be read: {error}"
    if newest is not None and now - newest > limit:
        reason = f"the newest sample is {(now - newest) / 60:.0f} minutes old"
    elif newest is not None:
        told = Path(config.alerts.keep_runtime, "told-silent")
        if told.exists():
            told.unlink()
            tell(channels, f"[{config.host}] resolved: monitor_silent", "samples are taken again")
        return 0
    if rule.enabled:
        text = f"{reason}; ask `systemctl status` of the monitoring's unit on the host"
        tell_once(config, channels, "silent", f"[{config.host}] critical: monitor_silent", text)
    return 1


def _is_new(directory: str, limit: float, now: float) -> bool:
    """Return whether the monitoring was set up just now: its first cycle is still to come."""
    try:
        return now - Path(directory).stat().st_mtime < limit
    except OSError:
        return True


def tell_once(config: Config, channels: notify.Channels, key: str, subject: str, text: str) -> None:
    """Send a message past the store, and again after an hour."""
    told = Path(config.alerts.keep_runtime, f"told-{key}")
    try:
        if told.exists() and 0 <= time.time() - told.stat().st_mtime < REPEAT_SECONDS:
            return
        told.touch()
    except OSError as error:
        log("error", f"{told}: {error}")
    tell(channels, subject, text)


def tell(channels: notify.Channels, subject: str, text: str) -> None:
    """Write a message to the journal and send it through every channel."""
    log("critical", f"{subject}: {text}")
    for channel in channels.items:
        error = notify.send(channel, subject, text)
        if error:
            log("warning", f"channel {channel.name} did not take it: {error}")


def show_life(store: Store, url: str, now: float) -> None:
    """Ask the outside watchdog's address, every few minutes; it raises the alarm when we no longer do."""
    before = store.note(NOTE) or {"time": 0, "error": ""}
    if 0 <= now - before["time"] < LIFE_SECONDS and not before["error"]:
        return
    error = ""
    try:
        status = ask(url)
        error = "" if 200 <= status < 300 else f"HTTP status {status}"
    except (OSError, http10.BadAnswerError, ValueError) as problem:
        error = str(problem) or type(problem).__name__
    if error and not before["error"]:
        log("warning", f"the outside watchdog does not answer: {error}")
    store.set_note(NOTE, {"time": now, "error": error})


def ask(url: str) -> int:
    """Return the status of a GET. Raises OSError, BadAnswerError, ValueError."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    host, _, port = place.partition(":")
    if scheme not in ("http", "https") or not host:
        raise ValueError("the watchdog's address must begin with http:// or https://")
    number = int(port) if port else {"http": 80, "https": 443}[scheme]
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with socket.create_connection((host, number), timeout=TIMEOUT_SECONDS) as plain:
        if scheme == "http":
            return http10.get(plain, place, slash + path or "/", deadline, 1 << 20).status
        with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as connection:
            return http10.get(connection, place, slash + path or "/", deadline, 1 << 20).status
