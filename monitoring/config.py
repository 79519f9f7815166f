"""The configuration file: JSON, so that reading it needs no library.

Every key has a default but `health.server_name` and `docker.project`, needed when that part
is enabled; an unknown key is an error.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, NamedTuple

from monitoring.logs.settings import LogsConfig
from monitoring.logs.settings import parse as parse_logs

SEVERITIES = ("info", "warning", "critical")


class ConfigError(Exception):
    """The configuration cannot be used; the message names the file and the key."""


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
    enabled: bool
    socket: str
    user: str
    password_file: str
    timeout_seconds: float


class Rule(NamedTuple):
    """`above` is the limit of a threshold rule, else None; `repeat_minutes` 0 means never again."""

    enabled: bool
    severity: str
    above: float | None
    repeat_minutes: float


class Config(NamedTuple):
    """Retention in days; `state_directory` holds the SQLite file and the lock."""

    host: str
    state_directory: str
    samples_days: float
    alerts_days: float
    system: SystemConfig
    health: HealthConfig
    docker: DockerConfig
    redis: RedisConfig
    logs: LogsConfig
    rules: dict[str, Rule]


# Type of alert -> (severity, limit); the limits in percent, of slow_response in seconds.
DEFAULT_RULES: dict[str, tuple[str, float | None]] = {
    "high_cpu_usage": ("warning", 80),
    "high_memory_usage": ("warning", 85),
    "high_disk_usage": ("warning", 90),
    "app_health_failure": ("critical", None),
    "slow_response": ("warning", 5),
    "container_unhealthy": ("critical", None),
}


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
    top = _Section(document, "")
    system = top.section("system")
    health = top.section("health")
    docker = top.section("docker")
    redis = top.section("redis")
    retention = top.section("retention")
    rules = top.section("rules")
    repeat = top.number("repeat_minutes", 60)
    config = Config(
        host=top.text("host", "") or _host_name(),
        state_directory=top.text("state_directory", "/var/lib/monitoring"),
        samples_days=retention.number("samples_days", 7),
        alerts_days=retention.number("alerts_days", 30),
        system=SystemConfig(
            disk_paths=tuple(system.texts("disk_paths", ["/"])),
            proc_root=system.text("proc_root", "/proc"),
            cgroup_root=system.text("cgroup_root", "/sys/fs/cgroup"),
        ),
        health=_health(health),
        docker=_docker(docker),
        redis=RedisConfig(
            enabled=redis.flag("enabled", True),
            socket=redis.text("socket", "/run/redis/redis.sock"),
            user=redis.text("user", "monitor"),
            password_file=redis.text("password_file", ""),
            timeout_seconds=redis.number("timeout_seconds", 2),
        ),
        logs=parse_logs(top.section("logs")),
        rules={name: _rule(rules.section(name), name, repeat) for name in DEFAULT_RULES},
    )
    for section in (system, health, docker, redis, retention, rules, top):
        section.finish()
    return config


def _health(section: _Section) -> HealthConfig:
    return HealthConfig(
        enabled=section.flag("enabled", True),
        address=section.text("address", "127.0.0.1"),
        port=int(section.number("port", 443)),
        server_name=section.text("server_name", None if section.flag("enabled", True) else ""),
        path=section.text("path", "/api/health"),
        ca_file=section.text("ca_file", ""),
        timeout_seconds=section.number("timeout_seconds", 10),
    )


def _docker(section: _Section) -> DockerConfig:
    expected = section.section("expected")
    return DockerConfig(
        enabled=section.flag("enabled", True),
        socket=section.text("socket", "/var/run/docker.sock"),
        project=section.text("project", None if section.flag("enabled", True) else ""),
        expected={name: tuple(expected.texts(name, [])) for name in expected.names()},
        cgroup_root=section.text("cgroup_root", "/sys/fs/cgroup"),
        timeout_seconds=section.number("timeout_seconds", 5),
    )


def _rule(section: _Section, name: str, repeat: float) -> Rule:
    severity, above = DEFAULT_RULES[name]
    rule = Rule(
        enabled=section.flag("enabled", True),
        severity=section.text("severity", severity),
        above=None if above is None else section.number("above", above),
        repeat_minutes=section.number("repeat_minutes", repeat),
    )
    if rule.severity not in SEVERITIES:
        raise ConfigError(
            f"rules.{name}.severity is {rule.severity!r}; it must be one of {', '.join(SEVERITIES)}"
        )
    section.finish()
    return rule


def _host_name() -> str:
    import socket

    return socket.gethostname()


class _Section:
    """A JSON object whose keys are taken one by one; what is left over at the end was misspelt."""

    def __init__(self, values: Any, name: str) -> None:
        if not isinstance(values, dict):
            raise ConfigError(f"{name or 'the document'} must be an object")
        self._values: dict[str, Any] = values
        self._name = name
        self._taken: set[str] = set()

    def section(self, key: str) -> _Section:
        return _Section(self._take(key, {}), self._path(key))

    def names(self) -> list[str]:
        return list(self._values)

    def flag(self, key: str, default: bool) -> bool:
        return bool(self._typed(key, default, lambda value: isinstance(value, bool), "true or false"))

    def number(self, key: str, default: float) -> float:
        def fits(value: Any) -> bool:
            return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0

        return float(self._typed(key, default, fits, "a number, not negative"))

    def text(self, key: str, default: str | None) -> str:
        return str(self._typed(key, default, lambda value: isinstance(value, str), "a text"))

    def texts(self, key: str, default: list[str]) -> list[str]:
        def fits(value: Any) -> bool:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)

        return list(self._typed(key, default, fits, "a list of texts"))

    def finish(self) -> None:
        unknown = sorted(set(self._values) - self._taken)
        if unknown:
            known = ", ".join(sorted(self._taken))
            raise ConfigError(f"unknown key {self._path(unknown[0])}; known here: {known}")

    def _take(self, key: str, default: Any) -> Any:
        self._taken.add(key)
        return self._values.get(key, default)

    def _typed(self, key: str, default: Any, fits: Callable[[Any], bool], wanted: str) -> Any:
        value = self._take(key, default)
        if value is None:
            raise ConfigError(f"{self._path(key)} is missing")
        if not fits(value):
            raise ConfigError(f"{self._path(key)} is {value!r}; it must be {wanted}")
        return value

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key
