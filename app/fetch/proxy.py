"""The browser's only way out: an HTTP proxy on the loopback that asks the guard about every connection."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from app.fetch.guard import Forbidden, Guard

Dial = Callable[[str, int], socket.socket]
_HEAD_LIMIT = 64 * 1024
_CHUNK = 64 * 1024
_IDLE_SECONDS = 60.0
_CONNECT_SECONDS = 10.0
_CONNECTIONS = 64


def dial(address: str, port: int) -> socket.socket:
    """A connection to an address (never a name). Raises OSError."""
    return socket.create_connection((address, port), timeout=_CONNECT_SECONDS)


class Proxy:
    """Listens on a free port of 127.0.0.1 while it is open. `limit`: bytes that may come in altogether."""

    def __init__(self, guard: Guard, limit: int, dial: Dial = dial) -> None:
        self._guard = guard
        self._dial = dial
        self._left = limit
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(_CONNECTIONS)
        self._open: set[socket.socket] = set()
        self._closed = False
        self.refused: list[str] = []
        self.exhausted = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True, name="proxy")

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._slots.acquire(blocking=False):
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True, name="proxied").start()

    def _serve(self, client: socket.socket) -> None:
        upstream: socket.socket | None = None
        try:
            self._track(client)
            client.settimeout(_IDLE_SECONDS)
            head, rest = _read_head(client)
            method, target, version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            upstream, first = self._upstream(method, target, version, head)
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            upstream.sendall(first + rest)
            self._relay(client, upstream)
        except Forbidden as refusal:
            self.refused.append(str(refusal))
            _answer(client, b"403 Forbidden")
        except (OSError, ValueError):
            _answer(client, b"502 Bad Gateway")
        finally:
            self._drop(client)
            if upstream is not None:
                self._drop(upstream)
            self._slots.release()

    def _upstream(self, method: str, target: str, version: str, head: bytes) -> tuple[socket.socket, bytes]:
        """A checked connection, and what to send first. Raises Forbidden, OSError, ValueError."""
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            return self._connect(host.strip("[]"), int(port)), b""
        parts = urlsplit(target)
        if parts.scheme != "http" or not parts.hostname:
            raise Forbidden(f"{parts.scheme or 'a request'} is not let through")
        path = parts._replace(scheme="", netloc="").geturl() or "/"
        # One request a connection: the next one may be for another host, and is checked again.
        lines = [
            line
            for line in head.split(b"\r\n")[1:]
            if not line.lower().startswith((b"proxy-", b"connection:", b"keep-alive:"))
        ]
        while lines and not lines[-1]:
            lines.pop()
        first = b"\r\n".join(
            [f"{method} {path} {version}".encode("latin-1"), *lines, b"Connection: close", b"", b""]
        )
        return self._connect(parts.hostname, parts.port or 80), first

    def _connect(self, host: str, port: int) -> socket.socket:
        error: OSError | None = None
        for address in self._guard.addresses(host, port):
            try:
                found = self._dial(address, port)
            except OSError as trouble:
                error = trouble
                continue
            self._track(found)
            return found
        raise error or OSError("no address")

    def _relay(self, client: socket.socket, upstream: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, upstream)
            selector.register(upstream, selectors.EVENT_READ, client)
            while not self._closed:
                ready = selector.select(_IDLE_SECONDS)
                if not ready:
                    return
                for key, _ in ready:
                    source, target = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    data = source.recv(_CHUNK)
                    if not data or (source is upstream and not self._take(len(data))):
                        return
                    target.sendall(data)

    def _take(self, size: int) -> bool:
        with self._lock:
            self._left -= size
            self.exhausted = self.exhausted or self._left < 0
            return self._left >= 0

    def _track(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def _drop(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(_CHUNK)
        if not piece or len(data) > _HEAD_LIMIT:
            raise ValueError("no request")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _answer(client: socket.socket, status: bytes) -> None:
    with contextlib.suppress(OSError):
        client.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
