"""The words of playbooks/drift.yml."""

from __future__ import annotations

from plugins.filter.drift import drift_names


def test_nothing_different_gives_no_line() -> None:
    assert drift_names({"nginx_state": {"changed": False, "changed_paths": []}}) == []


def test_each_difference_is_a_line_with_its_role() -> None:
    states: dict[str, dict[str, object]] = {
        "docker_state": {"changed": True, "changed_paths": ["/etc/docker/daemon.json"]},
        "app_state": {"changed": True, "containers_down": ["tencent-doc-manager-worker-1"]},
        "tls_state": {"changed": False},
    }
    assert drift_names(states) == [
        "/etc/docker/daemon.json (docker)",
        "container not running and healthy: tencent-doc-manager-worker-1 (app)",
    ]


def test_a_change_without_details_still_names_the_role() -> None:
    assert drift_names({"tls_state": {"changed": True}}) == ["something that role tls holds"]
