"""The section `logs` of the configuration file."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class LogsConfig(NamedTuple):
    """`files` are the current log files; what rotation made of them is found beside them.

    `rollup_days`: how long the hourly figures are kept. `read_mb`: how much one increment reads at most.
    """

    enabled: bool
    files: tuple[str, ...]
    rollup_days: float
    read_mb: float


class Section(Protocol):
    """What is asked of monitoring.config's sections."""

    def flag(self, key: str, default: bool) -> bool: ...

    def number(self, key: str, default: float) -> float: ...

    def texts(self, key: str, default: list[str]) -> list[str]: ...

    def finish(self) -> None: ...


def parse(section: Section) -> LogsConfig:
    """Return the settings. Raises ConfigError naming the key."""
    settings = LogsConfig(
        enabled=section.flag("enabled", True),
        files=tuple(section.texts("files", [])),
        rollup_days=section.number("rollup_days", 30),
        read_mb=section.number("read_mb", 64),
    )
    section.finish()
    return settings
