"""Runs one fault under load: load, fault, recovery, then every acknowledged operation is looked for."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from typing import Any

from tests.load.client import Call, Connection, tls_context
from tests.load.ledger import Job, Ledger, Upload, Verifier
from tests.load.run import Load
from tests.load.users import multipart
from tests.support.machine import Machine

HEALTHY_SECONDS = 240
# An orphaned job is found again by its lease (30 s), the worker's ttl (30 s) and maintenance (every 15 s).
JOB_SECONDS = 240


class NotInjected(Exception):  # noqa: N818
    """The fault did not happen: the test would prove nothing."""


@dataclass(frozen=True)
class Scene:
    """What a fault is given: the host, and means to make work for it."""

    machine: Machine
    load: Load
    ledger: Ledger
    token: str

    def connection(self) -> Connection:
        server = self.machine.server()
        return Connection(server, tls_context(server))

    def upload(self, name: str, content: bytes) -> Upload:
        """An acknowledged upload of a fault's own. Raises Failure."""
        headers, body = multipart(name, content)
        headers["Authorization"] = f"Bearer {self.token}"
        with closing(self.connection()) as connection:
            made = connection.send(Call("POST", "/api/upload", 201, headers, body)).json()
        stored = Upload(made["id"], hashlib.sha256(content).hexdigest(), len(content))
        self.ledger.uploads.append(stored)
        return stored

    def export(self, connection: Connection, documents: list[str]) -> str:
        """An acknowledged job of a fault's own: its id. Raises Failure."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps({"kind": "export", "documents": documents}).encode()
        job = str(connection.send(Call("POST", "/api/jobs", 202, headers, body)).json()["id"])
        self.ledger.jobs.append(Job(job))
        return job

    def job_status(self, connection: Connection, job: str) -> str:
        """What the service says of a job. Raises Failure."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return str(connection.send(Call("GET", f"/api/jobs/{job}", headers=headers)).json()["status"])


@dataclass(frozen=True)
class Fault:
    """`during` makes the fault when entered, holds while inside, and undoes it on every way out."""

    name: str
    says: str
    during: Callable[[Scene], AbstractContextManager[None]]
    # Set up before the load and taken down after the verification.
    around: Callable[[Machine], AbstractContextManager[None]] | None = None
    # Seconds of load before, with and after the fault.
    before: float = 4
    hold: float = 4
    after: float = 4


@dataclass(frozen=True)
class Outcome:
    """What one fault did: counts for the table and the report."""

    name: str
    says: str
    requests: int
    failed: dict[str, int]
    acknowledged: dict[str, int]
    lost: list[str]
    # Longest time without a request that succeeded.
    pause_seconds: float
    seconds: float
    problem: str = ""

    @property
    def passed(self) -> bool:
        return not self.lost and not self.problem and sum(self.acknowledged.values()) > 0

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "says": self.says,
            "requests": self.requests,
            "failed_requests": self.failed,
            "acknowledged": sum(self.acknowledged.values()),
            **{f"acknowledged_{kind}": number for kind, number in self.acknowledged.items()},
            "lost": len(self.lost),
            "lost_operations": self.lost[:20],
            "longest_pause_seconds": round(self.pause_seconds, 1),
            "seconds": round(self.seconds, 1),
            "problem": self.problem,
        }


def run_fault(fault: Fault, machine: Machine, *, kept: int = 8, fresh: int = 4, rate: float = 30) -> Outcome:
    """The outcome of one fault; what stands in the way of it is its `problem`."""
    started = time.monotonic()
    ledger = Ledger()
    state = _State()
    around = fault.around(machine) if fault.around else nullcontext()
    try:
        with around:
            _under_load(fault, machine, ledger, state, kept, fresh, rate)
    except Exception as error:
        state.problem = f"{type(error).__name__}: {error}"
    return Outcome(
        fault.name,
        fault.says,
        state.requests,
        state.failed,
        ledger.counts(),
        state.lost,
        state.pause,
        time.monotonic() - started,
        state.problem,
    )


@dataclass
class _State:
    requests: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    pause: float = 0.0
    problem: str = ""


def _under_load(
    fault: Fault, machine: Machine, ledger: Ledger, state: _State, kept: int, fresh: int, rate: float
) -> None:
    machine.wait_healthy(HEALTHY_SECONDS)
    token = machine.token(f"fault {fault.name}")
    with Load(machine.server(), token, ledger, kept=kept, fresh=fresh, rate=rate, jobs=4) as load:
        try:
            time.sleep(fault.before)
            if len(ledger) == 0:
                raise NotInjected("nothing was acknowledged before the fault; is the rate limit in the way?")
            with fault.during(Scene(machine, load, ledger, token)):
                time.sleep(fault.hold)
            machine.wait_healthy(HEALTHY_SECONDS)
            time.sleep(fault.after)
        finally:
            figures = load.figures()
            state.requests, state.failed = figures.requests, figures.failures()
            state.pause = figures.longest_pause()
    verdict = Verifier(machine.server(), token, JOB_SECONDS).verify(ledger)
    state.lost = verdict.lost
