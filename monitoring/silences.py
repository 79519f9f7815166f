"""Silences: for a time nothing of a kind is told. Made by a command, or by the lock that a run holds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from monitoring.config import AlertsConfig
from monitoring.store import Store


class Silence(NamedTuple):
    """`type` is the alert's, or "*" for all; times in seconds since the epoch."""

    id: int
    made: float
    until: float
    type: str
    reason: str
    who: str


class Silences(NamedTuple):
    """The silences that may hold now."""

    items: tuple[Silence, ...]

    def covers(self, kind: str, now: float) -> bool:
        """Return whether an alert of this type is not told now."""
        return any(item.made <= now < item.until and item.type in ("*", kind) for item in self.items)


def current(store: Store, settings: AlertsConfig, now: float) -> Silences:
    """Return the silences that hold now, those of a running deployment included."""
    rows = store.rows(
        "SELECT * FROM silences WHERE made <= ? AND until > ? ORDER BY id", int(now) + 1, int(now)
    )
    made = [Silence(*(row[name] for name in Silence._fields)) for row in rows]
    held = _maintenance(settings, now)
    return Silences((*made, held) if held is not None else tuple(made))


def add(store: Store, kind: str, seconds: float, reason: str, who: str, now: float) -> Silence:
    """Make a silence from now on."""
    cursor = store.connection.execute(
        "INSERT INTO silences (made, until, type, reason, who) VALUES (?, ?, ?, ?, ?)",
        (int(now), int(now + seconds), kind, reason, who),
    )
    return Silence(int(cursor.lastrowid or 0), int(now), int(now + seconds), kind, reason, who)


def end(store: Store, identity: int | None, now: float) -> int:
    """End one silence, or all of them; return how many there were."""
    if identity is None:
        found = store.connection.execute(
            "UPDATE silences SET until = ? WHERE until > ?", (int(now), int(now))
        )
    else:
        found = store.connection.execute(
            "UPDATE silences SET until = ? WHERE until > ? AND id = ?", (int(now), int(now), identity)
        )
    return found.rowcount


def seconds(text: str) -> float:
    """Return the length of "90s", "10m", "2h" or "1d". Raises ValueError."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = text[:-1], text[-1:]
    if unit not in units or not number.isdigit() or not 0 < int(number) * units[unit] <= 30 * 86400:
        raise ValueError(f"{text!r} is no length of time; write 90s, 10m, 2h or 1d, 30d at most")
    return float(int(number) * units[unit])


def _maintenance(settings: AlertsConfig, now: float) -> Silence | None:
    """Return the silence of the run that holds the lock; a lock left behind silences for a while only."""
    if not settings.maintenance_file:
        return None
    try:
        found = Path(settings.maintenance_file).stat()
    except OSError:
        return None
    if not found.st_size:
        return None
    began = found.st_mtime
    until = began + settings.maintenance_minutes * 60
    held = Silence(0, min(began, now), until, "*", f"a run holds {settings.maintenance_file}", "")
    return held if now < until else None


def shown(item: Silence) -> str:
    """Return one line about a silence."""
    until = time.strftime("%H:%M:%S", time.localtime(item.until))
    kind = "all alerts" if item.type == "*" else item.type
    return f"{item.id:>4}  until {until}  {kind}  {item.reason}" + (f"  ({item.who})" if item.who else "")
