"""How a request failed is told apart, and nothing is tried twice."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.load.client import Call, Connection, Failure, tls_context
from tests.unit.load.conftest import Service

Connect = Callable[..., Connection]


@pytest.fixture
def connect(service: Service) -> Iterator[Connect]:
    made = []

    def connection(*, keep: bool = True, **other: Any) -> Connection:
        server = dataclasses.replace(service.server, **other)
        made.append(Connection(server, tls_context(server), keep=keep))
        return made[-1]

    yield connection
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("fault", "kind"), [("reset", "closed"), ("closed", "closed"), ("cut", "closed"), ("5xx", "5xx")]
)
@pytest.mark.parametrize("keep", [True, False])
def test_each_way_to_fail_has_its_kind(
    connect: Connect, service: Service, fault: str, kind: str, keep: bool
) -> None:
    client = connect(keep=keep)
    client.send(Call("GET", "/"))
    before = service.connections
    service.fault = fault
    with pytest.raises(Failure) as failed:
        client.send(Call("GET", "/"))
    assert failed.value.kind == kind, failed.value
    assert service.connections - before <= (0 if keep else 1), "the request was sent twice"


def test_nobody_listening_is_a_refusal(connect: Connect, service: Service) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Failure, match=r"^refused"):
            connect(port=unused.getsockname()[1]).send(Call("GET", "/"))


def test_a_kept_connection_is_kept_and_a_fresh_one_is_not(connect: Connect, service: Service) -> None:
    kept, fresh = connect(), connect(keep=False)
    for _ in range(3):
        kept.send(Call("GET", "/"))
    assert service.connections == 1
    for _ in range(3):
        fresh.send(Call("GET", "/"))
    assert service.connections == 4


def test_another_certificate_is_not_taken(connect: Connect, service: Service) -> None:
    with pytest.raises(Failure, match="CERTIFICATE_VERIFY_FAILED"):
        connect(name="elsewhere.company.com").send(Call("GET", "/"))


def test_a_slow_request_takes_its_time_and_arrives_whole(connect: Connect, service: Service) -> None:
    content = bytes(range(256)) * 100
    body = b"\r\n\r\n" + content + b"\r\n--tdm-load-boundary--\r\n"
    began = time.monotonic()
    connect().send(Call("POST", "/api/upload", 201, body=body, send_seconds=0.4))
    assert time.monotonic() - began >= 0.35
    assert service.files["0"] == content
    began = time.monotonic()
    answer = connect().send(Call("GET", "/api/documents/0/download", read_seconds=0.4))
    assert time.monotonic() - began >= 0.35
    assert answer.body == content
    service.fault = "cut"
    with pytest.raises(Failure, match=r"^closed"):
        connect().send(Call("GET", "/api/documents/0/download", read_seconds=0.1))
