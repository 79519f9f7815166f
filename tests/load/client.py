"""One HTTPS connection that tries nothing twice and says how a request failed."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# refused: no connection; reset: cut while sending; closed: cut before the answer was whole (by a reset, too:
# Python's ssl reads one as an end); status: neither the expected one nor 5xx; body: not what it should hold.
KINDS = ("refused", "reset", "closed", "timeout", "5xx", "status", "body")
TIMEOUT_SECONDS = 70


class Failure(Exception):  # noqa: N818 - a thing to count
    """A request that did not get the answer it should have. `kind` is one of KINDS."""

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        super().__init__(f"{kind}: {detail}")


@dataclass(frozen=True)
class Server:
    """Where the service is: its certificate's name, and the address and port that are really connected to."""

    name: str
    address: str
    ca: Path
    port: int = 443
    # As users type it, where something translates the port.
    public_port: int = 443

    @property
    def host_header(self) -> str:
        return self.name if self.public_port == 443 else f"{self.name}:{self.public_port}"


@dataclass(frozen=True)
class Call:
    """A request and the status it should get."""

    method: str
    path: str
    expected: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    # Seconds that the body, or the answer, takes on its way; 0: as fast as it goes.
    send_seconds: float = 0.0
    read_seconds: float = 0.0


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    cookie: str = ""

    def json(self) -> Any:
        """The decoded body. Raises Failure."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Failure("body", f"no JSON: {self.body[:200]!r}") from error


class _NamedConnection(http.client.HTTPSConnection):
    """Connects to an address and verifies the certificate of a name (what DNS would do)."""

    def __init__(self, server: Server, context: ssl.SSLContext) -> None:
        super().__init__(server.address, server.port, timeout=TIMEOUT_SECONDS, context=context)
        self.server = server
        self.tls = context

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.sock = self.tls.wrap_socket(plain, server_hostname=self.server.name)
        except BaseException:
            plain.close()
            raise


def tls_context(server: Server) -> ssl.SSLContext:
    """Verifies against the server's CA; made once and shared, for it is dear."""
    return ssl.create_default_context(cafile=str(server.ca))


class Connection:
    """A connection, kept alive, or fresh for each request. Not for two threads at once."""

    def __init__(self, server: Server, context: ssl.SSLContext, *, keep: bool = True) -> None:
        self.server = server
        self.keep = keep
        self._http = _NamedConnection(server, context)

    def send(self, call: Call) -> Answer:
        """The answer when it has the expected status. Raises Failure."""
        headers = {"Host": self.server.host_header, **call.headers}
        if not self.keep:
            headers["Connection"] = "close"
        try:
            answer = self._exchange(call, headers)
        except Failure:
            raise
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Failure(kind_of(error), f"{call.method} {call.path}: {error!r}") from error
        if not self.keep:
            self.close()
        if answer.status != call.expected:
            kind = "5xx" if answer.status >= 500 else "status"
            raise Failure(kind, f"{call.method} {call.path}: {answer.status} {answer.body[:300]!r}")
        return answer

    def close(self) -> None:
        self._http.close()

    def _exchange(self, call: Call, headers: dict[str, str]) -> Answer:
        body: bytes | Iterable[bytes] = call.body
        if call.send_seconds:
            headers = {**headers, "Content-Length": str(len(call.body))}
            body = _slowly(call.body, call.send_seconds)
        self._http.request(call.method, call.path, body=body or None, headers=headers)
        response = self._http.getresponse()
        if not call.read_seconds:
            cookie = response.headers.get("Set-Cookie", "").partition(";")[0]
            return Answer(response.status, response.read(), cookie)
        parts, pause = [], call.read_seconds / 20
        size = max(1, int(response.headers.get("Content-Length", "0")) // 20)
        while part := response.read(size):
            parts.append(part)
            time.sleep(pause)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return Answer(response.status, b"".join(parts))


def _slowly(body: bytes, seconds: float) -> Iterable[bytes]:
    size = max(1, len(body) // 20)
    for start in range(0, len(body), size):
        yield body[start : start + size]
        time.sleep(seconds / 20)


def kind_of(error: BaseException) -> str:
    """The kind of a failure below HTTP."""
    if isinstance(error, http.client.HTTPException | ssl.SSLEOFError | ssl.SSLZeroReturnError):
        # RemoteDisconnected is among them, which is also a ConnectionResetError.
        return "closed"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return "reset"
    return "refused"
