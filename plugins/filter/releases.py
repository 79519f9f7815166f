"""Words for what bin/release did: the end of playbooks/deploy.yml and playbooks/rollback.yml."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def app_release_report(command: Mapping[str, Any], moved_bytes: int = -1) -> str:
    """The steps of a run of bin/release and one line that sums it up.

    command: the registered result. moved_bytes: what went over the link; negative when it is not known.
    """
    *steps, last = command["stdout_lines"]
    result = json.loads(last)
    line = f"{result['from'] or 'nothing'} -> {result['to']}"
    if result["slot"]:
        line += f" in slot {result['slot']}"
    line += f": {result['seconds']} s on the host"
    if result["serving_after"] is not None:
        line += f", serving after {result['serving_after']} s"
    if moved_bytes >= 0:
        line += f", {moved_bytes} bytes over the link"
    return "\n".join([*steps, line])


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Any]:
        return {"app_release_report": app_release_report}
