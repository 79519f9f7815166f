"""Listening ports with the process or the container behind each."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.host_probe.files import HostFiles
from plugins.module_utils.host_probe.ports import (
    docker_containers,
    listening_ports,
    listening_sockets,
    published_ports,
)
from tests.unit.host_probe.captures import MakeFiles, capture


def test_listening_sockets_of_both_families_with_their_processes(make_files: MakeFiles) -> None:
    host = capture("ubuntu-20.04.json")
    assert listening_ports(make_files(host["files"], host["links"])) == [
        {"port": 22, "address": "0.0.0.0", "process": "sshd", "pid": 790},
        {"port": 22, "address": "::", "process": "sshd", "pid": 790},
        {"port": 53, "address": "127.0.0.53", "process": "systemd-resolve", "pid": 612},
    ]


def test_a_process_we_may_not_look_at_is_none(make_files: MakeFiles) -> None:
    host = capture("debian-13-container.json")
    [port] = listening_ports(make_files({"/proc/net/tcp": host["files"]["/proc/net/tcp"]}))
    assert (port["port"], port["process"], port["pid"]) == (40015, None, None)


def test_ipv6_addresses_are_read_in_the_machines_byte_order() -> None:
    line = "   0: 00000000000000000000000001000000:0050 0:0 0A 0:0 00:0 0 0 0 4711 1\n"
    [found] = listening_sockets("header\n" + line)
    assert (found.address, found.port, found.inode) == ("::1", 80, "4711")


def test_this_machines_own_sockets_are_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        [found] = [entry for entry in listening_ports(HostFiles()) if entry["port"] == port]
    assert found["address"] == "127.0.0.1"
    assert found["process"], "the process is this test's"


CONTAINERS: list[dict[str, Any]] = [
    {
        "Names": ["/shop-web-1"],
        "Labels": {"com.docker.compose.project": "shop"},
        "Ports": [
            {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 80, "Type": "tcp"},
            {"IP": "::", "PrivatePort": 80, "PublicPort": 80, "Type": "tcp"},
            {"PrivatePort": 443, "Type": "tcp"},
            {"IP": "0.0.0.0", "PrivatePort": 53, "PublicPort": 53, "Type": "udp"},
        ],
    },
    {"Names": ["/idle"], "Labels": None, "Ports": None},
]


def test_published_ports_are_tcp_once_each_and_name_the_project() -> None:
    assert published_ports(CONTAINERS) == [{"port": 80, "container": "shop-web-1", "project": "shop"}]


class Engine(socketserver.StreamRequestHandler):
    """Answers as Docker's API does over HTTP/1.0."""

    def handle(self) -> None:
        request = self.rfile.readline()
        status, body = ("200 OK", CONTAINERS) if b"/containers/json" in request else ("404 Not Found", [])
        head = f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\n\r\n"
        self.wfile.write(head.encode() + json.dumps(body).encode())


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Path]:
    """The root of a host on which an engine listens."""
    (tmp_path / "run").mkdir()
    with socketserver.UnixStreamServer(str(tmp_path / "run/docker.sock"), Engine) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield tmp_path
        server.shutdown()


def test_a_running_engine_is_asked(engine: Path, make_files: MakeFiles) -> None:
    files = make_files({"/run/docker.pid": "42", "/proc/42/exe": ""})
    assert docker_containers(files) == CONTAINERS


def test_a_stopped_engine_is_not_started_by_asking(engine: Path, make_files: MakeFiles) -> None:
    assert docker_containers(make_files({"/run/docker.pid": "42"})) == []


def test_no_engine_is_no_container(make_files: MakeFiles) -> None:
    assert docker_containers(make_files({"/run/docker.pid": "42", "/proc/42/exe": ""})) == []
