"""Who uses the memory and the CPU: asked when an alert goes out and by `monitoring top`, not each minute."""

from __future__ import annotations

import time
from typing import NamedTuple

import psutil


class Process(NamedTuple):
    """One process; CPU in percent of one CPU over the time that was watched."""

    pid: int
    name: str
    user: str
    cpu_percent: float
    memory_mb: float


def top(count: int = 5, seconds: float = 0.2) -> tuple[list[Process], list[Process]]:
    """Return the largest by memory and the busiest by CPU, watching for `seconds`."""
    try:
        first = {process.pid: (process, _cpu(process)) for process in psutil.process_iter()}
    except (IndexError, OSError):
        # A /proc that shows no processes.
        return [], []
    started = time.monotonic()
    time.sleep(seconds)
    found = []
    for pid, (process, before) in first.items():
        after = _cpu(process)
        if before is None or after is None:
            continue
        share = 100 * (after - before) / max(time.monotonic() - started, 0.001)
        try:
            memory = process.memory_info().rss / 1048576
            found.append(Process(pid, process.name(), _user(process), share, memory))
        except psutil.Error:
            continue
    by_memory = sorted(found, key=lambda item: item.memory_mb, reverse=True)
    by_cpu = sorted(found, key=lambda item: item.cpu_percent, reverse=True)
    return by_memory[:count], by_cpu[:count]


def summary(count: int = 3) -> str:
    """Return one line for an alert: who has the memory and who the CPU."""
    by_memory, by_cpu = top(count)
    if not by_memory:
        return ""
    memory = ", ".join(f"{item.name}[{item.pid}] {item.memory_mb:.0f} MB" for item in by_memory)
    cpu = ", ".join(f"{item.name}[{item.pid}] {item.cpu_percent:.0f} %" for item in by_cpu)
    return f"memory: {memory}; CPU: {cpu}"


def _cpu(process: psutil.Process) -> float | None:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def _user(process: psutil.Process) -> str:
    try:
        return str(process.username())
    except (psutil.Error, KeyError):
        return "?"
