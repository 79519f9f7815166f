"""What the tests of a provisioned host know of it."""

from __future__ import annotations

import json
from typing import Any

ROOT = "/opt/tencent-doc-manager"
NAME = "docs.company.com"


def docker_json(host: Any, command: str) -> list[dict[str, Any]]:
    """Each line of a docker command's JSON output, run on a testinfra host."""
    return [json.loads(line) for line in host.check_output(command + " --format '{{json .}}'").splitlines()]
