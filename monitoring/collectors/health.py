"""Asks the application for its health, through the local Nginx and with the certificate verified."""

from __future__ import annotations

import json
import socket
import ssl
import time
from pathlib import Path
from typing import Any

from monitoring import http10
from monitoring.config import HealthConfig
from monitoring.sample import Health

MAX_BODY_BYTES = 65536


def collect(config: HealthConfig) -> Health:
    """Return how the health address answered; never raises for what the other side does."""
    if not config.enabled:
        return Health(None, None, None, None, "")
    start = time.monotonic()
    deadline = start + config.timeout_seconds
    try:
        answer, not_after = _ask(config, deadline)
    except ssl.SSLCertVerificationError as error:
        return Health(False, None, None, None, f"certificate refused: {error.verify_message}")
    except socket.timeout:
        elapsed = (time.monotonic() - start) * 1000
        return Health(False, None, elapsed, None, f"no answer within {config.timeout_seconds:g} s")
    except (OSError, http10.BadAnswerError) as error:
        return Health(False, None, None, None, _reason(error))
    elapsed = (time.monotonic() - start) * 1000
    body = _decode(answer.body)
    if answer.status != 200:
        reason = f"HTTP status {answer.status}{_failing(body)}"
        return Health(False, answer.status, elapsed, body, reason, not_after)
    return Health(True, answer.status, elapsed, body, "", not_after)


def _ask(config: HealthConfig, deadline: float) -> tuple[http10.Answer, float | None]:
    context = _context(config.ca_file)
    with socket.create_connection((config.address, config.port), timeout=config.timeout_seconds) as plain:
        plain.settimeout(max(deadline - time.monotonic(), 0.001))
        with context.wrap_socket(plain, server_hostname=config.server_name) as connection:
            not_after = (connection.getpeercert() or {}).get("notAfter")
            answer = http10.get(connection, config.server_name, config.path, deadline, MAX_BODY_BYTES)
    return answer, float(ssl.cert_time_to_seconds(not_after)) if isinstance(not_after, str) else None


def _context(ca_file: str) -> ssl.SSLContext:
    """Trust our own CA when its file is there (self-signed set-up), else the system's authorities."""
    if ca_file and Path(ca_file).exists():
        return ssl.create_default_context(cafile=ca_file)
    return ssl.create_default_context()


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"))
    except ValueError:
        return None


def _failing(body: Any) -> str:
    """Name the checks of the health body that are not well, as far as it says."""
    checks = body.get("checks") if isinstance(body, dict) else None
    if not isinstance(checks, dict):
        return ""
    names = sorted(name for name, value in checks.items() if not _well(value))
    return f" ({', '.join(names)})" if names else ""


def _well(check: Any) -> bool:
    if isinstance(check, dict):
        check = check.get("status", check.get("ok"))
    return check in (True, "ok", "healthy", "up")
