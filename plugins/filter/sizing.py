"""Filters that turn what is known of a host into its budget (plugins/module_utils/sizing.py)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

# Ansible puts custom module_utils on the target's path only, so the controller finds them from the root.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.append(root)


def sizing_budget(
    host: Mapping[str, Any],
    parts: Mapping[str, bool] | None = None,
    at_most: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Return the budget of a host (`memory_mb`, `cpus`, `disk_gb`) as a dictionary.

    `at_most` holds ceilings by the same three names; 0 is no ceiling. Fails with the sizing table when the
    host is too small.
    """
    # Every forked task loads all filters: what this one needs is loaded when it is used.
    from plugins.module_utils.sizing import Parts, TooSmallError, machine_of, size
    from plugins.module_utils.sizing_table import sizing_table

    machine = machine_of(host, at_most or {})
    # From an INI inventory or the command line a truth value is text.
    chosen = Parts(**{name: boolean(value) for name, value in (parts or {}).items()})
    try:
        return size(machine.memory_mb, machine.cpus, machine.disk_gb, chosen).as_dict()
    except TooSmallError as error:
        table = sizing_table(machine.memory_mb, machine.cpus, machine.disk_gb, chosen)
        raise AnsibleFilterError(f"This machine is too small for the service.\n{table}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filters."""
        return {"sizing_budget": sizing_budget}
