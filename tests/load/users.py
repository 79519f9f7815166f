"""What users do: short requests of every kind, slow uploads and slow downloads."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from dataclasses import dataclass

from tests.load.client import Answer, Call, Connection, Failure
from tests.load.figures import Sample
from tests.load.ledger import Job, Ledger, Row, Upload

SLOW_BYTES = 3_000_000
SLOW_SECONDS = 8.0
# How often each short request is made, in percent; 30 of them are POSTs.
MIX = {"page": 6, "me": 6, "list": 22, "show": 20, "download": 16, "upload": 17, "token": 12, "job": 1}
BOUNDARY = "tdm-load-boundary"


def multipart(name: str, content: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body of an upload."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    body = f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content
    return {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}, body + (
        f"\r\n--{BOUNDARY}--\r\n".encode()
    )


@dataclass
class Shared:
    """What the users of one run have in common."""

    token: str
    ledger: Ledger
    stop: threading.Event
    # Percent of the requests that enqueue a job, at the expense of those that make a token.
    jobs: int = 1
    # Share of the acknowledged uploads that a run reads from: the newest, which a fault would hit.
    newest: int = 200

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class User(threading.Thread):
    """One connection's user. `period`: seconds between the beginnings of two requests, if the server can."""

    def __init__(self, connection: Connection, shared: Shared, period: float, kind: str, seed: int) -> None:
        super().__init__(daemon=True, name=f"user-{seed}")
        self.connection = connection
        self.shared = shared
        self.period = period
        self.kind = kind
        self.random = random.Random(seed)
        self.samples: list[Sample] = []
        self.count = 0

    def run(self) -> None:
        if self.shared.stop.wait(self.random.random() * self.period):
            return
        while not self.shared.stop.is_set():
            began = time.monotonic()
            self.once()
            rest = began + self.period * self.random.uniform(0.8, 1.2) - time.monotonic()
            if rest > 0:
                self.shared.stop.wait(rest)
        self.connection.close()

    def once(self) -> None:
        """One request, counted."""
        action = self.kind
        if action == "short":
            mix = {**MIX, "token": MIX["token"] + MIX["job"] - self.shared.jobs, "job": self.shared.jobs}
            action = self.random.choices(list(mix), list(mix.values()))[0]
        if action in ("show", "download", "job", "slow download") and not self.shared.ledger.uploads:
            action = "list"
        method = "POST" if action in ("upload", "token", "job", "slow upload") else "GET"
        began, failure, detail = time.monotonic(), "", ""
        try:
            getattr(self, action.replace(" ", "_"))()
        except Failure as failed:
            failure, detail = failed.kind, str(failed)
        except (KeyError, TypeError) as error:
            failure, detail = "body", f"{action}: an answer without what it should hold: {error!r}"
        self.samples.append(Sample(began, time.monotonic(), f"{method} {action}", failure, detail))

    # --- what a user does ---

    def page(self) -> None:
        if b"/assets/" not in self._get("/").body:
            raise Failure("body", "the front page is not the front end's")

    def me(self) -> None:
        if self._get("/api/me").json()["username"] != "admin":
            raise Failure("body", "/api/me names another account")

    def list(self) -> None:
        self._get("/api/documents?limit=10").json()["items"]

    def show(self) -> None:
        upload = self._some_upload()
        if self._get(f"/api/documents/{upload.document}").json()["sha256"] != upload.sha256:
            raise Failure("body", f"document {upload.document} has another hash")

    def download(self) -> None:
        self._download(self._some_upload(), 0.0)

    def slow_download(self) -> None:
        largest = max(self.shared.ledger.uploads[-self.shared.newest :], key=lambda upload: upload.size)
        self._download(largest, SLOW_SECONDS)

    def upload(self) -> None:
        self._upload(self.random.randbytes(self.random.randint(1_000, 8_000)), 0.0)

    def slow_upload(self) -> None:
        self._upload(self.random.randbytes(SLOW_BYTES), SLOW_SECONDS)

    def token(self) -> None:
        self.count += 1
        made = self._post("/api/tokens", {"name": f"load {self.name} {self.count}"}, 201).json()
        self.shared.ledger.rows.append(Row(made["id"], made["token"]))

    def job(self) -> None:
        wanted = [self._some_upload().document]
        made = self._post("/api/jobs", {"kind": "export", "documents": wanted}, 202).json()
        self.shared.ledger.jobs.append(Job(made["id"]))

    # --- how ---

    def _some_upload(self) -> Upload:
        return self.random.choice(self.shared.ledger.uploads[-self.shared.newest :])

    def _get(self, path: str) -> Answer:
        return self.connection.send(Call("GET", path, headers=self.shared.headers))

    def _post(self, path: str, body: dict[str, object], expected: int) -> Answer:
        headers = {**self.shared.headers, "Content-Type": "application/json"}
        return self.connection.send(Call("POST", path, expected, headers, json.dumps(body).encode()))

    def _download(self, upload: Upload, seconds: float) -> None:
        path = f"/api/documents/{upload.document}/download"
        answer = self.connection.send(Call("GET", path, headers=self.shared.headers, read_seconds=seconds))
        if hashlib.sha256(answer.body).hexdigest() != upload.sha256:
            raise Failure("body", f"document {upload.document}: {len(answer.body)} other bytes")

    def _upload(self, content: bytes, seconds: float) -> None:
        self.count += 1
        headers, body = multipart(f"load-{self.name}-{self.count}.xlsx", content)
        call = Call("POST", "/api/upload", 201, {**self.shared.headers, **headers}, body, seconds)
        made = self.connection.send(call).json()
        wanted = hashlib.sha256(content).hexdigest()
        self.shared.ledger.uploads.append(Upload(made["id"], wanted, len(content)))
        if made["sha256"] != wanted:
            raise Failure("body", f"upload {made['id']} was acknowledged with another hash")
