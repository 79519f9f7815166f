"""Nginx's rate limits, lifted on a test host for the time of a load and put back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.machine import Machine

# All of the load comes from one address; a real host's users do not.
LIFTED = {
    "nginx_api_rate": 100_000,
    "nginx_api_burst": 100_000,
    "nginx_upload_rate": 100_000,
    "nginx_upload_burst": 100_000,
}


@contextmanager
def without_rate_limits(machine: Machine) -> Iterator[None]:
    """The inventory's rate limits are high inside; says so. Raises CommandFailed."""
    words = ", ".join(f"{name}={value}" for name, value in LIFTED.items())
    print(f"==> for the load, which comes from one address: {words}", file=sys.stderr, flush=True)
    machine.options += ["-e", json.dumps(LIFTED)]
    try:
        machine.play("playbooks/provision.yml")
        yield
    finally:
        del machine.options[-2:]
        print("==> the inventory's own rate limits again", file=sys.stderr, flush=True)
        machine.play("playbooks/provision.yml")
