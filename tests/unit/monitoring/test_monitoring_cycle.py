"""Whole cycles of the real program, as the timer runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from monitoring.store import Store, next_id, open_store
from tests.support.monitoring_parts import SERVER_NAME, Engine, HealthServer, RedisServer

ROOT = Path(__file__).parents[3]


class Monitor:
    """The program with a configuration of its own."""

    def __init__(self, directory: Path, document: dict[str, Any]) -> None:
        self.state = directory / "state"
        self.state.mkdir()
        self.file = directory / "config.json"
        self.document = {**document, "state_directory": str(self.state)}

    def run(self, *words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        self.file.write_text(json.dumps(self.document))
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "monitoring", "--config", str(self.file), *words],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found


@pytest.fixture
def monitor(
    tmp_path: Path,
    authority: Path,
    health_server: HealthServer,
    redis_server: RedisServer,
    engine: Engine,
    proc_root: Path,
) -> Monitor:
    engine.add("nginx", status="Up 2 minutes (healthy)")
    redis = redis_server.settings()
    health = {"port": health_server.port, "server_name": SERVER_NAME, "ca_file": str(authority / "ca.pem")}
    return Monitor(
        tmp_path,
        {
            "host": "host1",
            "system": {"proc_root": str(proc_root), "cgroup_root": str(tmp_path / "cgroup")},
            "health": {**health, "timeout_seconds": 3},
            "docker": {
                "socket": str(engine.path),
                "project": "tdm",
                "expected": {"nginx": ["nginx"]},
                "cgroup_root": str(tmp_path / "cgroup"),
            },
            "redis": {"socket": redis.socket, "password_file": redis.password_file},
            "rules": {"high_disk_usage": {"enabled": False}},
        },
    )


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if "alert " in line]


def test_a_well_host_gives_a_sample_and_no_word(monitor: Monitor, redis_server: RedisServer) -> None:
    done = monitor.run("collect")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stderr
    status = monitor.status()
    assert status["state"] == "ok"
    assert status["sample"]["health"]["ok"] is True
    assert [item["name"] for item in status["sample"]["containers"]] == ["tdm-nginx-1"]
    assert status["redis"] == {"error": "", "waiting": 0}
    assert len(redis_server.admin("KEYS", "monitoring:samples:*")) == 1
    table = monitor.run("status")
    assert table.returncode == 0
    assert "tdm-nginx-1" in table.stdout


def test_a_failing_application_is_told_once_and_its_recovery_once(
    monitor: Monitor, health_server: HealthServer, redis_server: RedisServer
) -> None:
    monitor.run("collect")
    health_server.status = 503
    first, second = monitor.run("collect"), monitor.run("collect")
    assert len(lines(first)) == 1
    assert "alert app_health_failure fired severity=critical host=host1: health check fails" in first.stderr
    assert lines(second) == []
    assert monitor.run("status").returncode == 1
    health_server.status = 200
    third, fourth = monitor.run("collect"), monitor.run("collect")
    assert len(lines(third)) == 1
    assert "alert app_health_failure resolved" in third.stderr
    assert lines(fourth) == []
    events = json.loads(monitor.run("alerts", "--json").stdout)
    assert [(item["type"], item["event"]) for item in events] == [
        ("app_health_failure", "fired"),
        ("app_health_failure", "resolved"),
    ]
    pushed = [json.loads(text) for text in redis_server.admin("LRANGE", "monitoring:alerts", 0, -1)]
    assert [item["event"] for item in pushed] == ["fired", "resolved"]
    assert {"time", "type", "message", "severity", "host"} <= set(pushed[0])


def test_the_alert_goes_out_while_redis_is_down_and_nothing_is_lost(
    monitor: Monitor, health_server: HealthServer, redis_server: RedisServer
) -> None:
    monitor.run("collect")
    redis_server.stop()
    health_server.status = 500
    first, second = monitor.run("collect"), monitor.run("collect")
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(lines(first)) == 1, "one fault, one alert: the failing application follows from it"
    assert "alert redis_down fired subject='queue'" in first.stderr
    assert "Redis does not take the samples" in first.stderr
    assert "Redis" not in second.stderr, "said once, not every minute"
    assert monitor.status()["redis"]["waiting"] == 3
    redis_server.start()
    third = monitor.run("collect")
    assert "Redis takes the samples again: 5 sent, 0 waiting" in third.stderr
    keys = redis_server.admin("KEYS", "monitoring:samples:*")
    assert sum(redis_server.admin("LLEN", key) for key in keys) == 4


def test_a_container_that_dies_is_told_by_name(monitor: Monitor, engine: Engine) -> None:
    monitor.run("collect")
    engine.containers[0].update(State="exited", Status="Exited (137) 1 second ago")
    assert "nginx does not run: tdm-nginx-1 is exited" in monitor.run("collect").stderr
    engine.containers.clear()
    assert lines(monitor.run("collect")) == []
    engine.add("nginx")
    assert "resolved" in monitor.run("collect").stderr


def test_the_journal_gets_the_priority_of_the_severity(monitor: Monitor, health_server: HealthServer) -> None:
    health_server.status = 500
    done = monitor.run("collect", environment={"JOURNAL_STREAM": "8:1"})
    assert done.stderr.startswith("<2>alert app_health_failure fired")


def test_an_event_that_was_not_written_before_a_crash_is_written_later(monitor: Monitor) -> None:
    monitor.run("collect")
    store = open_store(str(monitor.state))
    store.connection.execute(
        "INSERT INTO alert_events (id, time, host, event, type, subject, severity, message)"
        " VALUES (?, ?, 'host1', 'fired', 'high_cpu_usage', '', 'warning', 'left over')",
        (next_id(store.connection, "alert_events", time.time()), int(time.time())),
    )
    store.connection.close()
    assert "left over" in monitor.run("collect").stderr
    assert "left over" not in monitor.run("collect").stderr


def test_docker_not_watched_is_no_error(monitor: Monitor, engine: Engine) -> None:
    monitor.document["docker"] = {"enabled": False, "socket": "/nonexistent/docker.sock"}
    done = monitor.run("collect")
    assert (done.returncode, done.stderr) == (0, "")
    assert monitor.status()["sample"]["containers"] is None


def test_without_a_usable_store_the_alert_still_goes_out(
    monitor: Monitor, health_server: HealthServer
) -> None:
    health_server.status = 500
    (monitor.state / "monitoring.db").write_bytes(
        b"this is not a database, but long enough to look like one" * 20
    )
    done = monitor.run("collect")
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert "alert app_health_failure firing" in done.stderr


def test_a_second_cycle_at_the_same_time_is_left_out(monitor: Monitor) -> None:
    import fcntl

    with (monitor.state / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = monitor.run("collect")
    assert done.returncode == 75
    assert "another cycle" in done.stderr


def test_wrong_use_is_named(monitor: Monitor) -> None:
    assert monitor.run("status").returncode == 2, "nothing was collected yet"
    monitor.document["rulez"] = {}
    done = monitor.run("collect")
    assert done.returncode == 64
    assert "unknown key rulez" in done.stderr


def test_old_samples_and_events_are_forgotten(store: Store) -> None:
    from monitoring.sample import Counters
    from tests.support.monitoring_parts import make_sample

    with store.transaction():
        for days in (8, 6, 0):
            store.add_sample(make_sample(1e9 - days * 86400), Counters(1e9, "", 0, 0, {}))
        store.trim(1e9, 7, 30)
    kept = [
        round((1e9 - row["time"]) / 86400) for row in store.rows("SELECT time FROM samples ORDER BY time")
    ]
    assert kept == [6, 0]


def test_ids_grow_when_the_clock_goes_back(store: Store) -> None:
    from monitoring.sample import Counters
    from tests.support.monitoring_parts import make_sample

    counters = Counters(0, "", 0, 0, {})
    with store.transaction():
        ids = [store.add_sample(make_sample(moment), counters) for moment in (2000.0, 1000.0, 1000.0, 3000.0)]
    assert ids == [2000000, 2000001, 2000002, 3000000]
