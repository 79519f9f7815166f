"""A stand-in for the app on a unix socket: says back what reached it, or behaves as the path asks.

/api/status/CODE    answers CODE with a body of its own
/api/big            an answer of 40 kB of JSON
/api/hand-out       hands out data/files/document.bin through X-Accel-Redirect
/api/slow           answers after 2 s
anything else       the request as JSON, and the number of the connection it came on
"""

from __future__ import annotations

import itertools
import json
import os
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

connections = itertools.count(1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection_number = next(connections)

    def address_string(self) -> str:
        return "unix"

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        received = 0
        started = time.monotonic()
        first = None
        while received < length:
            chunk = self.rfile.read1(min(65536, length - received))
            if not chunk:
                break
            first = first if first is not None else time.monotonic() - started
            received += len(chunk)
        status, extra = 200, {}
        body = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "received": received,
            "seconds": time.monotonic() - started,
            "connection": self.connection_number,
        }
        if self.path.startswith("/api/status/"):
            status = int(self.path.rsplit("/", 1)[1])
            body = {"from": "app"}
            extra = {"X-Frame-Options": "SAMEORIGIN"}
        elif self.path == "/api/big":
            body = {"text": "x" * 40000}
        elif self.path == "/api/cacheable":
            extra = {"Cache-Control": "private, max-age=5"}
        elif self.path == "/api/hand-out":
            extra = {"X-Accel-Redirect": "/_files/document.bin", "Content-Disposition": "attachment"}
        elif self.path == "/api/slow":
            time.sleep(2)
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in extra.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer  # noqa: N815


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def get_request(self) -> tuple[object, tuple[str, int]]:
        request, _ = super().get_request()
        return request, ("unix", 0)


path = Path(sys.argv[1])
path.unlink(missing_ok=True)
# As gunicorn makes it: the group, which is Nginx's too, may connect.
os.umask(0o007)
Server(str(path), Handler).serve_forever()
