"""Look at the host (module of the same name) and turn what stands in the way into one clear failure."""

from __future__ import annotations

import getpass
import hashlib
import os
import shlex
import socket
import time
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.action import ActionBase

MINIMUM_PYTHON = "3.8"


class ActionModule(ActionBase):  # type: ignore[misc]
    """Adds who is running, takes over the lock of a run that died here, and explains failures."""

    supports_raw_params = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result; failed with one message when the run must not start."""
        task_vars = task_vars or {}
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if arguments.get("lock", "none") != "none":
            arguments["lock_owner"] = owner()
        result = self._module(arguments, task_vars)
        holder = result.get("lock_holder")
        if holder and arguments["lock"] == "take" and is_gone(holder, arguments["lock_owner"]):
            result = self._module({**arguments, "lock_instead_of": holder}, task_vars)
            holder = result.get("lock_holder")
        if result.get("failed"):
            explanation = explain(result, str(task_vars.get("ansible_python_interpreter", "")))
            return {"failed": True, "changed": False, "msg": explanation} if explanation else result
        if result.get("refusals"):
            return {"failed": True, "changed": False, "msg": "\n".join(result["refusals"])}
        if holder and arguments["lock"] == "take":
            message = held(holder, str(arguments["lock_path"]), int(arguments.get("lock_stale_minutes", 60)))
            return {"failed": True, "changed": False, "msg": message, "lock_holder": holder}
        return result

    def _module(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(
            module_name="host_probe", module_args=arguments, task_vars=task_vars
        )
        return result


def owner() -> dict[str, Any]:
    """Who is running: the person and controller for people, the identity of the process for the lock."""
    # An action runs in a fork of the ansible-playbook process.
    pid = os.getppid()
    return {
        "who": f"{getpass.getuser()}@{socket.gethostname()}",
        "command": command(),
        "controller": controller(),
        "boot": read("/proc/sys/kernel/random/boot_id"),
        "pid": pid,
        "started": started(pid),
    }


def command() -> str:
    """What was typed, without its options: an extra variable may be a secret."""
    playbooks = context.CLIARGS.get("args") or ()
    inventories = context.CLIARGS.get("inventory") or ()
    words = ["ansible-playbook", *playbooks]
    for inventory in inventories:
        words += ["-i", str(inventory).removeprefix(f"{Path.cwd()}/")]
    return shlex.join(str(word) for word in words)


def controller() -> str:
    """An identity of this machine and process namespace: process ids mean something within it alone."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    identity = "\n".join((socket.gethostname(), read("/etc/machine-id"), namespace))
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def started(pid: int) -> str:
    """When the process started, in ticks since boot; empty when there is no such process (or no /proc)."""
    # The command's name, in brackets, may hold blanks.
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""


def read(path: str) -> str:
    """A small file's text without the white space around it; empty when it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def is_gone(holder: dict[str, Any], mine: dict[str, Any]) -> bool:
    """Whether the holder was a run on this controller whose process is there no more."""
    if holder.get("controller") != mine["controller"] or not mine["started"]:
        return False
    return holder.get("boot") != mine["boot"] or started(int(holder["pid"])) != holder.get("started")


def held(holder: dict[str, Any], path: str, stale_minutes: int) -> str:
    """Name who is changing the host, since when, and what to do."""
    age = holder["age_minutes"]
    who = f"{holder.get('who', 'unknown')} (pid {holder.get('pid', '?')})"
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(int(holder.get("time", 0))))
    message = (
        f"Another run is changing this host: {who} has run {holder.get('command', '?')} for {age} minutes, "
        f"since {since}."
    )
    if age < stale_minutes:
        return (
            f"{message} Wait for it to end and try again. If you know that it is dead, "
            "add -e break_lock=true."
        )
    return (
        f"{message} That is longer than {stale_minutes} minutes (stack_lock_stale_minutes), so it is "
        f"probably dead. Make sure of it, then break its lock ({path}) with -e break_lock=true."
    )


def explain(result: dict[str, Any], interpreter: str) -> str:
    """What the failure of a target without a usable Python means; empty for any other failure."""
    told = "\n".join(
        str(result.get(key, "")) for key in ("msg", "module_stdout", "module_stderr", "exception")
    )
    lowered = told.lower()
    used = interpreter or "Python"
    advice = (
        f"Install one and name it for this host: ansible_python_interpreter: /usr/bin/python{MINIMUM_PYTHON}"
    )
    if "requires a minimum of python version" in lowered or "syntaxerror" in lowered:
        return f"The target's {used} is older than {MINIMUM_PYTHON}, which the modules need. {advice}"
    if "not found" in lowered and "python" in lowered:
        return f"The target has no {used}. At least {MINIMUM_PYTHON} is needed. {advice}"
    return ""
