"""What the operator asks for besides: the list of releases, maintenance, the running log."""

from __future__ import annotations

import json
from collections.abc import Callable

from conftest import HostState
from testinfra.host import Host

from tests.support.playbooks import run_playbook
from tests.support.service import Service


def test_the_list_marks_the_live_release(state: HostState) -> None:
    answer = run_playbook("playbooks/releases.yml")
    assert answer.returncode == 0, answer.stdout
    marked = [line for line in answer.stdout.splitlines() if line.startswith("-> ")]
    assert len(marked) == 1, answer.stdout
    assert state.release in marked[0]
    assert f"live in {state.slot}" in marked[0]


def test_the_list_is_json_when_asked(state: HostState) -> None:
    answer = run_playbook("playbooks/releases.yml", "-e", "format=json")
    line = next(line for line in answer.stdout.splitlines() if line.startswith("{"))
    rows = json.loads(line)["releases"]
    live = [row for row in rows if row["live"]]
    assert [row["release"] for row in live] == [state.release]
    assert isinstance(live[0]["dirty"], bool)
    assert live[0]["commit"]
    assert live[0]["source"].split()[0]
    assert [row["release"] for row in rows if row["previous"]] == [state.previous]


def test_maintenance_answers_503_and_lets_the_operator_through(
    host: Host, connect: Callable[[], Service], state: HostState
) -> None:
    service = connect()
    answer = run_playbook("playbooks/maintenance.yml", "-e", "state=on", "-e", "allow=203.0.113.7")
    assert answer.returncode == 0, answer.stdout
    try:
        page = service.request("GET", "/")
        assert (page.status_code, page.headers["Retry-After"]) == (503, "10"), page.text
        assert "维护中" in page.content.decode("utf-8")
        api = service.request("GET", "/api/documents")
        assert (api.status_code, api.headers["Content-Type"]) == (503, "application/problem+json")
        assert api.headers["Retry-After"] == "10"
        assert service.request("GET", "/maintenance/style.css").status_code == 200
        assert service.request("GET", "/maintenance/.state/on").status_code == 404
        assert service.request("GET", "/health").status_code == 200
        # Who this test is, seen from the host, is let through next.
        own = host.check_output("docker logs --tail 0 tencent-doc-manager-nginx-1; "
                                "tail -n 1 /var/log/tencent-doc-manager/nginx/access.log")  # fmt: skip
        address = json.loads(own.splitlines()[-1])["client"]
        again = run_playbook("playbooks/maintenance.yml", "-e", "state=on", "-e", f"allow={address}")
        assert "changed=1" in again.stdout, again.stdout
        assert service.request("GET", "/api/documents").status_code == 200
        unchanged = run_playbook("playbooks/maintenance.yml", "-e", "state=on", "-e", f"allow={address}")
        assert "changed=0" in unchanged.stdout
    finally:
        off = run_playbook("playbooks/maintenance.yml", "-e", "state=off")
    assert off.returncode == 0, off.stdout
    assert service.request("GET", "/").status_code == 200
    assert [line["to"] for line in state.audit()[-3:]] == ["on", "on", "off"]


def test_a_broken_state_is_refused() -> None:
    answer = run_playbook("playbooks/maintenance.yml", "-e", "state=perhaps")
    assert answer.returncode != 0
    assert "Say -e state=on or -e state=off" in answer.stdout


def test_the_way_to_the_slots_is_closed_from_outside(
    connect: Callable[[], Service], state: HostState
) -> None:
    service = connect()
    answer = service.request("GET", f"/{state.slot}/api/health")
    assert "checks" not in answer.text
