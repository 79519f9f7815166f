"""Debian's Chromium, trusting one CA of our own, and an ear on what its pages do."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, BrowserType, ConsoleMessage, Request

from tests.e2e import island
from tests.e2e.service import Service

EXECUTABLE = Path("/usr/bin/chromium")

# Runs in every page before its own scripts; the binding hands the report to this process.
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => {
  reportViolation(`${event.violatedDirective} ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`);
});
"""


def launch(chromium: BrowserType, home: Path, service: Service, *, trusting: bool) -> Browser:
    """A browser that reaches the service and nothing else, and verifies every certificate.

    `home` becomes its user's home; that user trusts the service's CA if `trusting`.
    """
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    store = f"sql:{database}"
    _certutil("-N", "-d", store, "--empty-password")
    if trusting:
        _certutil("-A", "-d", store, "-n", "the service's CA", "-t", "C,,", "-i", str(service.ca))
    arguments = [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        f"--host-resolver-rules=MAP {service.host} 127.0.0.1",
    ]
    # A proxy of the environment knows nothing of a service on this machine.
    environment: dict[str, str | float | bool] = {
        name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
    }
    environment |= {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
    }
    program = island.launcher(home, EXECUTABLE, service.address, service.port)
    return chromium.launch(executable_path=program, args=arguments, env=environment)


def _certutil(*arguments: str) -> None:
    subprocess.run(["certutil", *arguments], check=True, capture_output=True, text=True)


@dataclass
class Watch:
    """What must not happen in a context: errors, requests to others, broken policy. Empty lists are good."""

    origin: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    _expected: set[str] = field(default_factory=set)

    def attach(self, context: BrowserContext) -> None:
        context.expose_binding("reportViolation", lambda _source, text: self.violations.append(text))
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.errors.append(f"uncaught: {error.error}"))

    def expect(self, status: int, path: str) -> None:
        """Chromium's own line about this answer is no error: the test provokes it."""
        self._expected.add(f"{status} {path}")

    def require_clean(self) -> None:
        assert not self.violations, f"the Content-Security-Policy was violated: {self.violations}"
        assert not self.strangers, f"requests left for another origin than {self.origin}: {self.strangers}"
        assert not self.errors, f"errors in the browser's console: {self.errors}"

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.strangers.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        path = urlsplit(message.location["url"]).path
        if any(f"status of {status} " in message.text and path == where for status, where in self._pairs()):
            return
        self.errors.append(f"{message.text} ({message.location['url']})")

    def _pairs(self) -> list[tuple[str, str]]:
        return [(status, path) for status, _, path in (entry.partition(" ") for entry in self._expected)]
