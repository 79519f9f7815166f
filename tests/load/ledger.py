"""What the service acknowledged, and whether it is still there."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from tests.load.client import Call, Connection, Failure, Server, tls_context

VERIFIERS = 8
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Upload:
    document: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Job:
    job: str


@dataclass(frozen=True)
class Row:
    """An API token: a row of the database that can be asked for without naming it."""

    identity: str
    token: str


@dataclass
class Ledger:
    """Acknowledged operations, in the order of their acknowledgement. Appending is safe from every thread."""

    uploads: list[Upload] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {"uploads": len(self.uploads), "jobs": len(self.jobs), "rows": len(self.rows)}

    def __len__(self) -> int:
        return sum(self.counts().values())


@dataclass
class Verdict:
    """How many acknowledged operations were looked for, and a sentence for each that is lost."""

    checked: dict[str, int]
    lost: list[str]


class Verifier:
    """Asks the service for each entry of a ledger."""

    def __init__(self, server: Server, token: str, job_seconds: float = 180) -> None:
        self.server = server
        self.context = tls_context(server)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.job_seconds = job_seconds
        self._local = threading.local()
        self._connections: list[Connection] = []

    def verify(self, ledger: Ledger) -> Verdict:
        """Downloads every upload, waits for every job and its result, shows every token."""
        deadline = time.monotonic() + self.job_seconds
        lost = [
            *self._all(self._upload_problem, ledger.uploads),
            *self._all(self._row_problem, ledger.rows),
            *self._all(lambda job: self._job_problem(job, deadline), ledger.jobs),
        ]
        for connection in self._connections:
            connection.close()
        return Verdict(ledger.counts(), lost)

    def _all(self, problem: Callable[[Entry], str | None], entries: Iterable[Entry]) -> list[str]:
        with ThreadPoolExecutor(VERIFIERS) as pool:
            return [found for found in pool.map(problem, entries) if found]

    def _send(self, call: Call) -> bytes:
        """The body; a verifier may try again, for it asks what is kept, not how well it is served."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = Connection(self.server, self.context)
            self._connections.append(connection)
        for pause in (1, 2, 4):
            try:
                return connection.send(call).body
            except Failure as failure:
                if failure.kind in ("status", "body"):
                    raise
                time.sleep(pause)
        return connection.send(call).body

    def _get(self, path: str, headers: dict[str, str] | None = None) -> bytes:
        return self._send(Call("GET", path, headers=headers or self.headers))

    def _upload_problem(self, upload: Upload) -> str | None:
        try:
            content = self._get(f"/api/documents/{upload.document}/download")
        except Failure as failure:
            return f"upload {upload.document} is not there: {failure}"
        if len(content) != upload.size or hashlib.sha256(content).hexdigest() != upload.sha256:
            return f"upload {upload.document} has other bytes: {len(content)} of {upload.size}"
        return None

    def _row_problem(self, row: Row) -> str | None:
        try:
            self._get("/api/me", {"Authorization": f"Bearer {row.token}"})
        except Failure as failure:
            return f"token {row.identity} is not known: {failure}"
        return None

    def _job_problem(self, job: Job, deadline: float) -> str | None:
        while True:
            try:
                state = json.loads(self._get(f"/api/jobs/{job.job}"))
                if state["status"] == "succeeded":
                    self._get(f"/api/documents/{state['result']['document']}")
                    return None
            except Failure as failure:
                return f"job {job.job} or its result is not there: {failure}"
            if state["status"] not in ("queued", "running"):
                return f"job {job.job} ended as {state['status']}: {state['error']}"
            if time.monotonic() > deadline:
                return f"job {job.job} is still {state['status']} after {self.job_seconds:.0f} s"
            time.sleep(0.5)
