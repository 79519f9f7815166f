"""The rules of the alerts: what they are by default, and what the operator's file makes of them.

The file is YAML, for its comments. Its parser costs 30 ms to import, so the rules are kept as JSON beside
the store until the file changes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from monitoring.section import ConfigError, Section

SEVERITIES = ("info", "warning", "critical")
KEPT_FILE = "rules.json"


class Rule(NamedTuple):
    """`above` or `below` is the limit of a threshold rule, else None; `clear` is where an open alert is over.

    `for_minutes` is how long the trouble must last before it is told; `repeat_minutes` 0 means never again.
    """

    enabled: bool
    severity: str
    above: float | None
    repeat_minutes: float
    below: float | None = None
    clear: float | None = None
    for_minutes: float = 0.0


class Default(NamedTuple):
    """A rule before the operator's file is read; the unit of its limit, and its meaning in words."""

    severity: str
    meaning: str
    unit: str = ""
    above: float | None = None
    below: float | None = None
    clear: float | None = None
    for_minutes: float = 0.0


DEFAULTS: dict[str, Default] = {
    "high_cpu_usage": Default("warning", "CPU of the host", "%", above=80, clear=75, for_minutes=3),
    "high_memory_usage": Default("warning", "memory of the host", "%", above=85, clear=80, for_minutes=2),
    "high_disk_usage": Default("warning", "use of a file system", "%", above=90, clear=88),
    "high_inode_usage": Default("warning", "inodes of a file system", "%", above=90, clear=88),
    "disk_full_predicted": Default(
        "warning", "hours until a file system is full, by its trend", "h", below=24, clear=36, for_minutes=10
    ),
    "app_health_failure": Default("critical", "the health check from inside fails"),
    "public_health_failure": Default(
        "critical", "the health check over the public name fails", for_minutes=1
    ),
    "slow_response": Default("warning", "response time of the health check", "s", above=5, clear=4),
    "high_error_rate": Default(
        "warning", "5xx among Nginx' answers, from 20 requests on", "%", above=5, clear=2, for_minutes=1
    ),
    "container_unhealthy": Default("critical", "a container is unhealthy or gone"),
    "container_restart_loop": Default(
        "critical", "ends of a container that nobody asked for, in ten minutes", "", above=2
    ),
    "container_memory_high": Default(
        "warning", "memory of a container against its limit", "%", above=90, clear=85, for_minutes=5
    ),
    "oom_kill": Default("critical", "the kernel killed a process for want of memory, in ten minutes"),
    "redis_down": Default("critical", "a Redis does not answer"),
    "redis_persistence": Default("critical", "a Redis cannot write its data"),
    "redis_memory_high": Default(
        "warning", "memory of the queue's Redis against its limit", "%", above=80, clear=70
    ),
    "queue_stuck": Default("critical", "age of the job that waits longest", "min", above=15, clear=10),
    "database_log_large": Default(
        "warning", "SQLite's write-ahead log", "MB", above=256, clear=128, for_minutes=10
    ),
    "certificate_expiring": Default("warning", "days that the certificate still holds", "days", below=14),
    "backup_failed": Default(
        "critical", "age of the last good backup; or the last one failed", "h", above=26
    ),
    "rehearsal_failed": Default(
        "critical", "age of the last good rehearsal; or the last one failed", "h", above=192
    ),
    "timer_failed": Default("warning", "a timer's unit ended badly"),
    "clock_off": Default("warning", "the host's clock against the time server", "s", above=1, for_minutes=15),
    "monitor_silent": Default("warning", "minutes between two samples", "min", above=5),
    "channel_failing": Default("warning", "a channel does not take the alerts"),
    "security_updates": Default("info", "security updates wait", "", above=0, for_minutes=2880),
    "reboot_required": Default("info", "the host waits for a restart", for_minutes=1440),
}


def read(rules: Section, repeat: float) -> dict[str, Rule]:
    """Return all rules: the defaults with what the section says. Raises ConfigError naming the key."""
    return {name: _rule(rules.section(name), name, repeat) for name in DEFAULTS}


def read_file(path: str, state_directory: str) -> Any:
    """Return the decoded rules file; parse it only when it is not the one parsed last. Raises ConfigError."""
    try:
        found = Path(path).stat()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    identity = [path, found.st_mtime_ns, found.st_size, found.st_ino]
    kept = Path(state_directory, KEPT_FILE)
    try:
        document = json.loads(kept.read_text(encoding="utf-8"))
        if document["identity"] == identity:
            return document["rules"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    rules = _parse(path)
    _keep(kept, {"identity": identity, "rules": rules})
    return rules


def _parse(path: str) -> Any:
    import yaml

    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return {} if document is None else document


def _keep(path: Path, document: Any) -> None:
    """Write the parsed rules; a reader who may not write there parses anew each time."""
    try:
        if os.geteuid() != path.parent.stat().st_uid:
            return
        temporary = path.with_name(KEPT_FILE + ".new")
        temporary.write_text(json.dumps(document), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        return


def _rule(section: Section, name: str, repeat: float) -> Rule:
    default = DEFAULTS[name]
    above = None if default.above is None else section.number("above", default.above)
    below = None if default.below is None else section.number("below", default.below)
    limit = above if above is not None else below
    clear = None
    if limit is not None:
        kept = limit in (default.above, default.below)
        clear = section.number("clear", default.clear if default.clear is not None and kept else limit)
    rule = Rule(
        enabled=section.flag("enabled", True),
        severity=section.text("severity", default.severity),
        above=above,
        repeat_minutes=section.number("repeat_minutes", repeat),
        below=below,
        clear=clear,
        for_minutes=section.number("for_minutes", default.for_minutes),
    )
    if rule.severity not in SEVERITIES:
        raise ConfigError(
            f"rules.{name}.severity is {rule.severity!r}; it must be one of {', '.join(SEVERITIES)}"
        )
    if clear is not None and ((above is not None and clear > above) or (below is not None and clear < below)):
        raise ConfigError(
            f"rules.{name}.clear is {clear:g}; it must lie on the well side of the limit {limit:g}"
        )
    section.finish()
    return rule
