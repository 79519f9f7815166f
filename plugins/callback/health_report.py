"""Prints what `service_health` found and nothing else: a table for people, a line of JSON for programs."""

from __future__ import annotations

from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: health_report
type: stdout
short_description: Only the reports of service_health
description: Prints what service_health found; other failures go to standard error.
"""

COLOURS = {"critical": "red", "warning": "yellow", "ok": "green"}


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """See the module's docstring."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "health_report"

    def v2_runner_on_ok(self, result: Any) -> None:
        self._show(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if not self._show(result):
            self._display.error(f"{result.host.get_name()}: {result.result.get('msg', 'failed')}")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._display.error(f"{result.host.get_name()}: unreachable: {result.result.get('msg', '')}")

    def _show(self, result: Any) -> bool:
        found = result.result
        if "shown" not in found or "report" not in found:
            return False
        colour = None if found["shown"].startswith("{") else COLOURS.get(found["report"]["status"])
        self._display.display(found["shown"], color=colour)
        return True
