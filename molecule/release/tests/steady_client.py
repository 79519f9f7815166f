"""A few users who never stop: kept-alive and fresh connections, reads and writes. Every failure is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

import requests

from tests.support.service import Service

NewService = Callable[[], Service]


class SteadyClient:
    """Asks while the block lasts. `requests` counts the right answers, `failures` names the others."""

    def __init__(self, connect: NewService) -> None:
        self._connect = connect
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.requests = 0
        self.failures: list[str] = []
        jobs = (self._kept_alive, self._kept_alive, self._fresh, self._fresh, self._writing)
        self._threads = [threading.Thread(target=job) for job in jobs]

    def __enter__(self) -> SteadyClient:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _kept_alive(self) -> None:
        service = self._connect()
        while not self._over.is_set():
            self._ask(service, "GET", "/api/health/live", 200)

    def _fresh(self) -> None:
        while not self._over.is_set():
            with self._connect().session as session:
                service = self._connect()
                session.headers["Connection"] = "close"
                service.session = session
                self._ask(service, "GET", "/api/health/live", 200)

    def _writing(self) -> None:
        service = self._connect()
        number = 0
        while not self._over.is_set():
            number += 1
            self._upload(service, f"steady-{number}.txt")

    def _upload(self, service: Service, name: str) -> None:
        try:
            answer = service.upload(name, name.encode())
        except requests.RequestException as error:
            return self._note(f"POST /api/upload: {error!r}")
        return self._note(None if answer.status_code == 201 else f"POST /api/upload: {answer.status_code}")

    def _ask(self, service: Service, method: str, path: str, status: int) -> None:
        try:
            answer = service.request(method, path)
        except requests.RequestException as error:
            return self._note(f"{method} {path}: {error!r}")
        return self._note(None if answer.status_code == status else f"{method} {path}: {answer.status_code}")

    def _note(self, failure: str | None) -> None:
        with self._lock:
            if failure is None:
                self.requests += 1
            else:
                self.failures.append(f"{time.strftime('%H:%M:%S')} {failure}")
        time.sleep(0.02)
