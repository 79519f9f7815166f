#!/usr/bin/python
"""Compare what serves on the host with the release that should: one look, nothing changed."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.host_state.containers import listed

DOCUMENTATION = """
module: app_live
short_description: Compare the live release with the wanted one
description:
  - Which slot is live is read from current.sock. Changed when links or containers are not the release's.
options:
  project: {description: Name of the Compose project., type: str, required: true}
  root: {description: Directory of the service., type: path, required: true}
  sockets: {description: Directory of the sockets., type: path, required: true}
  release: {description: The release that should be live., type: str, required: true}
author: [tencent-doc-manager]
"""

SLOTS = ("blue", "green")


def target(path: str) -> str:
    """Where a link points; empty when there is none."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def main() -> None:
    """Ansible's entry point."""
    arguments = {
        "project": {"type": "str", "required": True},
        "root": {"type": "path", "required": True},
        "sockets": {"type": "path", "required": True},
        "release": {"type": "str", "required": True},
    }
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    wanted: dict[str, Any] = module.params
    release, root = wanted["release"], wanted["root"]
    links = {f"{root}/current": f"releases/{release}", f"{root}/www/current": release}
    changed = [path for path, to in links.items() if target(path) != to]
    socket = f"{wanted['sockets']}/current.sock"
    slot = target(socket).partition(".")[0]
    if slot not in SLOTS:
        changed.append(socket)
    services = [f"app-{slot}", "worker"] if slot in SLOTS else ["worker"]
    down = not_serving([f"{wanted['project']}-{service}-1" for service in services], release)
    before = target(f"{root}/current").rpartition("/")[2]
    result = {
        "changed": bool(changed or down),
        "changed_paths": changed,
        "containers_down": down,
        "slot": slot,
        "release": before,
    }
    if changed:
        result["diff"] = {
            "before_header": f"{root}/current",
            "after_header": f"{root}/current",
            "before": f"{before or 'no release'}\n",
            "after": f"{release}\n",
        }
    module.exit_json(**result)


def not_serving(names: list[str], release: str) -> list[str]:
    """Those of the containers that do not run, are unhealthy, or are another release's."""
    try:
        found = {name.lstrip("/"): item for item in listed(names) for name in item.get("Names", [])}
    except (OSError, ValueError):
        return names
    return [name for name in names if name not in found or not serves(found[name], release)]


def serves(container: dict[str, Any], release: str) -> bool:
    """Whether a container runs, is not unhealthy and was made by the release's Compose file."""
    label = (container.get("Labels") or {}).get("release", "")
    well = "(unhealthy)" not in container.get("Status", "")
    return container.get("State") == "running" and well and label == release


if __name__ == "__main__":
    main()
