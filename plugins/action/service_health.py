"""Checks a host: its monitoring is asked for all checks, the service is asked from here, by its public name.

Task `service_health: {format: table|json, address: ""}`. Changes nothing. The result holds `report` and
`shown` (text); it fails when a check is critical, or when the host cannot tell.
"""

from __future__ import annotations

import http.client
import json
import shlex
import socket
import ssl
import time
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

PROJECT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 4
SLOW_SECONDS = 2.0
WORDS = {"critical": 0, "warning": 1, "unknown": 2, "info": 3, "ok": 4}


class ActionModule(ActionBase):  # type: ignore[misc]
    """See the module's docstring."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = self._variables(task_vars or {})
        arguments = self._task.args
        host = str(variables["inventory_hostname"])
        inside, authority = self._inside(variables)
        outside = check_outside(
            str(variables["stack_domain"]),
            int(variables["stack_public_https_port"]),
            str(arguments.get("address") or ""),
            authority,
        )
        checks = sorted([outside, *inside], key=lambda item: (WORDS[item["status"]], item["check"]))
        known = [item["status"] for item in checks if item["status"] in ("critical", "warning")]
        status = min(known, key=lambda word: WORDS[word]) if known else "ok"
        report = {"host": host, "status": status, "checks": checks}
        as_json = arguments.get("format", "table") == "json"
        shown = json.dumps(report, ensure_ascii=False) if as_json else table(report)
        result.update(changed=False, report=report, shown=shown, failed=status == "critical")
        if result["failed"]:
            result["msg"] = "critical: " + ", ".join(
                f"{item['check']} {item['subject']}".strip()
                for item in checks
                if item["status"] == "critical"
            )
        return result

    def _variables(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the shared names as this host has them: the inventory's word, else the default."""
        file = str(PROJECT / "roles/stack/defaults/main.yml")
        defaults = self._loader.load_from_file(file, trusted_as_template=True)
        templar = self._templar.copy_with_new_env(available_variables={**defaults, **task_vars})
        names = (
            "stack_domain",
            "stack_public_https_port",
            "stack_user",
            "stack_tls_dir",
            "inventory_hostname",
        )
        return {name: templar.template(templar.available_variables[name]) for name in names}

    def _inside(self, variables: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """Return the host's own checks, and its authority's certificate (public, empty when it has none)."""
        command = f"/usr/local/bin/{variables['stack_user']}-monitoring"
        authority = f"{variables['stack_tls_dir']}/ca.pem"
        script = f"{shlex.quote(command)} checks --json; echo; cat {shlex.quote(authority)} 2>/dev/null; :"
        done = self._low_level_execute_command(script, sudoable=True)
        text, _, pem = str(done.get("stdout", "")).partition("-----BEGIN")
        pem = f"-----BEGIN{pem}" if pem else ""
        try:
            document = json.loads(text)
            return list(document["checks"]), pem
        except (ValueError, KeyError, TypeError):
            said = str(done.get("stderr") or text or "no answer").strip()[-300:]
            trouble = f"the host's monitoring does not answer: {said}"
            mend = f"{command} status (on the host); ansible-playbook playbooks/monitoring.yml"
            return [_check("monitoring", "critical", "-", "-", trouble, mend)], pem


def check_outside(name: str, port: int, address: str, authority: str) -> dict[str, Any]:
    """Return how the service answers this machine, over HTTPS; `address` stands in for the name service."""
    url = f"https://{name}:{port}/api/health"
    context = ssl.create_default_context(cadata=authority or None)
    if authority:
        # A certificate of a public authority is good as well.
        context.load_default_certs()
    started = time.monotonic()
    limit = f"<= {SLOW_SECONDS:g} s"
    mend = f"curl -v {url} (here); is port {port} open on the way?"
    try:
        plain = socket.create_connection((address or name, port), timeout=TIMEOUT_SECONDS)
        with context.wrap_socket(plain, server_hostname=name) as connection:
            connection.sendall(
                f"GET /api/health HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n".encode()
            )
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            answer.read(65536)
            status = answer.status
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
        return _check("public_health", "critical", "-", limit, f"{url}: {reason}", mend)
    seconds = time.monotonic() - started
    value = f"{seconds:.2f} s"
    if status != 200:
        return _check("public_health", "critical", value, limit, f"{url} answers {status}", mend)
    if seconds > SLOW_SECONDS:
        return _check(
            "public_health", "warning", value, limit, f"{url} is slow", "tdm-monitoring top (on the host)"
        )
    return _check("public_health", "ok", value, limit, f"{url} answers 200", "")


def table(report: dict[str, Any]) -> str:
    """Return the report as text: one line a check, and under what is not well the next command to type."""
    rows = [
        (item["status"], f"{item['check']} {item['subject']}".strip(), item["value"], item["limit"])
        for item in report["checks"]
    ]
    widths = [
        max(len(row[column]) for row in [*rows, ("status", "check", "value", "limit")]) for column in range(4)
    ]
    lines = [f"{report['host']}: {report['status']}"]
    for row, item in zip(
        [("status", "check", "value", "limit"), *rows], [None, *report["checks"]], strict=True
    ):
        lines.append(
            "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        )
        if item is not None and item["next"]:
            lines += [f"      {item['message']}", f"      next: {item['next']}"]
    return "\n".join(lines)


def _check(name: str, status: str, value: str, limit: str, message: str, mend: str) -> dict[str, Any]:
    return {
        "check": name,
        "subject": "seen from the controller" if name == "public_health" else "",
        "status": status,
        "value": value,
        "limit": limit,
        "message": message,
        "next": mend,
    }
