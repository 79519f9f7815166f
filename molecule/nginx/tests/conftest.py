"""What the tests of Nginx share: the stand-in app, and a client that looks at every part of an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from testinfra.host import Host

ROOT = "/opt/tencent-doc-manager"
LOGS = "/var/log/tencent-doc-manager/nginx"
CONTAINER = "tencent-doc-manager-nginx-1"
DOMAIN = "docs.company.com"


@dataclass(frozen=True)
class Answer:
    status: int
    protocol: str
    headers: dict[str, list[str]]
    body: str
    exit_code: int

    def header(self, name: str) -> str:
        values = self.headers.get(name, [])
        assert len(values) <= 1, f"{name} is sent {len(values)} times: {values}"
        return values[0] if values else ""

    def json(self) -> dict:
        return json.loads(self.body)


Get = Callable[..., Answer]


@pytest.fixture(scope="module")
def get(host: Host) -> Get:
    """Asks Nginx from inside the host, which counts as a trusted proxy: `client` is whom it speaks for."""

    def ask(
        path: str, *options: str, name: str = DOMAIN, scheme: str = "https", client: str = "192.0.2.1"
    ) -> Answer:
        result = host.run(
            f"curl --silent --show-error --max-time 20 --cacert {ROOT}/tls/ca.pem "
            f"--resolve {name}:443:127.0.0.1 --resolve {name}:80:127.0.0.1 "
            f"--header 'X-Forwarded-For: {client}' --dump-header /tmp/headers --output /tmp/body "
            f"--write-out '%{{http_code}} %{{http_version}}' {' '.join(options)} '{scheme}://{name}{path}'"
        )
        status, _, protocol = result.stdout.strip().partition(" ")
        headers: dict[str, list[str]] = {}
        dump = host.run("cat /tmp/headers").stdout.replace("\r", "").strip()
        for line in dump.split("\n\n")[-1].splitlines()[1:]:
            key, _, value = line.partition(":")
            headers.setdefault(key.strip().lower(), []).append(value.strip())
        body = (
            host.run("head -c 60000 /tmp/body | iconv -f utf-8 -t utf-8 -c").stdout
            if int(status or 0)
            else ""
        )
        return Answer(int(status or 0), protocol, headers, body, result.rc)

    return ask


@pytest.fixture
def app(host: Host) -> Iterator[None]:
    """The stand-in app answers on the socket while the test runs."""
    host.check_output(
        "systemctl restart stand-in.service && for i in 1 2 3 4 5 6 7 8 9 10; do "
        f"curl -s --unix-socket {ROOT}/run/sock/blue.sock http://x/ >/dev/null && break; sleep 0.2; done"
    )
    yield
    host.check_output("systemctl stop stand-in.service")


@pytest.fixture
def no_app(host: Host) -> None:
    host.check_output("systemctl stop stand-in.service")


@pytest.fixture
def log_lines(host: Host) -> Callable[[], list[dict]]:
    """Every line of the access log, each of which must be JSON."""

    def read() -> list[dict]:
        return [
            json.loads(line)
            for line in host.check_output(f"iconv -f latin1 -t utf-8 {LOGS}/access.log").splitlines()
        ]

    return read
