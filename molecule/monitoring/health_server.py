"""An HTTPS server in the service's place: health_server.py PORT TLS_DIRECTORY NAME.

Answers for NAME alone (other names get 421), with the status that /run/health-status holds (200 without it).
What is posted to /alerts stands in /run/alerts.jsonl, one line each; /alive is counted in /run/alive.
"""

from __future__ import annotations

import http.server
import ssl
import sys
from pathlib import Path

PORT, TLS, NAME = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        wanted = Path("/run/health-status")
        status = int(wanted.read_text()) if wanted.exists() else 200
        if self.headers["Host"].partition(":")[0] != NAME or self.path not in ("/api/health", "/health"):
            status = 421
        if self.path == "/alive":
            status = 200
            with Path("/run/alive").open("a") as file:
                file.write(".")
        body = b'{"status": "%s", "checks": {"database": "ok"}}' % (b"ok" if status == 200 else b"failed")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with Path("/run/alerts.jsonl").open("ab") as file:
            file.write(body + b"\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(TLS / "fullchain.pem", TLS / "privkey.pem")
server = http.server.HTTPServer(("127.0.0.1", PORT), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
