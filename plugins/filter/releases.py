"""Words for what bin/release did: the end of playbooks/deploy.yml and playbooks/rollback.yml."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def app_release_report(command: Mapping[str, Any], bytes_before: int = -1, bytes_after: int = -1) -> str:
    """The steps of a run of bin/release and one line that sums it up.

    command: the registered result. bytes_before, bytes_after: what had gone over the link when the run began
    and at its end; negative when it is not known.
    """
    *steps, last = command["stdout_lines"]
    result = json.loads(last)
    line = f"{result['from'] or 'nothing'} -> {result['to']}"
    if result["slot"]:
        line += f" in slot {result['slot']}"
    line += f": {result['seconds']} s on the host"
    if result["serving_after"] is not None:
        line += f", serving after {result['serving_after']} s"
    if int(bytes_before) >= 0 and int(bytes_after) >= 0:
        line += f", {int(bytes_after) - int(bytes_before)} bytes over the link"
    return "\n".join([*steps, line])


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Any]:
        return {"app_release_report": app_release_report}
