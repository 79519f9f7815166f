"""The short faults of tests/faults: nothing that was acknowledged is lost. `make faults` runs them all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.faults import catalogue
from tests.faults.harness import run_fault
from tests.support.machine import Machine
from tests.support.site import NAME


@pytest.fixture
def machine(host: Any, ca: Path) -> Machine:
    return Machine(host.backend.get_hostname(), NAME, 443, ca, os.environ["MOLECULE_INVENTORY_FILE"])


@pytest.mark.parametrize("name", catalogue.SHORT)
def test_nothing_acknowledged_is_lost(machine: Machine, name: str) -> None:
    outcome = run_fault(catalogue.ALL[name], machine)
    found = json.dumps(outcome.as_json(), indent=2)
    print(found)
    assert outcome.problem == "", found
    assert outcome.lost == [], found
    assert min(outcome.acknowledged.values()) > 0, found
    assert sum(outcome.acknowledged.values()) > 20, found
