"""A client of the deployed service, as its users are: HTTPS, verified, by name, at a given address."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter


class _NamedHost(HTTPAdapter):
    """Connects to an address while it verifies the certificate of a name (what DNS would do)."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, server_hostname=self.name, assert_hostname=self.name, **kwargs)


class Service:
    """The service at `address:port`, addressed by `name`, its certificate verified against `ca`."""

    def __init__(self, name: str, address: str, ca: Path, port: int = 443) -> None:
        self.name = name
        self.base = f"https://{address}:{port}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(ca)
        self.session.headers["Host"] = name if port == 443 else f"{name}:{port}"
        self.session.mount("https://", _NamedHost(name))

    @classmethod
    def from_credentials(cls, credentials: dict[str, str]) -> Service:
        """From what `make credentials` prints."""
        url = urlsplit(credentials["url"])
        return cls(url.hostname or "", "127.0.0.1", Path(credentials["ca"]), url.port or 443)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", 30)
        options.setdefault("allow_redirects", False)
        return self.session.request(method, self.base + path, **options)

    def login(self, username: str, password: str) -> requests.Response:
        return self.request("POST", "/api/login", json={"username": username, "password": password})

    def upload(self, name: str, content: bytes) -> requests.Response:
        return self.request("POST", "/api/upload", files={"file": (name, content)})

    def download(self, document: str) -> bytes:
        answer = self.request("GET", f"/api/documents/{document}/download")
        assert answer.status_code == 200, answer.text
        return answer.content

    def wait_for_job(self, job: str, seconds: float = 60) -> dict[str, Any]:
        """The job's last state: finished, or the one it had when the time was up."""
        deadline = time.monotonic() + seconds
        while True:
            state: dict[str, Any] = self.request("GET", f"/api/jobs/{job}").json()
            if state["status"] not in ("queued", "running") or time.monotonic() > deadline:
                return state
            time.sleep(0.5)
