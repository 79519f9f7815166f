"""A small server that speaks Elasticsearch's bulk interface: `bulk_server.py PORT FILE [USER:PASSWORD]`.

Each document that is indexed becomes a line of FILE: {"index": NAME, "document": OBJECT}. What is no valid
bulk request is refused with status 400, as Elasticsearch does it. The standard library will do.
"""

from __future__ import annotations

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

OPERATIONS = ("index", "create")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target: Path
    credentials = ""

    def do_HEAD(self) -> None:
        self._answer(200, None)

    def do_GET(self) -> None:
        self._answer(200, {"version": {"number": "8.15.0"}, "tagline": "You Know, for Search"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wanted = "Basic " + base64.b64encode(self.credentials.encode()).decode()
        if self.credentials and self.headers.get("Authorization") != wanted:
            self._answer(401, {"error": "missing authentication credentials"})
        elif not self.path.split("?")[0].endswith("/_bulk"):
            self._answer(404, {"error": f"no such path: {self.path}"})
        else:
            self._bulk(body)

    def _bulk(self, body: bytes) -> None:
        lines = body.split(b"\n")
        try:
            if lines.pop() != b"" or len(lines) % 2:
                raise ValueError("the body must be pairs of lines and end with a line's end")
            items = [self._item(json.loads(lines[n]), lines[n + 1]) for n in range(0, len(lines), 2)]
        except (ValueError, TypeError, KeyError) as error:
            self._answer(
                400, {"error": {"type": "illegal_argument_exception", "reason": str(error)}, "status": 400}
            )
            return
        kept = [item["kept"] for item in items if "kept" in item]
        with self.target.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in kept)
        answers = [{key: value for key, value in item.items() if key != "kept"} for item in items]
        self._answer(200, {"took": 1, "errors": len(kept) < len(items), "items": answers})

    def _item(self, action: dict[str, Any], source: bytes) -> dict[str, Any]:
        ((operation, where),) = action.items()
        if operation not in OPERATIONS or not where["_index"]:
            raise ValueError(f"no such action: {action}")
        if where.get("_type"):
            raise ValueError("[types removal] Action/metadata line contains an unknown parameter [_type]")
        try:
            document = json.loads(source)
        except ValueError:
            error = {"type": "mapper_parsing_exception", "reason": "failed to parse"}
            return {operation: {"_index": where["_index"], "status": 400, "error": error}}
        return {
            operation: {"_index": where["_index"], "status": 201, "result": "created"},
            "kept": {"index": where["_index"], "document": document},
        }

    def _answer(self, status: int, document: Any) -> None:
        data = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        sys.stderr.write(f"{format % arguments}\n")


def main(port: str, target: str, credentials: str = "") -> None:
    Handler.target = Path(target)
    Handler.credentials = credentials
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
