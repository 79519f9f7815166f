"""Action plugin host_state: renders, compares in one module execution, and changes only what differs.

docs/host_state.md is the manual, plugins/modules/host_state.py the list of options.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

# Ansible puts custom module_utils on the target's path only, so the controller finds its part from the root.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.append(root)

from plugins.plugin_utils.host_state.arguments import Wanted, read_arguments
from plugins.plugin_utils.host_state.checks import ArgumentError
from plugins.plugin_utils.host_state.contents import ContentError, Contents
from plugins.plugin_utils.host_state.rendering import Renderer

APT_CACHE_VALID_S = 3600
APT_LOCK_TIMEOUT_S = 300


class ActionModule(ActionBase):  # type: ignore[misc]
    """The task `host_state`."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Bring the host to the wanted state and return what differed."""
        super().run(tmp, task_vars)
        self._vars = task_vars or {}
        self._name = str(self._task.args.get("name"))
        self._state_directory = str(self._task.args.get("state_dir") or "/var/lib/host_state")
        try:
            renderer = Renderer(self, self._vars)
            contents = Contents(renderer.render, renderer.find)
            wanted = read_arguments(self._task.args, contents, self._prefix())
        except (ArgumentError, ContentError) as error:
            raise AnsibleActionFail(f"host_state {self._name}: {error}") from error
        try:
            return self._acknowledge(wanted) if wanted.only_acknowledges else self._hold(wanted)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _hold(self, wanted: Wanted) -> dict[str, Any]:
        seen = self._call("compare", wanted)
        result = _result(seen)
        if self._task.check_mode:
            return result
        self._accounts_and_packages(seen)
        if seen["needs_apply"] or seen["packages_missing"] or seen["packages_present"]:
            missing = seen["wanted_blobs"]
            applied = self._call("apply", wanted, blobs=self._transfer(missing, wanted) if missing else {})
            seen = dict(seen, **applied)
            result = _result(seen)
        self._units(seen, wanted)
        return result

    def _acknowledge(self, wanted: Wanted) -> dict[str, Any]:
        if self._task.check_mode:
            return {"changed": False}
        return dict(self._call("acknowledge", wanted, names=wanted.acknowledge), changed=False)

    def _accounts_and_packages(self, seen: dict[str, Any]) -> None:
        for group in seen["groups"]:
            self._stock("group", dict(group, state="present"))
        for user in seen["users"]:
            self._stock("user", dict(user, state="present", append=True))
        apt = {"lock_timeout": APT_LOCK_TIMEOUT_S}
        if seen["packages_present"]:
            self._stock("apt", dict(apt, name=seen["packages_present"], state="absent"))
        if seen["packages_missing"]:
            apt.update(update_cache=True, cache_valid_time=APT_CACHE_VALID_S)
            recommends = bool(self._task.args.get("install_recommends", False))
            names = seen["packages_missing"]
            self._stock("apt", dict(apt, name=names, state="present", install_recommends=recommends))

    def _units(self, seen: dict[str, Any], wanted: Wanted) -> None:
        started = {}
        for unit in seen["units"]:
            self._stock("systemd_service", unit)
            if seen["fingerprints"][unit["name"]]:
                started[unit["name"]] = seen["fingerprints"][unit["name"]]
        if started:
            self._call("commit", wanted, started=started)

    def _transfer(self, digests: list[str], wanted: Wanted) -> dict[str, str]:
        """Copy the local files behind these checksums to the host's temporary directory."""
        shell = self._connection._shell
        if shell.tmpdir is None:
            self._make_tmp_path()
        blobs = {digest: shell.join_path(shell.tmpdir, digest) for digest in digests}
        for digest, remote in blobs.items():
            self._transfer_file(wanted.sources[digest], remote)
        self._fixup_perms2([shell.tmpdir, *blobs.values()], execute=False)
        return blobs

    def _call(self, op: str, wanted: Wanted, **further: Any) -> dict[str, Any]:
        call = dict(further, op=op, manifest=wanted.manifest, state_directory=self._state_directory)
        arguments = {"name": self._name, "_call": json.dumps(call)}
        return self._execute("host_state", arguments, f"host_state {self._name}")

    def _stock(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        label = f"host_state {self._name}: {module} {arguments['name']}"
        return self._execute(f"ansible.builtin.{module}", arguments, label)

    def _execute(self, module: str, arguments: dict[str, Any], label: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            # A copy: Ansible adds its own keys to what it is given.
            module_name=module,
            module_args=dict(arguments),
            task_vars=self._vars,
        )
        if answer.get("failed"):
            further = {key: answer[key] for key in ("stdout", "stderr", "module_stderr") if answer.get(key)}
            message = answer.get("msg", "failed without a message")
            text = message if message.startswith(label) else f"{label}: {message}"
            raise AnsibleActionFail(text, result=further)
        return answer

    def _prefix(self) -> str:
        value = self._templar.template(self._vars.get("stack_name")) if "stack_name" in self._vars else None
        return str(value or "host-state")


def _result(seen: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "changed_paths": seen["changed_paths"],
        "removed": seen["removed"],
        "triggered": seen["triggered"],
        "containers_down": seen["containers_down"],
        "packages_installed": seen["packages_missing"],
        "packages_removed": seen["packages_present"],
        "accounts_changed": [account["name"] for account in seen["groups"] + seen["users"]],
        "sysctl_changed": seen["sysctl"],
        "units_changed": seen["units"],
    }
    result["changed"] = any(result.values())
    result["unavailable"] = seen["unavailable"]
    if seen.get("not_validated"):
        result["not_validated"] = seen["not_validated"]
    result["diff"] = seen.get("diff", [])
    return result
