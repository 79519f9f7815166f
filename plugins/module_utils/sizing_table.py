"""The sizing table: what `make size` prints and what a refused machine is shown."""

from __future__ import annotations

from dataclasses import fields
from typing import Tuple

from .budget import APP_SLOTS, Budget
from .sizing import (
    DOCKER_DAEMONS_MB,
    RESERVE_PERCENT,
    SYSTEM_MB,
    Machine,
    Parts,
    TooSmallError,
    disk_shares,
    least,
    memory_shares,
    reserve_mb,
    size,
    smallest_machine,
)

Row = Tuple[str, str, str, str, str, str]
HEADER: Row = ("service", "limit MB", "reserved MB", "minimum MB", "CPUs", "runs")


def sizing_table(memory_mb: int, cpus: float, disk_gb: int, parts: Parts) -> str:
    """The table of a machine, whether the service fits on it or not: it never raises for a small machine."""
    try:
        outcome: Budget | TooSmallError = size(memory_mb, cpus, disk_gb, parts)
    except TooSmallError as error:
        outcome = error
    title = f"{cpus:g} CPUs, {memory_mb} MB of memory, {disk_gb} GB of disk"
    lines = [title, *_align([HEADER, *_rows(outcome, memory_mb, parts)]), _disk_line(outcome, parts)]
    if isinstance(outcome, TooSmallError):
        lines.append(f"Too small: {'; '.join(outcome.missing)}.")
        lines.append(_advice(smallest_machine(parts), parts))
    return "\n".join(lines)


def _rows(outcome: Budget | TooSmallError, memory_mb: int, parts: Parts) -> list[Row]:
    shares = memory_shares(parts)
    rows: list[Row] = []
    for name, share in shares.items():
        shown = name.replace("_", "-") + (f" (each of {share.copies} slots)" if share.copies > 1 else "")
        if isinstance(outcome, Budget):
            service = getattr(outcome.services, name)
            rows.append(
                (
                    shown,
                    str(service.memory_mb),
                    str(service.memory_reservation_mb),
                    str(share.minimum),
                    f"{service.cpus:g}",
                    _runs(outcome, name),
                )
            )
        else:
            rows.append((shown, "-", "-", str(share.minimum), "-", ""))
    limits = str(outcome.services.limits_mb()) if isinstance(outcome, Budget) else "-"
    rows.append((f"all, with {APP_SLOTS} app slots", limits, "", str(least(shares)), "", ""))
    floor = DOCKER_DAEMONS_MB + SYSTEM_MB
    why = f"system and Docker daemons: {RESERVE_PERCENT} %, at least {floor} MB"
    rows.append(("reserve", str(reserve_mb(memory_mb)), "", str(floor), "", why))
    return rows


def _runs(budget: Budget, name: str) -> str:
    services = budget.services
    nginx = services.nginx
    return {
        "app": f"{services.app.processes} processes x {services.app.threads} threads",
        "worker": f"{services.worker.processes} jobs at once",
        "redis_cache": f"maxmemory {services.redis_cache.maxmemory_mb} MB",
        "redis_queue": f"maxmemory {services.redis_queue.maxmemory_mb} MB",
        "nginx": f"{nginx.worker_processes} processes x {nginx.worker_connections} connections",
    }[name]


def _disk_line(outcome: Budget | TooSmallError, parts: Parts) -> str:
    if isinstance(outcome, Budget):
        shares = {field.name: getattr(outcome.disk, field.name) for field in fields(outcome.disk)}
        title = "disk GB: "
    else:
        shares = {name: share.minimum for name, share in disk_shares(parts).items()}
        title = "disk GB, minimum: "
    return title + ", ".join(f"{name.replace('_gb', '')} {amount}" for name, amount in shares.items())


def _advice(smallest: Machine, parts: Parts) -> str:
    advice = (
        f"The smallest machine that fits has {smallest.memory_mb} MB of memory, {smallest.cpus:g} CPU "
        f"and {smallest.disk_gb} GB of disk."
    )
    if parts.browser:
        without = smallest_machine(Parts(browser=False, backup=parts.backup, monitoring=parts.monitoring))
        advice += f" Without the browser (stack_parts.browser: false) {without.memory_mb} MB are enough."
    return advice


def _align(rows: list[Row]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:5], widths[1:5])]
        lines.append("  ".join([*cells, row[5]]).rstrip())
    return lines
