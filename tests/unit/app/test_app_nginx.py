"""Downloads through a real Nginx with the project's own snippets: it sends the bytes, the app decides."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app import accounts, documents
from app.accounts import Credentials
from app.services import Services
from tests.unit.app.stack import PASSWORD, ROOT, Stack, close, free_port, wait_until

CONTENT = os.urandom(300_000)
VALUES = {
    "__nginx_port_suffix": "", "stack_public_https_port": 443, "nginx_internal_files_path": "/_files",
    "__nginx_problems": [], "nginx_referrer_policy": "no-referrer", "nginx_permissions_policy": "camera=()",
    "nginx_content_security_policy": "default-src 'self'",
}  # fmt: skip


@dataclass
class Site:
    port: int
    token: str
    document: str
    sha256: str

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, headers={"Authorization": f"Bearer {self.token}", **headers})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def download(self, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        return self.get(f"/api/documents/{self.document}/download", **headers)


def rendered(name: str) -> str:
    loader = FileSystemLoader(ROOT / "templates")
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=False)  # noqa: S701 - no HTML
    return environment.get_template(name).render(VALUES)


def location(source: str, start: str) -> str:
    """The block of site.conf.j2 that begins so."""
    found = re.search(rf"    location {re.escape(start)}.*?\n    }}\n", source, re.DOTALL)
    assert found, start
    return found[0]


def configuration(directory: Path, stack: Stack, port: int) -> str:
    site = (ROOT / "templates/nginx/conf.d/site.conf.j2").read_text()
    blocks = location(site, "^~ {{ nginx_internal_files_path }}/") + location(site, "^~ /internal/")
    blocks = blocks.replace("{{ nginx_internal_files_path }}", "/_files")
    blocks = blocks.replace("/data/files/", f"{stack.directory}/data/files/")
    for snippet in ("proxy.conf", "security-headers.conf"):
        text = rendered(f"nginx/snippets/{snippet}.j2").replace("/etc/nginx/snippets", str(directory))
        (directory / snippet).write_text(text)
    blocks = blocks.replace("/etc/nginx/snippets", str(directory))
    temporary = "".join(f"{kind}_temp_path {directory}/{kind};" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))  # fmt: skip
    return f"""
        user root; daemon off; pid {directory}/pid; error_log {directory}/error.log; worker_processes 1;
        events {{ }}
        http {{
            access_log off; {temporary}
            map $upstream_http_cache_control $api_cache_control {{ "" "no-store"; default ""; }}
            map $https $hsts {{ default ""; }}
            upstream app {{ server unix:{stack.directory}/blue.sock; keepalive 4; }}
            server {{
                listen 127.0.0.1:{port};
                location ^~ /api/ {{ include {directory}/proxy.conf; proxy_pass http://app; }}
                {blocks}
            }}
        }}"""


@pytest.fixture
def site(stack: Stack, tmp_path: Path) -> Iterator[Site]:
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    assert Path(program).exists(), "nginx is missing; run: apt-get install -y nginx-light"
    assert stack.run("-m", "flask", "--app", "app", "bootstrap").wait(90) == 0
    services = Services.from_config(stack.config())
    with services.database.write() as session:
        user = accounts.add_user(session, "editor", PASSWORD, "editor")
        session.flush()
        token = Credentials(services.config.secret_key, 1).issue_token(session, user.id, "x")[1]
        with services.files.stage() as staged:
            staged.write(CONTENT)
            stored = documents.StoredFile(services.files.keep(staged), staged.size, staged.sha256)
        document = documents.add(session, '季度 "报表".xlsx', user.id, stored).document_id
    close(services)
    stack.run(
        "-m", "gunicorn", "--config", "python:app.gunicorn_conf", "app.wsgi:app",
        env={"BIND": f"unix:{stack.directory}/blue.sock", "WEB_CONCURRENCY": "1", "GUNICORN_THREADS": "4"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    directory = tmp_path / "nginx"
    directory.mkdir()
    found = Site(free_port(), token, document, stored.sha256)
    (directory / "nginx.conf").write_text(configuration(directory, stack, found.port))
    nginx = subprocess.Popen([program, "-c", str(directory / "nginx.conf"), "-p", str(directory)])

    def answers() -> bool:
        try:
            return found.get("/api/health/live")[0].status == 200
        except OSError:
            return False

    wait_until(answers, 60, lambda: (directory / "error.log").read_text() + stack.log("app.log"))
    yield found
    nginx.terminate()
    nginx.wait(30)


def test_nginx_sends_what_the_app_allows(site: Site, stack: Stack) -> None:
    answer, body = site.download()
    assert (answer.status, body == CONTENT) == (200, True)
    assert answer.getheader("ETag") == f'"{site.sha256}"'
    assert answer.getheader("Content-Length") == str(len(CONTENT))
    assert answer.getheader("Accept-Ranges") == "bytes"
    assert answer.getheader("Content-Type") == "application/octet-stream"
    assert answer.getheader("Cache-Control") == "private, no-cache"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("X-Accel-Redirect") is None
    disposition = str(answer.getheader("Content-Disposition"))
    assert disposition.startswith("attachment;")
    assert f"filename*=UTF-8''{quote('季度 ')}" in disposition
    # The app itself sent none of the bytes.
    line = next(line for line in stack.log("app.log").splitlines() if '"action": "download"' in line)
    assert '"bytes": 0' in line

    head, nothing = site.get(f"/api/documents/{site.document}/download", method="HEAD")
    assert (head.status, head.getheader("Content-Length"), nothing) == (200, str(len(CONTENT)), b"")


def test_ranges_and_known_etags_save_bytes(site: Site) -> None:
    part, body = site.download(Range="bytes=1000-1999")
    assert (part.status, body == CONTENT[1000:2000]) == (206, True)
    assert part.getheader("Content-Range") == f"bytes 1000-1999/{len(CONTENT)}"
    same, nothing = site.download(**{"If-None-Match": f'"{site.sha256}"'})
    assert (same.status, nothing) == (304, b"")
    resumed, body = site.download(**{"Range": "bytes=299000-", "If-Range": f'"{site.sha256}"'})
    assert (resumed.status, body == CONTENT[299_000:]) == (206, True)
    changed, body = site.download(**{"Range": "bytes=299000-", "If-Range": '"another"'})
    assert (changed.status, body == CONTENT) == (200, True)
    assert site.download(Range="bytes=900000-")[0].status == 416


def test_nobody_reaches_files_or_metrics_past_the_app(site: Site, stack: Stack) -> None:
    (stored,) = [p for p in (stack.directory / "data/files").rglob("*") if p.is_file()]
    relative = stored.relative_to(stack.directory / "data/files")
    for path in (f"/_files/{relative}", "/_files/../tencent_docs.db", "/internal/metrics"):
        assert site.get(path)[0].status == 404, path
    site.token = "forged"
    assert site.download()[0].status == 401
