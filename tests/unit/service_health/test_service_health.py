"""playbooks/health.yml: what it says of a host, from inside and from here, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.action.service_health import check_outside, table
from tests.support.monitoring_parts import SERVER_NAME, HealthServer, free_port
from tests.unit.monitoring.conftest import authority, health_server

__all__ = ["authority", "health_server"]

PROJECT = Path(__file__).resolve().parents[3]


def test_a_service_that_answers_is_ok(authority: Path, health_server: HealthServer) -> None:
    ca = (authority / "ca.pem").read_text()
    found = check_outside(SERVER_NAME, health_server.port, "127.0.0.1", ca)
    assert (found["status"], found["next"]) == ("ok", "")
    assert found["value"].endswith(" s")


def test_what_is_wrong_outside_is_critical_with_the_next_command(
    authority: Path, health_server: HealthServer
) -> None:
    ca = (authority / "ca.pem").read_text()
    refused = check_outside(SERVER_NAME, free_port(), "127.0.0.1", ca)
    assert (refused["status"], "refused" in refused["message"]) == ("critical", True)
    assert refused["next"].startswith(f"curl -v https://{SERVER_NAME}:")
    untrusted = check_outside(SERVER_NAME, health_server.port, "127.0.0.1", "")
    assert (untrusted["status"], "certificate" in untrusted["message"]) == ("critical", True)
    another = check_outside("another.company.com", health_server.port, "127.0.0.1", ca)
    assert another["status"] == "critical"
    health_server.status = 503
    assert "answers 503" in check_outside(SERVER_NAME, health_server.port, "127.0.0.1", ca)["message"]


def test_the_table_shows_what_to_type_under_what_is_not_well() -> None:
    ok = {
        "check": "a",
        "subject": "",
        "status": "ok",
        "value": "1 %",
        "limit": "<= 2 %",
        "message": "",
        "next": "",
    }
    bad = {**ok, "check": "b", "subject": "/", "status": "warning", "message": "too full", "next": "du -xh /"}
    lines = table({"host": "h", "status": "warning", "checks": [bad, ok]}).splitlines()
    assert lines[0] == "h: warning"
    assert lines[1].split() == ["status", "check", "value", "limit"]
    assert lines[3:5] == ["      too full", "      next: du -xh /"]
    assert "next" not in lines[-1]


@pytest.fixture
def inventory(tmp_path: Path, authority: Path, health_server: HealthServer) -> Iterator[Path]:
    """A host that is this machine, with a command that says what the monitoring would."""
    command = tmp_path / "checks.json"
    check = {"check": "high_disk_usage", "subject": "/", "value": "91.0 %", "limit": "<= 90 %", "next": "du"}
    command.write_text(json.dumps({"checks": [{**check, "status": "warning", "message": "disk / 91.0 %"}]}))
    program = Path("/usr/local/bin") / f"unit-{os.getpid()}-monitoring"
    program.write_text(f"#!/bin/sh\ncat {command}\n")
    program.chmod(0o755)
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "stack_user": f"unit-{os.getpid()}",
        "stack_domain": SERVER_NAME,
        "stack_https_port": health_server.port,
        "stack_tls_dir": str(authority),
        "health_address": "127.0.0.1",
    }
    file = tmp_path / "hosts.json"
    file.write_text(json.dumps({"all": {"hosts": {"one": variables}}}))
    yield file
    program.unlink()


def health(
    inventory: Path, *options: str, callback: str = "health_report"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ansible-playbook", "playbooks/health.yml", "-i", str(inventory), *options],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": callback,
        },
    )


def test_one_line_of_json_and_a_good_status_for_a_warning(inventory: Path) -> None:
    done = health(inventory, "-e", "format=json")
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["host"], found["status"]) == ("one", "warning")
    assert [item["check"] for item in found["checks"]] == ["high_disk_usage", "public_health"]


def test_a_table_and_status_2_when_it_is_critical(inventory: Path, health_server: HealthServer) -> None:
    health_server.status = 503
    done = health(inventory)
    assert done.returncode == 2, done.stdout
    assert done.stdout.startswith("one: critical\n")
    assert "next: du" in done.stdout
    assert "answers 503" in done.stdout


def test_a_host_without_monitoring_is_critical(inventory: Path) -> None:
    done = health(inventory, "-e", "stack_user=nobody-has-this-name")
    assert done.returncode == 2
    assert "the host's monitoring does not answer" in done.stdout
    assert "playbooks/monitoring.yml" in done.stdout


def test_the_playbook_alone_shows_the_table_too(inventory: Path) -> None:
    done = health(inventory, callback="default")
    assert done.returncode == 0, done.stdout
    assert "one: warning" in done.stdout
