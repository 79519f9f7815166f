"""A TCP relay on this machine that counts the bytes it moves."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator


class Moved:
    """Bytes so far, both ways together."""

    def __init__(self) -> None:
        self.bytes = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self.bytes += count


def _pump(source: socket.socket, target: socket.socket, moved: Moved) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            moved.add(len(data))
            target.sendall(data)
    # The other direction may still have something to say.
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def counting_relay(listen: int, target: int) -> Iterator[Moved]:
    """Relays 127.0.0.1:`listen` to 127.0.0.1:`target` inside the context."""
    moved = Moved()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", target)) as far:
                back = threading.Thread(target=_pump, args=(far, self.request, moved), daemon=True)
                back.start()
                _pump(self.request, far, moved)
                back.join()

    class Relay(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Relay(("127.0.0.1", listen), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield moved
        finally:
            server.shutdown()
            # A multiplexed SSH connection outlives the measurement; its relay ends with the program.
            server.block_on_close = False
