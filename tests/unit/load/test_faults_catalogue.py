"""The faults can be chosen by name, and an outcome that proves nothing does not pass."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from tests.faults import catalogue
from tests.faults.harness import Outcome
from tests.support.machine import PROJECT

GOOD = Outcome("kill-app", "SIGKILL", 10, {}, {"uploads": 3, "jobs": 1, "rows": 2}, [], 1.0, 20.0)


def test_names_choose_and_no_name_means_all() -> None:
    assert [fault.name for fault in catalogue.chosen(["reboot", "kill-app"])] == ["reboot", "kill-app"]
    assert [fault.name for fault in catalogue.chosen([])] == list(catalogue.ALL)
    assert set(catalogue.SHORT) < set(catalogue.ALL)


def test_an_unknown_name_lists_the_known_ones() -> None:
    answer = subprocess.run(
        [sys.executable, "tests/faults/run", "kill-nobody"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "kill-nobody" in answer.stderr
    for name in catalogue.ALL:
        assert name in answer.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"lost": ["upload 1 is not there"]},
        {"problem": "NotInjected: the process is still 7"},
        {"acknowledged": {"uploads": 0, "jobs": 0, "rows": 0}},
    ],
)
def test_only_a_proof_passes(change: dict[str, object]) -> None:
    assert GOOD.passed
    assert not dataclasses.replace(GOOD, **change).passed  # type: ignore[arg-type]


def test_the_report_has_each_count() -> None:
    report = GOOD.as_json()
    assert (report["acknowledged"], report["lost"]) == (6, 0)
    assert (report["acknowledged_uploads"], report["acknowledged_jobs"], report["acknowledged_rows"]) == (
        3,
        1,
        2,
    )
