"""A site that imitates a shared document with its export menu, and one that sets traps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONTENT = b"PK\x03\x04 the workbook"
NAME = "attachment; filename*=UTF-8''%E5%BA%93%E5%AD%98.xlsx"

SHEET = """<!doctype html><meta charset="utf-8"><title>库存</title>
<button aria-label="文件操作" onclick="document.getElementById('m').hidden = false">☰</button>
<ul id="m" role="menu" hidden>
<li role="menuitem" onclick="document.getElementById('f').hidden = false">导出为</li>
<ul id="f" role="menu" hidden>
<li role="menuitem" onclick="location = '/export.xlsx'">本地Excel表格 (.xlsx)</li></ul>
</ul>"""
# A page that tries every way to what it must not reach, and then offers its document.
TRAPS = """<!doctype html><meta charset="utf-8">
<img src="http://127.0.0.1:{port}/secret"><img src="http://localhost:{port}/secret">
<iframe src="http://169.254.169.254/latest/meta-data"></iframe>
<script>
for (const url of ["http://127.0.0.1:{port}/secret", "http://[::1]:{port}/secret", "http://inside.docs.test/secret"])
  fetch(url, {{mode: "no-cors"}}).catch(() => 0);
try {{ new WebSocket("ws://127.0.0.1:{port}/secret"); }} catch (error) {{}}
setTimeout(() => location = "/export.xlsx", 700);
</script>"""


class Site(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.gone = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.headers['Host']}{self.path}")
        pages = {
            "/sheet": SHEET,
            "/traps": TRAPS.format(port=self.server.server_port),
            "/bare": "<!doctype html><p>nothing here",
        }
        redirects = {
            "/to-metadata": "http://169.254.169.254/latest/meta-data",
            "/to-elsewhere": "http://elsewhere.example/export.xlsx",
            "/to-inside": "http://inside.docs.test/secret",
            "/to-rebind": "http://rebind.docs.test/secret",
        }
        if self.path in pages:
            self._send(200, pages[self.path].encode(), {"Content-Type": "text/html; charset=utf-8"})
        elif self.path in redirects:
            self._send(302, b"", {"Location": redirects[self.path]})
        elif self.path == "/export.xlsx":
            self._send(200, CONTENT, {"Content-Disposition": NAME})
        elif self.path == "/huge":
            self.send_response(200)
            self.send_header("Content-Disposition", "attachment; filename=huge.bin")
            self.end_headers()
            while not self.server.gone.is_set():
                self.wfile.write(b"x" * 65536)
        elif self.path == "/hang":
            self.server.gone.wait(60)
        else:
            self._send(200, b"secret", {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Silence."""


@contextmanager
def serving() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.gone.set()
        server.shutdown()
        thread.join()
        server.server_close()
