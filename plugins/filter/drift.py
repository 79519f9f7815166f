"""Words for what `host_state` found different: the lines of playbooks/drift.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Key of host_state's result -> how a line about one of its items begins.
KINDS = {
    "changed_paths": "",
    "removed": "to remove: ",
    "packages_installed": "package missing: ",
    "units_changed": "unit: ",
    "accounts_changed": "account: ",
    "sysctl_changed": "sysctl: ",
    "containers_down": "container not running and healthy: ",
    "triggered": "not applied yet: ",
}


def drift_names(states: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One line per difference.

    states: name of a registered result ("nginx_state") -> that result.
    Returns lines such as "/etc/docker/daemon.json (docker)"; empty when nothing differs.
    """
    lines = []
    for name, state in states.items():
        if not state.get("changed"):
            continue
        role = name.removesuffix("_state")
        found = [f"{words}{item} ({role})" for key, words in KINDS.items() for item in state.get(key) or []]
        lines.extend(found or [f"something that role {role} holds"])
    return lines


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Any]:
        return {"drift_names": drift_names}
