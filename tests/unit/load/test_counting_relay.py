"""The relay moves every byte and counts it."""

from __future__ import annotations

import socket
import threading

from tests.bench.counting_relay import counting_relay


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_bytes_of_both_directions_are_counted() -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def echo_twice() -> None:
        connection, _ = listening.accept()
        with connection:
            received = b"".join(iter(lambda: connection.recv(65536), b""))
            connection.sendall(received * 2)

    far = threading.Thread(target=echo_twice)
    far.start()
    port = free_port()
    with (
        listening,
        counting_relay(port, listening.getsockname()[1]) as moved,
        socket.create_connection(("127.0.0.1", port)) as near,
    ):
        near.sendall(b"x" * 100_000)
        near.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: near.recv(65536), b""))
        far.join()
    assert answer == b"x" * 200_000
    assert moved.bytes == 300_000
