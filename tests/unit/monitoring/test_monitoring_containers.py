"""The list of containers comes from Docker's socket; no answer is a reason in words, never an exception."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.collectors import containers
from monitoring.config import DockerConfig
from monitoring.sample import Counters
from tests.support.monitoring_parts import Engine

MIB = 1048576


def settings(engine: Engine, tmp_path: Path) -> DockerConfig:
    return DockerConfig(True, str(engine.path), "tdm", {}, str(tmp_path / "cgroup"), 2)


def give_figures(tmp_path: Path, identity: str, usage_usec: int, limit: str) -> None:
    (tmp_path / "cgroup").mkdir(exist_ok=True)
    (tmp_path / "cgroup/cgroup.controllers").write_text("cpu memory\n")
    directory = tmp_path / "cgroup/docker" / identity
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "cpu.stat").write_text(f"usage_usec {usage_usec}\n")
    (directory / "memory.current").write_text(f"{32 * MIB}\n")
    (directory / "memory.max").write_text(limit + "\n")


def test_reports_state_health_cpu_and_memory(engine: Engine, tmp_path: Path) -> None:
    identity = engine.add("nginx", status="Up 2 minutes (healthy)")
    engine.add("other", project="somebody-else")
    give_figures(tmp_path, identity, 3_000_000, str(128 * MIB))
    before = Counters(100.0, "boot", 0, 0, {identity: 1_500_000_000})
    found, totals = containers.collect(settings(engine, tmp_path), before, 160.0, 2048)
    assert found is not None
    assert found.error == ""
    assert len(found.items) == 1, "containers of other projects do not count"
    item = found.items[0]
    assert (item.name, item.service, item.state, item.health) == (
        "tdm-nginx-1",
        "nginx",
        "running",
        "healthy",
    )
    assert item.cpu_percent == pytest.approx(2.5), "1.5 s of CPU in 60 s"
    assert (item.memory_mb, item.memory_limit_mb, item.memory_percent) == (32, 128, 25)
    assert totals == {identity: 3_000_000_000}


def test_without_a_limit_the_share_is_of_the_host(engine: Engine, tmp_path: Path) -> None:
    identity = engine.add("nginx")
    give_figures(tmp_path, identity, 1, "0")
    found, _ = containers.collect(settings(engine, tmp_path), None, 160.0, 2048)
    assert found is not None
    assert found.items[0].memory_limit_mb is None
    assert found.items[0].memory_percent == pytest.approx(32 / 2048 * 100)
    assert found.items[0].cpu_percent is None, "no rate without a previous cycle"


def test_a_container_that_started_anew_has_no_rate(engine: Engine, tmp_path: Path) -> None:
    identity = engine.add("nginx")
    give_figures(tmp_path, identity, 10, "max")
    before = Counters(100.0, "boot", 0, 0, {identity: 999_000_000_000})
    found, _ = containers.collect(settings(engine, tmp_path), before, 160.0, None)
    assert found is not None
    assert found.items[0].cpu_percent is None
    assert found.items[0].memory_percent is None


def test_one_off_containers_do_not_count(engine: Engine, tmp_path: Path) -> None:
    engine.add("migrate")
    engine.containers[0]["Labels"]["com.docker.compose.oneoff"] = "True"
    found, _ = containers.collect(settings(engine, tmp_path), None, 160.0, None)
    assert found is not None
    assert found.items == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.0 500 Oops\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nnot json",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"\x00\xff",
    ],
)
def test_a_broken_answer_is_a_reason(engine: Engine, tmp_path: Path, raw: bytes) -> None:
    engine.raw = raw
    found, totals = containers.collect(settings(engine, tmp_path), None, 160.0, None)
    assert found is not None
    assert "Docker does not answer" in found.error
    assert totals == {}


def test_a_missing_socket_is_a_reason_unless_docker_is_not_watched(
    tmp_path: Path,
) -> None:
    config = DockerConfig(True, str(tmp_path / "nothing.sock"), "tdm", {}, str(tmp_path), 2)
    found, _ = containers.collect(config, None, 160.0, None)
    assert found is not None
    assert "No such file" in found.error
    assert containers.collect(config._replace(enabled=False), None, 160.0, None) == (None, {})


@pytest.mark.parametrize(
    ("status", "health"),
    [
        ("Up 5 minutes (healthy)", "healthy"),
        ("Up 5 minutes (unhealthy)", "unhealthy"),
        ("Up 3 seconds (health: starting)", "starting"),
        ("Up 5 minutes", "none"),
        ("Exited (137) 2 minutes ago", "none"),
        ("Up 5 minutes (Paused)", "none"),
    ],
)
def test_health_is_read_from_dockers_words(status: str, health: str) -> None:
    assert containers.health_of(status) == health


@given(st.text())
def test_any_status_text_has_a_health(status: str) -> None:
    assert containers.health_of(status) in {"healthy", "unhealthy", "starting", "none"}
