"""The system page's figures, from what monitoring writes to Redis; and what this deployment offers."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.factory import Application, create_app
from app.models import TimedTask, now
from app.services import Services
from tests.unit.app.stack import Stack, close, log_in

MINUTE = 60


@pytest.fixture
def admin(app: Application) -> FlaskClient:
    return log_in(app, "admin")


def system(admin: FlaskClient, query: str = "") -> dict[str, Any]:
    answer = admin.get(f"/api/system{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def sample(moment: int, cpu: float | None = 10.0, **more: Any) -> dict[str, Any]:
    return {
        "id": moment * 1000,
        "time": moment,
        "system": {
            "cpu_percent": cpu,
            "memory_percent": 50.0,
            "disks": [{"path": "/", "percent": 41.0}, {"path": "/data", "percent": 63.5}, {"percent": None}],
            "load": [0.5, 0.25, 0.1],
        },
        "health": {"ok": True, "response_ms": 12.5},
        "nginx": {"error_rate": 0.25},
        "queue": {"length": 3},
        **more,
    }


def push(services: Services, *samples: dict[str, Any]) -> None:
    for one in samples:
        key = time.strftime("monitoring:samples:%Y%m%d%H", time.gmtime(one["time"]))
        services.queue.connection.rpush(key, json.dumps(one))


def this_minute() -> int:
    return int(time.time()) // MINUTE * MINUTE


def test_samples_become_series(admin: FlaskClient, services: Services) -> None:
    start = this_minute()
    push(
        services,
        sample(start - 25 * 3600, cpu=99.0),
        sample(start - 2 * MINUTE, cpu=20.0),
        sample(start - MINUTE, cpu=None, nginx=None, health=None, queue=None),
    )
    services.queue.connection.rpush(
        time.strftime("monitoring:samples:%Y%m%d%H", time.gmtime(start)), "no json", "[]", '{"x": 1}'
    )
    assert system(admin)["series"] == {
        "step_seconds": 60,
        "times": [start - 2 * MINUTE, start - MINUTE],
        "cpu": [20.0, None],
        "memory": [50.0, 50.0],
        "disk": [63.5, 63.5],
        "load": [0.5, 0.5],
        "response_ms": [12.5, None],
        "error_rate": [0.25, None],
        "queue": [3.0, None],
    }


def test_a_week_comes_in_steps_of_averages(admin: FlaskClient, services: Services) -> None:
    step = 7 * MINUTE
    start = (int(time.time()) - 3 * 24 * 3600) // step * step
    push(services, sample(start, cpu=10.0), sample(start + MINUTE, cpu=20.0), sample(start + step, cpu=50.0))
    series = system(admin, "?hours=168")["series"]
    assert (series["step_seconds"], series["times"]) == (step, [start, start + step])
    assert series["cpu"] == [15.0, 50.0]
    assert system(admin, "?hours=48")["series"]["times"] == []
    for bad in ("0", "169", "x", "1.5"):
        assert admin.get(f"/api/system?hours={bad}").status_code == 422, bad


def event(moment: int, what: str, kind: str = "high_cpu_usage", **more: Any) -> str:
    found = {"id": moment, "time": moment, "event": what, "type": kind, "subject": "", "severity": "warning",
             "message": f"{what} {kind}", "value": 1.0, **more}  # fmt: skip
    return json.dumps(found)


def test_alerts_are_told_with_their_span(admin: FlaskClient, services: Services) -> None:
    start = this_minute()
    services.queue.connection.rpush(
        "monitoring:alerts",
        event(start - 900, "fired"),
        event(start - 800, "repeated", message="CPU is at 95 %"),
        event(start - 700, "resolved"),
        event(start - 600, "fired", "app_health_failure", severity="critical"),
        event(start - 500, "resolved", "never_fired"),
    )
    lasting = {"type": "app_health_failure", "subject": "", "severity": "critical", "message": "503",
               "value": 503.0, "since": start - 600, "silenced": False}  # fmt: skip
    services.queue.connection.set(
        "monitoring:current", json.dumps({"time": start, "silent_after_seconds": 300, "alerts": [lasting]})
    )
    found = system(admin)["alerts"]
    assert [(a["type"], a["message"], a["severity"], a["until"] is None) for a in found] == [
        ("app_health_failure", "503", "critical", True),
        ("high_cpu_usage", "CPU is at 95 %", "warning", False),
    ]


def test_backup_rehearsal_and_tasks_are_told(admin: FlaskClient, services: Services) -> None:
    backup = {"kind": "backup", "status": "ok", "finished_at": 1795500042, "last_success": 1795500042}
    present = int(time.time())
    current = {
        "time": present,
        "silent_after_seconds": 300,
        "alerts": [],
        "backup": backup,
        "rehearsal": None,
    }
    services.queue.connection.set("monitoring:current", json.dumps(current))
    with services.database.write() as session:
        session.add(TimedTask(name="retention", last_run=now(), status="ok", message="nothing to do"))
    found = system(admin)
    assert (found["backup"], found["rehearsal"]) == (backup, None)
    assert found["monitor"] == {"last_sample": present, "silent": False}
    (task,) = found["tasks"]
    assert (task["name"], task["status"], task["message"], task["next_run"]) == (
        "retention",
        "ok",
        "nothing to do",
        None,
    )


@pytest.mark.parametrize(("age", "silent"), [(290, False), (302, True)])
def test_a_monitor_that_says_nothing_is_silent(
    admin: FlaskClient, services: Services, age: int, silent: bool
) -> None:
    current = {"time": int(time.time()) - age, "silent_after_seconds": 300, "alerts": []}
    services.queue.connection.set("monitoring:current", json.dumps(current))
    assert system(admin)["monitor"]["silent"] is silent


def test_without_monitoring_or_redis_the_page_is_empty_and_says_so(
    stack: Stack, app: Application, admin: FlaskClient
) -> None:
    stack.extra = {"REDIS_QUEUE_URL": "unix:///nowhere.sock"}
    cut_off = create_app(stack.config())
    without_redis = system(log_in(cut_off, "admin"))
    close(cut_off.extensions["services"])
    for found in (system(admin), without_redis):
        assert found["monitor"] == {"last_sample": None, "silent": True}
        assert (found["series"]["times"], found["alerts"], found["backup"]) == ([], [], None)


def test_only_an_administrator_sees_the_server(app: Application) -> None:
    for name in ("editor", "viewer"):
        assert log_in(app, name).get("/api/system").status_code == 403


def test_features_say_what_is_configured(stack: Stack, client: FlaskClient) -> None:
    plain = client.get("/api/features").get_json()
    assert (plain["summarise"], plain["fetch"], plain["max_upload_mb"]) == (False, False, 100)
    (stack.directory / "secrets" / "claude_api_key").write_text("sk-ant-0123456789-abcdefghij")
    stack.extra = {"BROWSER_ENABLED": "true", "RELEASE": "1.2.3-abc", "MAX_UPLOAD_MB": "7"}
    rich = create_app(stack.config())
    found = log_in(rich, "viewer").get("/api/features").get_json()
    close(rich.extensions["services"])
    assert {**found, "version": ""} == {
        "summarise": True, "fetch": True, "max_upload_mb": 7, "release": "1.2.3-abc", "version": "",
    }  # fmt: skip
