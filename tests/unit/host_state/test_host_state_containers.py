"""Containers that do not run, or are not healthy, are told apart from those that do."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.host_state.containers import containers_down

Engine = Callable[[list[dict[str, Any]]], str]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A socket that answers one request as Docker's does, closing as HTTP/1.0 wants."""

    def start(containers: list[dict[str, Any]], status: str = "200 OK") -> str:
        path = str(tmp_path / "docker.sock")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            with connection, server:
                request = connection.recv(4096).decode()
                assert request.startswith("GET /containers/json?all=1&filters=%7B%22name%22")
                body = json.dumps(containers)
                connection.sendall(
                    f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\n\r\n{body}".encode()
                )

        threading.Thread(target=answer, daemon=True).start()
        return path

    return start


def container(name: str, state: str, status: str) -> dict[str, Any]:
    """One entry of the engine's list."""
    return {"Names": [f"/{name}"], "State": state, "Status": status}


def test_only_running_and_healthy_containers_are_up(engine: Engine) -> None:
    path = engine(
        [
            container("plain", "running", "Up 3 minutes"),
            container("well", "running", "Up 3 minutes (healthy)"),
            container("ill", "running", "Up 3 minutes (unhealthy)"),
            container("young", "running", "Up 1 second (health: starting)"),
            container("over", "exited", "Exited (0) 2 hours ago"),
            container("well-2", "running", "Up 3 minutes"),
        ]
    )
    names = ["plain", "well", "ill", "young", "over", "none", "well-"]
    assert containers_down(names, path) == ["ill", "young", "over", "none", "well-"]


def test_without_an_engine_all_are_down(tmp_path: Path) -> None:
    assert containers_down(["a", "b"], str(tmp_path / "none.sock")) == ["a", "b"]


def test_an_engine_that_fails_has_none_running(engine: Engine) -> None:
    path = engine([container("a", "running", "Up")], "500 Internal Server Error")  # type: ignore[call-arg]
    assert containers_down(["a"], path) == ["a"]
