"""An exporter for Prometheus on loopback, where no textfile collector is: it serves the scrape file."""

from __future__ import annotations

import http.server
from pathlib import Path

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def serve(path: str, port: int) -> None:
    """Serve the file at http://127.0.0.1:PORT/metrics until stopped."""
    make(path, port).serve_forever()


def make(path: str, port: int) -> http.server.HTTPServer:
    """Return a server that is bound to loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                body = Path(path).read_bytes() if self.path == "/metrics" else b""
            except OSError:
                self.send_error(503, "no sample yet")
                return
            if not body:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *unused: object) -> None:
            return

    return http.server.HTTPServer(("127.0.0.1", port), Handler)
