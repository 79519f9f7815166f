"""Where the service is that the browser test uses."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from socket import AF_INET, create_connection, gaierror, getaddrinfo
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = ("TDM_URL", "TDM_USER", "TDM_PASSWORD", "TDM_CA")


class ServiceMissing(Exception):  # noqa: N818 - the message is the point
    """There is nothing to test. The message says what to run."""


@dataclass(frozen=True)
class Service:
    """The address, a login, and the file of the CA that vouches for the certificate."""

    url: str
    user: str
    password: str = field(repr=False)
    ca: Path

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 443

    @property
    def address(self) -> str:
        """Where the name leads: TDM_ADDRESS, else the name server's answer, else this machine."""
        if given := os.environ.get("TDM_ADDRESS"):
            return given
        try:
            return str(getaddrinfo(self.host, None, AF_INET)[0][4][0])
        except gaierror:
            return "127.0.0.1"

    def require(self) -> None:
        """Raises ServiceMissing unless something answers there with a certificate that the CA vouches for."""
        if not self.ca.is_file():
            raise ServiceMissing(f"there is no CA file {self.ca}; run 'make up'")
        try:
            with (
                create_connection((self.address, self.port), timeout=15) as plain,
                ssl.create_default_context(cafile=str(self.ca)).wrap_socket(plain, server_hostname=self.host),
            ):
                return
        except OSError as error:
            raise ServiceMissing(f"no service at {self.url} ({error}); run 'make up'") from error


def find() -> Service:
    """The service of TDM_URL, TDM_USER, TDM_PASSWORD and TDM_CA, or else that of `make credentials`.

    Raises ServiceMissing.
    """
    given = {name: os.environ.get(name, "") for name in VARIABLES}
    if all(given.values()):
        return _service(given["TDM_URL"], given["TDM_USER"], given["TDM_PASSWORD"], given["TDM_CA"])
    if any(given.values()):
        missing = ", ".join(name for name, value in given.items() if not value)
        raise ServiceMissing(
            f"{missing} not set: give all of {', '.join(VARIABLES)}, or none after 'make up'"
        )
    # Not as a child of make: its job slots and flags are not ours.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    ran = subprocess.run(
        ["make", "-s", "--no-print-directory", "credentials"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if ran.returncode != 0:
        raise ServiceMissing(f"'make credentials' failed; run 'make up' first\n{ran.stderr.strip()}")
    try:
        found = json.loads(ran.stdout)
        return _service(found["url"], found["user"], found["password"], found["ca"])
    except (ValueError, KeyError) as error:
        raise ServiceMissing(
            f"'make credentials' printed no JSON with url, user, password and ca: {error}"
        ) from error


def _service(url: str, user: str, password: str, ca: str) -> Service:
    return Service(url.rstrip("/"), user, password, ROOT / ca)
