"""Kind `fetch`: a document of Tencent Docs by its link, through a browser that reaches nothing else."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.fetch.guard import Forbidden, Guard
from app.fetch.proxy import Proxy
from app.jobs import lifecycle, results
from app.models import new_id
from app.services import Services
from app.storage import safe_name

log = logging.getLogger(__name__)

SECONDS = 120
# What the page itself may take beside the document.
PAGE_BYTES = 64 * 1024 * 1024
_CHUNK = 256 * 1024
_POLL_SECONDS = 0.3


def run(services: Services, held: lifecycle.Claim, report: Callable[[float], None]) -> None:
    """Raises lifecycle.Refused, lifecycle.Superseded, lifecycle.Cancelled, StorageFull."""
    config = services.config
    if not config.browser_enabled:
        raise lifecycle.Refused("fetching by link is not enabled any more")
    guard = Guard(config.fetch_hosts)
    fetch(services, held, report, guard, Proxy(guard, config.max_upload_bytes + PAGE_BYTES))


def fetch(
    services: Services, held: lifecycle.Claim, report: Callable[[float], None], guard: Guard, proxy: Proxy
) -> None:
    """Has the browser bring the document through the proxy, and keeps it."""
    url = str(held.parameters["url"])
    limit = services.config.max_upload_bytes
    # On the disk, for /tmp is memory. A short name: Chromium puts a socket below it, whose path has a limit.
    directory = services.config.tmp_dir / f"f-{new_id()[-8:]}"
    with proxy:
        _check(url, guard)
        directory.mkdir(mode=0o750)
        try:
            found = _browse(url, proxy, directory, report)
            if "error" in found:
                raise lifecycle.Refused(_reason(found, proxy))
            path = Path(str(found["path"]))
            if path.stat().st_size > limit:
                raise lifecycle.Refused("the document is larger than one may be")
            with services.files.stage(expected=path.stat().st_size) as staged, path.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    staged.write(chunk)
                if not staged.size:
                    raise lifecycle.Refused("the document that came is empty")
                results.keep(services, held, staged, safe_name(str(found["name"])))
        finally:
            _remove(directory)


def _remove(directory: Path) -> None:
    """Removes the browser's folder; Chromium ends a moment after its driver, and may still be writing."""
    deadline = time.monotonic() + 10
    while directory.exists():
        shutil.rmtree(directory, ignore_errors=True)
        if time.monotonic() > deadline:
            log.warning("the browser's folder %s could not be removed yet", directory)
            return
        time.sleep(0.05)


def _check(url: str, guard: Guard) -> None:
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        if parts.username is not None or not parts.hostname:
            raise Forbidden("the link is no plain address")
        guard.addresses(parts.hostname, port)
    except (Forbidden, ValueError) as error:
        raise lifecycle.Refused(f"the link is refused: {error}") from error
    except OSError as error:
        raise lifecycle.Refused(f"the link's host is not known: {error}") from error


def _browse(url: str, proxy: Proxy, directory: Path, report: Callable[[float], None]) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "app.fetch.browser",
        url,
        f"http://127.0.0.1:{proxy.port}",
        str(directory),
    ]
    # Chromium and the driver write where the container lets them.
    environ = {**os.environ, "HOME": str(directory), "TMPDIR": str(directory)}
    with (directory / "browser.log").open("wb") as errors:
        browser = subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
    started = time.monotonic()
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                output, _ = browser.communicate(timeout=_POLL_SECONDS)
                break
            spent = time.monotonic() - started
            report(min(spent / SECONDS, 0.95))
            if spent > SECONDS or proxy.exhausted:
                return {"error": f"nothing came within {SECONDS} s"}
    finally:
        # Whatever it started goes with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(browser.pid, signal.SIGKILL)
        browser.communicate()
    try:
        found: dict[str, Any] = json.loads(output)
    except ValueError:
        told = (directory / "browser.log").read_bytes()[-4000:].decode("utf-8", "replace")
        log.error("the browser ended without a result: %s", told)
        return {"error": "the browser ended without a result"}
    return found


def _reason(found: dict[str, Any], proxy: Proxy) -> str:
    if proxy.exhausted:
        return "the page and its document are larger than one document may be"
    told = str(found["error"])
    if proxy.refused:
        told += f"; not let through: {', '.join(list(dict.fromkeys(proxy.refused))[-3:])}"
    return told
