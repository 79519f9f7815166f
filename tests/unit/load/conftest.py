"""A small HTTPS server that keeps uploads, jobs and tokens, and misbehaves as a test tells it."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.load.client import Server

NAME = "docs.company.com"


class Service:
    """Speaks the part of the API that the load uses. `fault` names what happens to every request."""

    def __init__(self, directory: Path) -> None:
        self.fault = ""
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, str] = {}
        self.tokens: set[str] = {"tdm_first"}
        self.connections = 0
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                service.connections += 1

            def do_GET(self) -> None:
                self.answer(b"")

            def do_POST(self) -> None:
                self.answer(self.rfile.read(int(self.headers["Content-Length"])))

            def answer(self, body: bytes) -> None:
                if service.fault == "reset":
                    plain = self.connection
                    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    os.close(plain.detach())
                    return
                if service.fault == "closed":
                    self.close_connection = True
                    return
                status, content = service.respond(self.command, self.path, self.headers, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if service.fault == "cut":
                    self.close_connection = True
                    content = content[:-1]
                self.wfile.write(content)

            def log_message(self, *unused: object) -> None:
                pass

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *unused: object) -> None:
                pass

        self.http = Threads(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "server.pem", directory / "server.key")
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.server = Server(NAME, "127.0.0.1", directory / "server.pem", self.http.server_address[1])
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def respond(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        if self.fault == "5xx":
            return 503, b"down"
        if self.fault == "body":
            return 200 if method == "GET" else 201, b"<html>"
        status, value = self.value(method, path, headers, body)
        return status, value if isinstance(value, bytes) else json.dumps(value).encode()

    def value(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        last = path.rstrip("/").split("/")[-1]
        if path == "/":
            return 200, b'<script src="/assets/a.js">'
        if path == "/api/health/live":
            return 200, {"release": "one", "slot": "blue"}
        if path == "/api/me":
            known = headers["Authorization"].removeprefix("Bearer ") in self.tokens
            return (200, {"username": "admin"}) if known else (401, {})
        if path == "/api/tokens":
            token = f"tdm_{len(self.tokens)}"
            self.tokens.add(token)
            return 201, {"id": token, "token": token}
        if path == "/api/jobs":
            self.jobs[str(len(self.jobs))] = "succeeded"
            return 202, {"id": str(len(self.jobs) - 1)}
        if path.startswith("/api/jobs/"):
            document = next(iter(self.files), "none")
            state = {"status": self.jobs[last], "error": "killed", "result": {"document": document}}
            return (200, state) if last in self.jobs else (404, {})
        if path == "/api/upload":
            found = re.search(rb"\r\n\r\n(.*)\r\n--tdm-load-boundary--\r\n\Z", body, re.DOTALL)
            assert found
            identity = str(len(self.files))
            self.files[identity] = found[1]
            return 201, {"id": identity, "sha256": hashlib.sha256(found[1]).hexdigest()}
        if path.startswith("/api/documents?"):
            return 200, {"items": []}
        document = path.split("/")[3]
        if document not in self.files:
            return 404, {}
        content = self.files[document]
        if last == "download":
            return 200, content
        return 200, {"sha256": hashlib.sha256(content).hexdigest()}

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", directory / "server.key", "-out", directory / "server.pem", "-days", "2",
            "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return directory


@pytest.fixture
def service(certificate: Path) -> Iterator[Service]:
    found = Service(certificate)
    yield found
    found.close()
