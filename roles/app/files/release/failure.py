"""What stops a release."""

from __future__ import annotations


class ReleaseError(Exception):
    """The release failed. The message says why, for the operator; `log` holds the container's last lines."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log.strip()

    def explain(self) -> str:
        """The message, followed by the log lines when there are any."""
        return f"{self}\nThe container's last log lines:\n{self.log}" if self.log else str(self)
