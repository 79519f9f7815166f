"""A run counts every request; the ledger's verifier finds what is lost."""

from __future__ import annotations

import time

import pytest

from tests.load.figures import Figures, Sample, percentile
from tests.load.ledger import Ledger, Verifier
from tests.load.run import Load
from tests.load.users import MIX
from tests.unit.load.conftest import Service


def run(service: Service, ledger: Ledger, seconds: float = 1.5) -> Figures:
    with Load(service.server, "tdm_first", ledger, kept=6, fresh=2, rate=150) as load:
        time.sleep(seconds)
    return load.figures()


def test_the_mix_has_three_tenths_of_posts() -> None:
    assert sum(MIX.values()) == 100
    assert MIX["upload"] + MIX["token"] + MIX["job"] == 30


def test_a_well_service_fails_nothing_and_loses_nothing(service: Service) -> None:
    ledger = Ledger()
    figures = run(service, ledger)
    assert figures.failures() == {}, figures.details()
    assert figures.requests > 80
    assert 0.15 < figures.posts() / figures.requests < 0.45
    assert min(ledger.counts().values()) >= 0
    assert len(ledger.uploads) == len(service.files)
    verdict = Verifier(service.server, "tdm_first").verify(ledger)
    assert verdict.lost == []
    assert sum(verdict.checked.values()) == len(ledger) > 10


@pytest.mark.parametrize("fault", ["reset", "closed", "5xx", "body"])
def test_every_failure_is_counted(service: Service, fault: str) -> None:
    ledger = Ledger()
    service.fault = fault
    figures = run(service, ledger, 0.7)
    assert figures.requests > 20
    # A page that is any HTML passes as long as its status does; all others are counted.
    assert figures.failed == figures.requests, figures.failures()
    assert len(ledger) == 0, "a failed request was taken for an acknowledged one"


def test_what_is_lost_is_named(service: Service) -> None:
    ledger = Ledger()
    run(service, ledger)
    gone, altered = ledger.uploads[0].document, ledger.uploads[1].document
    del service.files[gone]
    service.files[altered] = service.files[altered][:-1] + b"?"
    service.tokens.remove(ledger.rows[0].token)
    verdict = Verifier(service.server, "tdm_first").verify(ledger)
    uploads = [line for line in verdict.lost if line.startswith("upload")]
    assert {gone, altered} == {line.split()[1] for line in uploads}, verdict.lost
    assert any(line.startswith(f"token {ledger.rows[0].identity}") for line in verdict.lost)


@pytest.mark.parametrize("state", ["failed", "queued"])
def test_a_job_that_does_not_end_well_is_lost(service: Service, state: str) -> None:
    from tests.load.ledger import Job

    service.jobs["0"] = state
    verdict = Verifier(service.server, "tdm_first", job_seconds=0.5).verify(Ledger(jobs=[Job("0")]))
    assert len(verdict.lost) == 1
    assert state in verdict.lost[0]


def test_percentiles_are_of_the_window_and_without_slow_requests() -> None:
    samples = [Sample(n, n + 0.010, "GET list") for n in range(100)]
    samples += [Sample(200 + n, 200 + n + 0.5, "GET list") for n in range(100)]
    samples += [Sample(0, 8, "GET slow download"), Sample(5, 6, "GET list", "reset", "reset: x")]
    figures = Figures(samples)
    assert figures.between([(0, 150)]).milliseconds(99) == 10.0
    assert figures.between([(200, 400)]).milliseconds(50) == 500.0
    assert figures.failures() == {"reset": 1}
    assert figures.longest_pause() == pytest.approx(101.49)
    assert percentile([], 99) == 0.0
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
