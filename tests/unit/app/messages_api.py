"""A small server that speaks Claude's Messages API, with the troubles of the real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-ant-a-long-key-for-tests-0123456789"


class MessagesApi(ThreadingHTTPServer):
    """Answers with what `plan` holds, one entry a request; with a message when it is used up."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plan: list[Any] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.gone = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: MessagesApi

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.path != "/v1/messages" or self.headers["anthropic-version"] != "2023-06-01":
            return self._error(404, "not_found_error", "no such path")
        if self.headers["x-api-key"] != KEY:
            return self._error(401, "authentication_error", "invalid x-api-key")
        step = self.server.plan.pop(0) if self.server.plan else message("A short summary.")
        if step == "hang":
            self.server.gone.wait(30)
        elif step == "trickle":
            self.send_response(200)
            self.end_headers()
            try:
                while not self.server.gone.wait(0.1):
                    self.wfile.write(b" ")
            except OSError:
                return None
        elif step == "cut":
            self.close_connection = True
        elif isinstance(step, tuple):
            status, headers = step
            names = {429: "rate_limit_error", 529: "overloaded_error", 400: "invalid_request_error"}
            self._error(status, names.get(status, "api_error"), f"trouble {status}", headers)
        else:
            self._send(200, step if isinstance(step, bytes) else json.dumps(step).encode())
        return None

    def _error(self, status: int, kind: str, text: str, headers: dict[str, str] | None = None) -> None:
        body = {"type": "error", "error": {"type": kind, "message": text}}
        self._send(status, json.dumps(body).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Silence."""


def message(text: str, *, stop: str = "end_turn", taken: int = 120, given: int = 30) -> dict[str, Any]:
    """A message as the API sends it."""
    return {
        "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-test",
        "content": [{"type": "text", "text": text}], "stop_reason": stop, "stop_sequence": None,
        "usage": {"input_tokens": taken, "output_tokens": given},
    }  # fmt: skip


@contextmanager
def serving() -> Iterator[MessagesApi]:
    server = MessagesApi()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.gone.set()
        server.shutdown()
        thread.join()
        server.server_close()
