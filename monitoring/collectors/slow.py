"""What is asked rarely, because it costs a process or a packet: the timers, the clock, the disks' trend.

Each answer is kept in the memo until it is old; what fails leaves the old answer out rather than in.
"""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path
from typing import Any

from monitoring.config import SlowConfig
from monitoring.sample import Clock, Disk, Prediction, Timer

# Seconds between the epochs of NTP (1900) and Unix (1970).
NTP_EPOCH = 2208988800
TREND_STEP = 600
TREND_POINTS = 37
TREND_LEAST = 7


def timers(config: SlowConfig, memo: dict[str, Any], now: float) -> tuple[Timer, ...] | None:
    """Return how the units of the watched timers ended last; asks systemd every few minutes."""
    if not config.timers:
        return None
    kept = memo.get("timers")
    if kept is None or not 0 <= now - kept["time"] < config.timers_seconds:
        kept = {"time": now, "found": _ask_systemd(config.timers)}
        memo["timers"] = kept
    return None if kept["found"] is None else tuple(Timer(*item) for item in kept["found"])


def clock(config: SlowConfig, memo: dict[str, Any], now: float) -> Clock:
    """Return whether the host's time is in step; asks the time server every few minutes."""
    synchronised = _synchronised(Path(config.timesync_directory))
    if not config.time_server:
        return Clock(synchronised, None)
    kept = memo.get("clock")
    if kept is None or not 0 <= now - kept["time"] < config.clock_seconds:
        kept = {"time": now, "offset": _offset(config.time_server)}
        memo["clock"] = kept
    return Clock(synchronised, kept["offset"])


def predictions(disks: tuple[Disk, ...], memo: dict[str, Any], now: float) -> tuple[Prediction, ...] | None:
    """Return for each growing disk the hours until it is full; None until an hour has been seen.

    The trend is the mean of the steps of the last six hours without the tenth that grew most and the tenth
    that shrank most, so that one large file, written or removed, does not pass for growth.
    """
    points: dict[str, list[list[float]]] = memo.setdefault("trend", {})
    found = []
    known = False
    for disk in disks:
        line = [point for point in points.get(disk.path, []) if point[0] <= now]
        if not line or now - line[-1][0] >= TREND_STEP - 30:
            line = [*line, [round(now), round(disk.used_mb, 1)]][-TREND_POINTS:]
        points[disk.path] = line
        if len(line) < TREND_LEAST:
            continue
        known = True
        slope = _slope(line)
        free = disk.total_mb * (100 - disk.percent) / 100
        if slope > 0:
            found.append(Prediction(disk.path, free / slope / 3600))
    return tuple(found) if known else None


def _slope(line: list[list[float]]) -> float:
    """Return MB a second."""
    steps = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for earlier, later in zip(line, line[1:])
        if later[0] > earlier[0]
    )
    cut = max(1, len(steps) // 10)
    kept = steps[cut:-cut]
    return sum(kept) / len(kept) if kept else 0.0


def _ask_systemd(names: tuple[str, ...]) -> list[tuple[str, str, float | None, float | None]] | None:
    """Return unit, result of its last run, last and next start; None when systemd cannot be asked."""
    import subprocess

    services = [f"{name}.service" for name in names]
    properties = "Id,Result,LoadState,LastTriggerUSec,NextElapseUSecRealtime"
    words = ["systemctl", "show", "--timestamp=unix", f"--property={properties}"]
    units = [*services, *(f"{name}.timer" for name in names)]
    try:
        done = subprocess.run([*words, *units], capture_output=True, text=True, timeout=5, check=False)
        if done.returncode != 0 and "timestamp" in done.stderr:
            # systemd before 247 does not know the option; its times are left out then.
            del words[2]
            done = subprocess.run([*words, *units], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    blocks = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in done.stdout.strip().split("\n\n")
    ]
    by_unit = {block.get("Id", ""): block for block in blocks}
    found = []
    for name in names:
        service, timer = by_unit.get(f"{name}.service"), by_unit.get(f"{name}.timer")
        if service is None or timer is None or service.get("LoadState") != "loaded":
            continue
        next_run = _unix(timer.get("NextElapseUSecRealtime"))
        found.append((name, service.get("Result", ""), _unix(timer.get("LastTriggerUSec")), next_run))
    return found


def _unix(text: str | None) -> float | None:
    value = (text or "").lstrip("@")
    return float(value) if value.isdigit() and int(value) > 0 else None


def _synchronised(directory: Path) -> bool | None:
    """Return what systemd-timesyncd says; None where it does not run."""
    if not directory.is_dir():
        return None
    return (directory / "synchronized").exists()


def _offset(server: str) -> float | None:
    """Return how many seconds this host's clock is ahead (RFC 4330); None without a good answer."""
    name, _, port = server.partition(":")
    request = bytearray(48)
    request[0] = 0x23  # version 4, client
    try:
        family, kind, _, _, address = socket.getaddrinfo(name, int(port or 123), type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as connection:
            connection.settimeout(1)
            connection.connect(address)
            sent = time.time()
            struct.pack_into("!II", request, 40, int(sent) + NTP_EPOCH, int(sent % 1 * 2**32))
            connection.send(request)
            answer = connection.recv(512)
            received = time.time()
    except (OSError, ValueError):
        return None
    # Mode 4 is a server's, stratum 0 a refusal, and the time we sent must come back.
    if len(answer) < 48 or answer[0] & 7 != 4 or answer[1] == 0 or answer[24:32] != bytes(request[40:48]):
        return None
    arrived, left = _ntp(answer, 32), _ntp(answer, 40)
    return ((sent - arrived) + (received - left)) / 2


def _ntp(packet: bytes, position: int) -> float:
    seconds, fraction = struct.unpack_from("!II", packet, position)
    return float(seconds) - NTP_EPOCH + float(fraction) / 2**32
