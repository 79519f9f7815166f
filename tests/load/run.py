"""A run: many users at once, a probe that sees which release answers, and the figures at the end."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from tests.load.client import Call, Connection, Failure, Server, tls_context
from tests.load.figures import Figures, Sample
from tests.load.ledger import Ledger
from tests.load.users import SLOW_SECONDS, Shared, User


class Probe(threading.Thread):
    """Asks 10 times a second which release and slot answers, and remembers each change."""

    def __init__(self, connection: Connection, stop: threading.Event) -> None:
        super().__init__(daemon=True, name="probe")
        self.connection = connection
        self.stop = stop
        self.samples: list[Sample] = []
        # (monotonic time, release, slot) of the first answer and of each that differs from the last.
        self.changes: list[tuple[float, str, str]] = []

    def run(self) -> None:
        while not self.stop.wait(0.1):
            began, failure, detail = time.monotonic(), "", ""
            try:
                answer = self.connection.send(Call("GET", "/api/health/live")).json()
                seen = (answer["release"], answer["slot"])
                if not self.changes or self.changes[-1][1:] != seen:
                    self.changes.append((time.monotonic(), *seen))
            except Failure as failed:
                failure, detail = failed.kind, str(failed)
            self.samples.append(Sample(began, time.monotonic(), "GET probe", failure, detail))
        self.connection.close()


class Load:
    """Users on a service, from entering the context to leaving it.

    `kept` and `fresh` connections; two of the kept ones upload slowly and two download slowly where there are
    four or more. `rate`: requests a second of all together, which the server may fail to reach. `jobs`:
    percent of the requests that enqueue one; a worker takes a fraction of a second for each.
    """

    def __init__(
        self,
        server: Server,
        token: str,
        ledger: Ledger,
        *,
        kept: int = 30,
        fresh: int = 20,
        rate: float = 200.0,
        jobs: int = 1,
    ) -> None:
        context = tls_context(server)
        self.stop = threading.Event()
        self.ledger = ledger
        shared = Shared(token, ledger, self.stop, jobs)
        period = (kept + fresh) / rate
        slow = ["slow upload", "slow upload", "slow download", "slow download"] if kept >= 4 else []
        kinds = [*slow, *["short"] * (kept + fresh - len(slow))]
        self.users = [
            User(
                Connection(server, context, keep=number < kept),
                shared,
                SLOW_SECONDS * 1.5 if kind != "short" else period,
                kind,
                number,
            )
            for number, kind in enumerate(kinds)
        ]
        self.probe = Probe(Connection(server, context), self.stop)

    def __enter__(self) -> Load:
        for thread in (self.probe, *self.users):
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        for thread in (self.probe, *self.users):
            thread.join(120)

    def _counting(self) -> list[Probe | User]:
        return [self.probe, *self.users]

    def figures(self) -> Figures:
        """What was counted so far."""
        return Figures(sample for who in self._counting() for sample in list(who.samples))

    def requests(self) -> int:
        """How many requests ended so far."""
        return sum(len(who.samples) for who in self._counting())

    def release(self) -> str:
        """The release that answered last."""
        return self.probe.changes[-1][1] if self.probe.changes else ""

    def wait_for_release(self, release: str, seconds: float) -> float | None:
        """When the probe first saw this release, named by its beginning; None when it does not in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.release().startswith(release):
                return self.probe.changes[-1][0]
            time.sleep(0.02)
        return None
