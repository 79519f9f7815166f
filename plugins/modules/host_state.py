#!/usr/bin/python
"""Ansible module host_state: the target's side of plugins/action/host_state.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_state
short_description: Hold files, packages, accounts, units and more of one owner in one task
description:
  - Compares all that one owner (a role, usually) wants of a host in one module execution; changes only what
    differs. Packages, accounts and units are changed by Ansible's own modules.
  - What the owner held before and no longer lists is removed. Data directories that are not empty stay.
  - Check mode and diff mode are supported.
  - The manual is docs/host_state.md.
options:
  name:
    description: The owner. Its record is C(/var/lib/host_state/NAME.json) on the host.
    type: str
    required: true
  packages:
    description: Debian packages to install, as C(name) or C(name=version) where the version may hold C(*).
    type: list
    elements: str
  install_recommends:
    description: Whether the packages bring what they recommend.
    type: bool
    default: false
  packages_absent:
    description: Debian packages to remove.
    type: list
    elements: str
  groups:
    description: Groups, with O(groups[].name), C(gid), C(system).
    type: list
    elements: dict
  users:
    description: Users, with C(name), C(uid), C(group), C(groups), C(system), C(home), C(shell), C(comment),
      C(create_home).
    type: list
    elements: dict
  directories:
    description: Directories, with C(path), C(owner), C(group), C(mode), C(keep).
    type: list
    elements: dict
  files:
    description: Files, with C(path), one of C(template), C(content), C(src), and C(owner), C(group), C(mode),
      C(validate), C(sensitive), C(substitute), C(vars), C(force), C(keep).
    type: list
    elements: dict
  trees:
    description: Directories of the controller, file by file, with C(src), C(path), C(owner), C(group),
      C(file_mode), C(dir_mode), C(exclude), C(keep).
    type: list
    elements: dict
  links:
    description: Symbolic links, with C(path), C(target), C(keep).
    type: list
    elements: dict
  secrets:
    description: Files of random letters and digits, made once, with C(path), C(owner), C(group), C(mode),
      C(length).
    type: list
    elements: dict
  absent:
    description: Paths that must not exist. Directories go with all they hold.
    type: list
    elements: str
  sysctl:
    description: Kernel parameters. What the kernel lacks or forbids is returned as RV(unavailable).
    type: dict
  validations:
    description: Commands (C(command), C(%s) stands for the staged copy) that judge a directory (C(root)) as
      it will be.
    type: list
    elements: dict
  units:
    description: systemd units, with C(name), C(enabled), C(masked), C(state) (C(started) or C(stopped)),
      C(restart_on), C(reload_on).
    type: list
    elements: dict
  containers:
    description: Docker containers that must run and be healthy. They are reported, never started.
    type: list
    elements: str
  triggers:
    description: Names with the paths that they watch. RV(triggered) holds those with changes to acknowledge.
    type: dict
  acknowledge:
    description: Names of triggers whose consequences are drawn. Nothing else may be given but O(name).
    type: list
    elements: str
  sysctl_prefix:
    description: Part of the name of the file in sysctl.d; by default C(stack_name) or C(host-state).
    type: str
  sysctl_dir:
    description: Where the file with the kernel parameters goes.
    type: str
    default: /etc/sysctl.d
  state_dir:
    description: Where records, staged copies and kept files are on the host.
    type: str
    default: /var/lib/host_state
author:
  - The project's team
"""

EXAMPLES = r"""
- name: Hold the state of nginx
  host_state:
    name: nginx
    directories:
      - {path: /opt/x/nginx, mode: '0755'}
    files:
      - {path: /opt/x/nginx/nginx.conf, template: nginx.conf.j2}
    triggers:
      reload_nginx: [/opt/x/nginx]
  register: nginx_state
  notify: Reload Nginx
"""

RETURN = r"""
changed_paths:
  description: The paths whose content, mode or owner differed.
  type: list
  returned: always
removed:
  description: The paths that the owner held before and no longer lists.
  type: list
  returned: always
triggered:
  description: The triggers whose watched files changed since they were acknowledged.
  type: list
  returned: always
containers_down:
  description: The containers that do not run or are not healthy.
  type: list
  returned: always
unavailable:
  description: The kernel parameters that cannot be set on this host.
  type: list
  returned: always
packages_installed:
  description: The packages that were (in check mode would be) installed.
  type: list
  returned: always
packages_removed:
  description: The packages that were (in check mode would be) removed.
  type: list
  returned: always
accounts_changed:
  description: The groups and users that were (in check mode would be) made or changed.
  type: list
  returned: always
sysctl_changed:
  description: The kernel parameters whose live value was set.
  type: list
  returned: always
not_validated:
  description: In check mode, the validations that could not run because what they need is yet to come.
  type: list
  returned: when there are any
units_changed:
  description: The units that were (in check mode would be) changed, with what was done.
  type: list
  returned: always
"""

import json  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "packages": {"type": "list", "elements": "str"},
    "install_recommends": {"type": "bool", "default": False},
    "packages_absent": {"type": "list", "elements": "str"},
    "groups": {"type": "list", "elements": "dict"},
    "users": {"type": "list", "elements": "dict"},
    "directories": {"type": "list", "elements": "dict"},
    "files": {"type": "list", "elements": "dict"},
    "trees": {"type": "list", "elements": "dict"},
    "links": {"type": "list", "elements": "dict"},
    "secrets": {"type": "list", "elements": "dict", "no_log": False},
    "absent": {"type": "list", "elements": "str"},
    "sysctl": {"type": "dict"},
    "validations": {"type": "list", "elements": "dict"},
    "units": {"type": "list", "elements": "dict"},
    "containers": {"type": "list", "elements": "str"},
    "triggers": {"type": "dict"},
    "acknowledge": {"type": "list", "elements": "str"},
    "sysctl_prefix": {"type": "str"},
    "sysctl_dir": {"type": "str", "default": "/etc/sysctl.d"},
    "state_dir": {"type": "str", "default": "/var/lib/host_state"},
}


def main() -> None:
    """Carry out one call of the action plugin, which arrives as JSON in `_call`."""
    # One string: no_log keeps it out of logs and the invocation and blots out none of its parts in results.
    options = dict(OPTIONS, _call={"type": "str", "no_log": True})
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    if not module.params["_call"]:
        module.fail_json(msg="host_state works through its action plugin: set action_plugins=plugins/action")
    from ansible.module_utils.host_state.manifest import StateError
    from ansible.module_utils.host_state.run import Call, run

    try:
        call = Call(check=module.check_mode, diff=module._diff, **json.loads(module.params["_call"]))
        result = run(call)
    except StateError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"host_state {module.params['name']}: {error}")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
