"""A GET over a socket that is already connected, in HTTP/1.0: the answer ends where the connection does.

http.client would cost a one-shot process some 15 ms of imports a minute, and the two servers asked
(the local Nginx and Docker's socket) both answer HTTP/1.0 without chunks.
"""

from __future__ import annotations

import socket
import time
from typing import NamedTuple

from monitoring import __version__


class Answer(NamedTuple):
    """Status code and body of an answer."""

    status: int
    body: bytes


class BadAnswerError(Exception):
    """The other side did not speak HTTP, or sent more than was allowed."""


def get(connection: socket.socket, host: str, path: str, deadline: float, max_bytes: int) -> Answer:
    """Send the request and read the whole answer until `deadline` (of time.monotonic()).

    Raises BadAnswerError, or OSError (a TimeoutError past the deadline).
    """
    request = (
        f"GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n"
        f"User-Agent: monitoring/{__version__}\r\nConnection: close\r\n\r\n"
    )
    connection.settimeout(_left(deadline))
    connection.sendall(request.encode("ascii"))
    received = bytearray()
    while True:
        connection.settimeout(_left(deadline))
        part = connection.recv(65536)
        if not part:
            break
        received += part
        if len(received) > max_bytes:
            raise BadAnswerError(f"the answer is longer than {max_bytes} bytes")
    return _parse(bytes(received))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left


def _parse(received: bytes) -> Answer:
    head, separator, body = received.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    words = lines[0].split(None, 2)
    if not separator or len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise BadAnswerError(
            "the answer is not HTTP" if received else "the connection was closed without an answer"
        )
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit() and len(body) < int(value):
            raise BadAnswerError(f"the answer was cut: {len(body)} of {int(value)} bytes")
    return Answer(int(words[1]), body)
