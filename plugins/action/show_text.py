"""Action plugin show_text: prints lines as they are, for people and for pipes."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display


class ActionModule(ActionBase):  # type: ignore[misc]
    """The task `show_text: {text: ...}`."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    supports_raw_params = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Print `text`; no change."""
        super().run(tmp, task_vars)
        Display().display(str(self._task.args.get("text", "")))
        return {"changed": False}
