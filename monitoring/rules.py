"""Judges one sample by the rules: pure, no storage, no clock."""

from __future__ import annotations

from typing import Iterator, NamedTuple

from monitoring.config import Config, Rule
from monitoring.sample import Container, Containers, Sample


class Condition(NamedTuple):
    """The verdict of one rule on one subject (a path, a container; empty for the host as a whole).

    `firing` is None when the sample cannot tell: an alert that is open then stays open.
    `fingerprint` changes when the operator must be told anew although the alert is already open.
    """

    type: str
    subject: str
    firing: bool | None
    severity: str
    fingerprint: str
    message: str
    value: float | None


class Verdict(NamedTuple):
    """All conditions, and the types for which a subject that is not mentioned is well (its container is gone
    from the list, say) and not merely unknown."""

    conditions: tuple[Condition, ...]
    complete_types: frozenset[str]


def judge(sample: Sample, config: Config) -> Verdict:
    """Return the verdict of every enabled rule. Alerts of a rule that was turned off are over."""
    enabled = {name: rule for name, rule in config.rules.items() if rule.enabled}
    conditions: list[Condition] = []
    complete = set(config.rules) - set(enabled)
    for name, rule in enabled.items():
        if name == "container_unhealthy":
            if sample.containers is None:
                complete.add(name)
            else:
                conditions += _containers(sample.containers, config.docker.expected, rule)
                if not sample.containers.error:
                    complete.add(name)
        else:
            conditions += _JUDGES[name](sample, rule)
    return Verdict(tuple(conditions), frozenset(complete))


def _threshold(name: str, subject: str, value: float | None, rule: Rule, what: str, unit: str) -> Condition:
    limit = rule.above if rule.above is not None else 0.0
    firing = None if value is None else value > limit
    shown = "unknown" if value is None else f"{value:.1f} {unit}"
    relation = "above" if firing else "within"
    return Condition(
        name,
        subject,
        firing,
        rule.severity,
        rule.severity,
        f"{what} {shown}, {relation} the limit of {limit:g} {unit}",
        value,
    )


def _cpu(sample: Sample, rule: Rule) -> Iterator[Condition]:
    yield _threshold("high_cpu_usage", "", sample.system.cpu_percent, rule, "CPU", "%")


def _memory(sample: Sample, rule: Rule) -> Iterator[Condition]:
    yield _threshold("high_memory_usage", "", sample.system.memory_percent, rule, "memory", "%")


def _disks(sample: Sample, rule: Rule) -> Iterator[Condition]:
    for disk in sample.system.disks:
        yield _threshold("high_disk_usage", disk.path, disk.percent, rule, f"disk {disk.path}", "%")


def _health(sample: Sample, rule: Rule) -> Iterator[Condition]:
    health = sample.health
    firing = None if health.ok is None else not health.ok
    message = f"health check fails: {health.error}" if firing else "health check passes"
    value = None if health.status is None else float(health.status)
    yield Condition("app_health_failure", "", firing, rule.severity, health.error, message, value)


def _slow(sample: Sample, rule: Rule) -> Iterator[Condition]:
    elapsed = sample.health.response_ms
    seconds = None if elapsed is None else elapsed / 1000
    yield _threshold("slow_response", "", seconds, rule, "response time", "s")


_JUDGES = {
    "high_cpu_usage": _cpu,
    "high_memory_usage": _memory,
    "high_disk_usage": _disks,
    "app_health_failure": _health,
    "slow_response": _slow,
}


def _containers(
    containers: Containers, expected: dict[str, tuple[str, ...]], rule: Rule
) -> Iterator[Condition]:
    def condition(subject: str, trouble: str, message: str) -> Condition:
        return Condition("container_unhealthy", subject, bool(trouble), rule.severity, trouble, message, None)

    if containers.error:
        yield condition("docker", "unreachable", containers.error)
        return
    for item in containers.items:
        trouble = _trouble(item)
        yield condition(item.name, trouble, f"container {item.name} is {trouble or item.state}")
    for name, services in sorted(expected.items()):
        members = [item for item in containers.items if item.service in services]
        if any(item.state in ("running", "restarting", "paused") for item in members):
            yield condition(f"{name} (service)", "", f"{name} runs")
            continue
        states = ", ".join(f"{item.name} is {item.state}" for item in members) or "no container exists"
        yield condition(f"{name} (service)", "gone", f"{name} does not run: {states}")


def _trouble(item: Container) -> str:
    """Return what is wrong with one container; empty for a well or a deliberately stopped one."""
    if item.state in ("restarting", "paused", "dead"):
        return item.state
    return "unhealthy" if item.state == "running" and item.health == "unhealthy" else ""
