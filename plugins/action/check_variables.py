"""Refuse variables that look like a role's and that no role defines. Runs on the controller alone."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.action import ActionBase

ROLES = Path(__file__).resolve().parents[2] / "roles"
# As near as this, a name without any role's prefix is probably a misspelt prefix: worth a warning.
NEARLY_THE_SAME = 0.92


class ActionModule(ActionBase):  # type: ignore[misc]
    """Looks at the variables of inventory, plays and command line, not at what tasks registered."""

    supports_raw_params = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return a failure that names each unknown variable and the nearest known one."""
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = sorted(set(task_vars) - self._set_by_tasks(task_vars))
        known = defined_variables(ROLES)
        unknown = unknown_variables(given, known)
        result["changed"] = False
        if unknown:
            result.update(failed=True, msg="\n".join([*unknown, "docs/variables.md lists all variables."]))
        elif suspects := misspelt_prefixes(given, known):
            result["warnings"] = suspects
        return result

    def _set_by_tasks(self, task_vars: dict[str, Any]) -> set[str]:
        """Names that register and set_fact made in this run; ansible-core 2.19 has no public way to tell."""
        manager = self._task.get_variable_manager()
        host = task_vars["inventory_hostname"]
        return set(manager._nonpersistent_fact_cache.get(host, {}))


def defined_variables(roles: Path) -> dict[str, frozenset[str]]:
    """Names per role: those of argument_specs, and those of its vars/. A role without specs is left out."""
    defined = {}
    for specs in sorted(roles.glob("*/meta/argument_specs.yml")):
        role = specs.parents[1]
        entry_points = load(specs).get("argument_specs") or {}
        names = {name for entry in entry_points.values() for name in (entry or {}).get("options") or {}}
        for file in sorted(role.glob("vars/*.yml")):
            names |= set(load(file))
        defined[role.name] = frozenset(names)
    return defined


@functools.cache
def load(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds."""
    # The same as safe_load, from libyaml: eight times as fast.
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return content if isinstance(content, dict) else {}


def role_of(name: str, roles: Iterable[str]) -> str | None:
    """The role whose prefix the name has; the longest where several match."""
    return max((role for role in roles if name.startswith(role + "_")), key=len, default=None)


def unknown_variables(given: Iterable[str], known: dict[str, frozenset[str]]) -> list[str]:
    """One sentence for each name with a role's prefix that the role does not define."""
    sentences = []
    for name in given:
        role = role_of(name, known)
        if role is None or name in known[role]:
            continue
        near = nearest(name, role, known)
        hint = f" Did you mean {near}?" if near else ""
        sentences.append(f"{name} is no variable of role {role}.{hint}")
    return sentences


def nearest(name: str, role: str, known: dict[str, frozenset[str]]) -> str | None:
    """The known variable that was probably meant: one of the same role, else one of any role."""
    prefix = role + "_"
    # Without the prefix, or everything in the role would look alike.
    rests = sorted(other.removeprefix(prefix) for other in known[role] if other.startswith(prefix))
    for rest in difflib.get_close_matches(name.removeprefix(prefix), rests, 1):
        return prefix + rest
    everywhere = sorted(other for names in known.values() for other in names if not other.startswith("_"))
    return next(iter(difflib.get_close_matches(name, everywhere, 1, NEARLY_THE_SAME)), None)


def misspelt_prefixes(given: Iterable[str], known: dict[str, frozenset[str]]) -> list[str]:
    """One sentence for each name that has no role's prefix but is nearly a known variable."""
    everywhere = sorted(name for names in known.values() for name in names if not name.startswith("_"))
    sentences = []
    for name in given:
        if role_of(name, known) or name.startswith(("ansible_", "molecule_", "_")) or "_" not in name:
            continue
        for near in difflib.get_close_matches(name, everywhere, 1, NEARLY_THE_SAME):
            sentences.append(f"{name} is no variable of any role. Did you mean {near}?")
    return sentences
