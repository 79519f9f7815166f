"""The table of alerts in the specification, limit by limit."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring import config, rules
from monitoring.sample import Container, Containers, Disk, Health, Sample
from tests.support.monitoring_parts import make_sample

EXPECTED = {"app": ["app-blue", "app-green"], "nginx": ["nginx"]}


def settings(**more: Any) -> config.Config:
    document = {
        "host": "host1",
        "health": {"server_name": "x"},
        "docker": {"project": "tdm", "expected": EXPECTED},
    }
    return config.parse({**document, **more})


def firing(sample: Sample, **more: Any) -> dict[str, str]:
    """Return type and subject of what fires, with the severity."""
    verdict = rules.judge(sample, settings(**more))
    return {f"{c.type} {c.subject}".strip(): c.severity for c in verdict.conditions if c.firing}


def container(service: str, state: str = "running", health: str = "healthy") -> Container:
    return Container("id" + service, f"tdm-{service}-1", service, state, health, 1.0, 20.0, 64.0, 31.0)


def listed(*items: Container) -> Sample:
    return make_sample(1000, containers=Containers(items, ""))


def test_a_well_host_raises_nothing() -> None:
    assert firing(listed(container("app-blue"), container("nginx"), container("worker", health="none"))) == {}


@pytest.mark.parametrize(
    ("name", "field", "at_limit", "above"),
    [("high_cpu_usage", "cpu_percent", 80.0, 80.1), ("high_memory_usage", "memory_percent", 85.0, 85.1)],
)
def test_a_limit_itself_is_well_and_above_it_warns(
    name: str, field: str, at_limit: float, above: float
) -> None:
    def sample(value: float) -> Sample:
        figures: dict[str, Any] = {field: value}
        well = make_sample(1000)
        return well._replace(system=well.system._replace(**figures))

    assert firing(sample(at_limit)) == {}
    assert firing(sample(above)) == {name: "warning"}


def test_each_disk_is_a_subject_of_its_own() -> None:
    disks = (Disk("/", 90.5, 1, 2), Disk("/data", 20.0, 1, 2), Disk("/log", 99.0, 1, 2))
    assert firing(make_sample(1000, disks=disks)) == {
        "high_disk_usage /": "warning",
        "high_disk_usage /log": "warning",
    }


def test_health_failure_is_critical_and_slowness_a_warning() -> None:
    down = Health(False, 503, 30.0, None, "HTTP status 503")
    slow = Health(True, 200, 5001.0, {}, "")
    in_time = Health(True, 200, 5000.0, {}, "")
    hanging = Health(False, None, 10000.0, None, "no answer within 10 s")
    assert firing(make_sample(1000, health=down)) == {"app_health_failure": "critical"}
    assert firing(make_sample(1000, health=slow)) == {"slow_response": "warning"}
    assert firing(make_sample(1000, health=in_time)) == {}
    assert firing(make_sample(1000, health=hanging)) == {
        "app_health_failure": "critical",
        "slow_response": "warning",
    }


@pytest.mark.parametrize(
    ("item", "subject"),
    [
        (container("worker", health="unhealthy"), "tdm-worker-1"),
        (container("worker", state="restarting"), "tdm-worker-1"),
        (container("worker", state="paused"), "tdm-worker-1"),
        (container("worker", state="dead"), "tdm-worker-1"),
    ],
)
def test_a_container_in_trouble_is_critical(item: Container, subject: str) -> None:
    sample = listed(container("app-blue"), container("nginx"), item)
    assert firing(sample) == {f"container_unhealthy {subject}": "critical"}


def test_one_of_the_slots_is_enough_and_none_is_gone() -> None:
    assert firing(listed(container("app-green"), container("nginx"))) == {}
    stopped = container("app-blue", state="exited", health="none")
    assert firing(listed(stopped, container("nginx"))) == {"container_unhealthy app (service)": "critical"}
    assert firing(listed(container("app-blue"))) == {"container_unhealthy nginx (service)": "critical"}


def test_a_starting_container_is_not_in_trouble() -> None:
    assert firing(listed(container("app-blue", health="starting"), container("nginx"))) == {}


def test_a_silent_docker_is_one_alert_and_closes_none() -> None:
    sample = make_sample(1000, containers=Containers((), "Docker does not answer on /x: refused"))
    assert firing(sample) == {"container_unhealthy docker": "critical"}
    assert "container_unhealthy" not in rules.judge(sample, settings()).complete_types


def test_a_figure_that_is_missing_neither_fires_nor_clears() -> None:
    verdict = rules.judge(make_sample(1000, cpu=None), settings())
    assert [c.firing for c in verdict.conditions if c.type == "high_cpu_usage"] == [None]


def test_limits_and_severities_are_the_configurations() -> None:
    more = {
        "rules": {
            "high_cpu_usage": {"above": 5, "severity": "critical"},
            "high_memory_usage": {"enabled": False},
        }
    }
    assert firing(make_sample(1000, memory_percent=99.0), **more) == {"high_cpu_usage": "critical"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"rules": {"high_cpu": {}}}, "unknown key rules.high_cpu"),
        ({"rules": {"high_cpu_usage": {"abov": 3}}}, "unknown key rules.high_cpu_usage.abov"),
        (
            {"rules": {"high_cpu_usage": {"above": "80"}}},
            "rules.high_cpu_usage.above is '80'; it must be a number",
        ),
        ({"rules": {"high_cpu_usage": {"severity": "bad"}}}, "must be one of info, warning, critical"),
        ({"health": {}}, "health.server_name is missing"),
        ({"health": {"server_name": "x", "port": True}}, "health.port is True"),
        ({"docker": {}}, "docker.project is missing"),
        ({"docker": {"project": "x", "expected": {"app": "app-blue"}}}, "docker.expected.app is 'app-blue'"),
        ([], "the document must be an object"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(document: Any, message: str) -> None:
    base: dict[str, Any] = {"health": {"server_name": "x"}, "docker": {"project": "tdm"}}
    with pytest.raises(config.ConfigError) as refused:
        config.parse({**base, **document} if isinstance(document, dict) else document)
    assert message in str(refused.value)
