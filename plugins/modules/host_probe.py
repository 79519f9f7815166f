#!/usr/bin/python
"""Look at the host in one execution, and take the run lock with it."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.host_probe import preflight, run_lock
from ansible.module_utils.host_probe.files import HostFiles
from ansible.module_utils.host_probe.ports import docker_containers, listening_ports, published_ports
from ansible.module_utils.host_probe.session import ssh_port
from ansible.module_utils.host_probe.system import disk_facts, system_facts
from ansible.module_utils.parsing.convert_bool import boolean

DOCUMENTATION = """
module: host_probe
short_description: Look at the host, say why it cannot hold the service, and take the run lock
description:
  - Returns what the roles need to know of the host, in one execution and in place of gathered facts.
  - Returns the reasons why the service cannot be installed. The run lock is taken only when there is none.
  - Never reports a change. The action plugin of the same name says who is running and fails on refusals.
options:
  name:
    type: str
    description: Name of the Compose project, whose own ports do not count as taken.
  paths:
    type: list
    elements: path
    description: Directories whose file systems need room; the first holds the service.
  installed_path:
    type: path
    description: A path that is there once the service is installed.
  ports:
    type: dict
    description: Ports that must be free, by the name of the variable that sets each.
  parts:
    type: dict
    description: Optional parts by name, as in stack_parts.
  at_most:
    type: dict
    default: {}
    description: Ceilings by the names memory_mb, cpus and disk_gb; 0 is none.
  free_install_mb:
    type: int
    default: 4096
    description: Free disk space in MB that the first installation needs.
  free_run_mb:
    type: int
    default: 512
    description: Free disk space in MB that every later run needs.
  lock:
    type: str
    choices: [none, take, release]
    default: none
    description: What to do with the run lock. In check mode take only looks; release does nothing else.
  lock_path:
    type: path
    description: Path of the run lock on the host. Needed for take and release.
  lock_owner:
    type: dict
    description: Who is running; given by the action plugin.
  lock_instead_of:
    type: dict
    description: A holder that is known to be gone; given by the action plugin.
  lock_stale_minutes:
    type: int
    default: 60
    description: Minutes after which the message calls another controller's lock abandoned.
  lock_break:
    type: bool
    default: false
    description: Take the lock from whoever holds it.
author: tencent-doc-manager
"""

EXAMPLES = """
- name: Look at the host
  host_probe:
    name: tencent-doc-manager
    paths: [/opt/tencent-doc-manager, /var/lib/docker]
    installed_path: /opt/tencent-doc-manager/current
    ports: {stack_http_port: 80, stack_https_port: 443}
    parts: {browser: false, backup: true, monitoring: true}
"""

RETURN = """
host:
  description: Facts of the host.
  type: dict
  returned: unless the lock is released
refusals:
  description: Reasons not to start.
  type: list
  elements: str
  returned: unless the lock is released
lock_holder:
  description: Who else holds the run lock, with age_minutes.
  type: dict
  returned: always
"""

PROBED = ("name", "paths", "installed_path", "ports", "parts")
LOCKED = ("lock_path", "lock_owner")
ARGUMENTS = {
    "name": {"type": "str"},
    "paths": {"type": "list", "elements": "path"},
    "installed_path": {"type": "path"},
    "ports": {"type": "dict"},
    "parts": {"type": "dict"},
    "at_most": {"type": "dict", "default": {}},
    "free_install_mb": {"type": "int", "default": 4096},
    "free_run_mb": {"type": "int", "default": 512},
    "lock": {"type": "str", "choices": ["none", "take", "release"], "default": "none"},
    "lock_path": {"type": "path"},
    "lock_owner": {"type": "dict"},
    "lock_instead_of": {"type": "dict"},
    "lock_stale_minutes": {"type": "int", "default": 60},
    "lock_break": {"type": "bool", "default": False},
}


def probe(files: HostFiles, wanted: dict[str, Any]) -> dict[str, Any]:
    """Everything roles ask of a host."""
    uname = os.uname()
    host: dict[str, Any] = system_facts(
        files, len(os.sched_getaffinity(0)), uname.machine, uname.release, uname.nodename
    )
    disks = disk_facts(files, wanted["paths"])
    host.update(
        disks=disks,
        disk_gb=disks[0]["size_gb"],
        disk_free_mb=disks[0]["free_mb"],
        installed=files.exists(wanted["installed_path"]),
        ports=listening_ports(files),
        published=published_ports(docker_containers(files)),
        ssh_port=ssh_port(files, os.getpid()),
    )
    return host


def requirements(wanted: dict[str, Any]) -> preflight.Requirements:
    """The operator's wishes as the pure functions take them."""
    return preflight.Requirements(
        project=wanted["name"],
        ports={name: int(port) for name, port in wanted["ports"].items()},
        parts={name: boolean(value) for name, value in wanted["parts"].items()},
        at_most={name: float(ceiling) for name, ceiling in wanted["at_most"].items()},
        free_install_mb=wanted["free_install_mb"],
        free_run_mb=wanted["free_run_mb"],
    )


def lock(module: AnsibleModule) -> run_lock.Outcome:
    """Take, look at or release the lock; the outcome."""
    wanted = module.params
    path, owner = wanted["lock_path"], wanted["lock_owner"]
    if wanted["lock"] == "release":
        return run_lock.look(path, owner) if module.check_mode else run_lock.release(path, owner)
    attempt = run_lock.look if module.check_mode else run_lock.take
    return attempt(path, owner, wanted["lock_instead_of"], wanted["lock_break"])


def main() -> None:
    """Ansible's entry point."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[
            ("lock", "none", PROBED),
            ("lock", "take", PROBED + LOCKED),
            ("lock", "release", LOCKED),
        ],
        supports_check_mode=True,
    )
    wanted = module.params
    result: dict[str, Any] = {"changed": False, "lock_holder": None}
    if wanted["lock"] != "release":
        result["host"] = probe(HostFiles(), wanted)
        result["refusals"] = preflight.refusals(result["host"], requirements(wanted))
    if wanted["lock"] != "none" and not result.get("refusals"):
        result["lock_holder"] = lock(module).holder
    module.exit_json(**result)


if __name__ == "__main__":
    main()
