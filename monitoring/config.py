"""The configuration file: JSON, so that reading it needs no library; the rules may stand in a YAML file.

Every key has a default but `health.server_name` and `docker.project`, needed when that part
is enabled; an unknown key is an error.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from monitoring import rulebook
from monitoring.logs.settings import LogsConfig
from monitoring.logs.settings import parse as parse_logs
from monitoring.rulebook import SEVERITIES, Rule
from monitoring.section import ConfigError, Section

__all__ = ["SEVERITIES", "Config", "ConfigError", "Rule", "load", "parse"]


class SystemConfig(NamedTuple):
    disk_paths: tuple[str, ...]
    proc_root: str
    cgroup_root: str


class HealthConfig(NamedTuple):
    enabled: bool
    address: str
    port: int
    server_name: str
    path: str
    ca_file: str
    timeout_seconds: float


class DockerConfig(NamedTuple):
    """`expected` maps a name to the Compose services of which at least one must run."""

    enabled: bool
    socket: str
    project: str
    expected: dict[str, tuple[str, ...]]
    cgroup_root: str
    timeout_seconds: float


class RedisConfig(NamedTuple):
    """`socket` is the queue's, where the samples go too; `others` maps further instances to their sockets."""

    enabled: bool
    socket: str
    user: str
    password_file: str
    timeout_seconds: float
    others: dict[str, str] = {}  # noqa: RUF012 (never changed)


class FilesConfig(NamedTuple):
    """The service's SQLite file, and the result file of each kind of work ("backup", "rehearsal")."""

    database: str
    results: dict[str, str]
    reboot_file: str


class SlowConfig(NamedTuple):
    """What is asked every few minutes. `timers` are names without ".timer"; `time_server` may be empty."""

    timers: tuple[str, ...]
    timers_seconds: float
    time_server: str
    clock_seconds: float
    timesync_directory: str


class AlertsConfig(NamedTuple):
    """Damping, silences and channels.

    An alert that fires `flaps` times within an hour is a flapping one, which must be well for `calm_minutes`.
    While `maintenance_file` is there and younger than `maintenance_minutes`, all is silent.
    `channels_file` holds the channels' addresses and with them their passwords.
    """

    flaps: int
    calm_minutes: float
    maintenance_file: str
    maintenance_minutes: float
    channels_file: str
    keep_runtime: str


class Config(NamedTuple):
    """Days of retention; `state_directory` holds SQLite file and lock. An empty path turns its part off."""

    host: str
    state_directory: str
    samples_days: float
    alerts_days: float
    system: SystemConfig
    health: HealthConfig
    public: HealthConfig
    docker: DockerConfig
    redis: RedisConfig
    files: FilesConfig
    slow: SlowConfig
    alerts: AlertsConfig
    textfile: str
    logs: LogsConfig
    rules: dict[str, Rule]
    rules_problem: str = ""


def load(path: str) -> Config:
    """Return the configuration in the file. Raises ConfigError."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name the file with --config") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    try:
        return parse(document)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse(document: Any) -> Config:
    """Return the configuration of a decoded document. Raises ConfigError naming the key."""
    top = Section(document, "")
    names = ("system", "health", "public", "docker", "redis", "files", "slow", "alerts", "logs", "retention")
    part = {name: top.section(name) for name in names}
    repeat = top.number("repeat_minutes", 60)
    state_directory = top.text("state_directory", "/var/lib/monitoring")
    rules_file = top.text("rules_file", "")
    rules_section = top.section("rules")
    problem = ""
    if rules_file:
        rules, problem = _rules_of_file(rules_file, state_directory, repeat)
    else:
        rules = rulebook.read(rules_section, repeat)
    config = Config(
        host=top.text("host", "") or _host_name(),
        state_directory=state_directory,
        samples_days=part["retention"].number("samples_days", 7),
        alerts_days=part["retention"].number("alerts_days", 30),
        system=SystemConfig(
            disk_paths=tuple(part["system"].texts("disk_paths", ["/"])),
            proc_root=part["system"].text("proc_root", "/proc"),
            cgroup_root=part["system"].text("cgroup_root", "/sys/fs/cgroup"),
        ),
        health=_health(part["health"], True, "127.0.0.1"),
        public=_health(part["public"], False, ""),
        docker=_docker(part["docker"]),
        redis=_redis(part["redis"]),
        files=_files(part["files"]),
        slow=_slow(part["slow"]),
        alerts=_alerts(part["alerts"]),
        textfile=top.text("textfile", ""),
        logs=parse_logs(part["logs"]),
        rules=rules,
        rules_problem=problem,
    )
    for section in (*part.values(), rules_section, top):
        section.finish()
    return config


def _rules_of_file(path: str, state_directory: str, repeat: float) -> tuple[dict[str, Rule], str]:
    """Return the rules of the file; with a file that cannot be used, those by default, and why."""
    try:
        section = Section(rulebook.read_file(path, state_directory), "rules")
        rules = rulebook.read(section, repeat)
        section.finish()
    except ConfigError as error:
        return rulebook.read(Section({}, "rules"), repeat), f"{path}: {error}; the rules by default hold"
    return rules, ""


def _health(section: Section, enabled: bool, address: str) -> HealthConfig:
    wanted = section.flag("enabled", enabled)
    name = section.text("server_name", None if wanted else "")
    return HealthConfig(
        enabled=wanted,
        address=section.text("address", address or name),
        port=int(section.number("port", 443)),
        server_name=name,
        path=section.text("path", "/api/health"),
        ca_file=section.text("ca_file", ""),
        timeout_seconds=section.number("timeout_seconds", 10),
    )


def _docker(section: Section) -> DockerConfig:
    expected = section.section("expected")
    return DockerConfig(
        enabled=section.flag("enabled", True),
        socket=section.text("socket", "/var/run/docker.sock"),
        project=section.text("project", None if section.flag("enabled", True) else ""),
        expected={name: tuple(expected.texts(name, [])) for name in expected.names()},
        cgroup_root=section.text("cgroup_root", "/sys/fs/cgroup"),
        timeout_seconds=section.number("timeout_seconds", 5),
    )


def _redis(section: Section) -> RedisConfig:
    others = section.section("others")
    return RedisConfig(
        enabled=section.flag("enabled", True),
        socket=section.text("socket", "/run/redis/redis.sock"),
        user=section.text("user", "monitor"),
        password_file=section.text("password_file", ""),
        timeout_seconds=section.number("timeout_seconds", 2),
        others={name: others.text(name, None) for name in others.names()},
    )


def _files(section: Section) -> FilesConfig:
    results = section.section("results")
    return FilesConfig(
        database=section.text("database", ""),
        results={name: results.text(name, None) for name in results.names()},
        reboot_file=section.text("reboot_file", "/run/reboot-required"),
    )


def _slow(section: Section) -> SlowConfig:
    return SlowConfig(
        timers=tuple(section.texts("timers", [])),
        timers_seconds=section.number("timers_seconds", 300),
        time_server=section.text("time_server", ""),
        clock_seconds=section.number("clock_seconds", 600),
        timesync_directory=section.text("timesync_directory", "/run/systemd/timesync"),
    )


def _alerts(section: Section) -> AlertsConfig:
    return AlertsConfig(
        flaps=int(section.number("flaps", 3)),
        calm_minutes=section.number("calm_minutes", 15),
        maintenance_file=section.text("maintenance_file", ""),
        maintenance_minutes=section.number("maintenance_minutes", 20),
        channels_file=section.text("channels_file", ""),
        keep_runtime=section.text("keep_runtime", "/run"),
    )


def _host_name() -> str:
    import socket

    return socket.gethostname()
