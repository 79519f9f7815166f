"""What Nginx answered since the previous cycle, from the increment of its log."""

from __future__ import annotations

import sqlite3

from monitoring.config import Config
from monitoring.journal import log
from monitoring.sample import Traffic


def collect(config: Config) -> Traffic | None:
    """Return the figures of the log's increment; None when the log is not analysed or cannot be read."""
    if not config.logs.enabled or not config.logs.files:
        return None
    from monitoring.logs.increment import fold

    try:
        window = fold(config)
    except (OSError, sqlite3.Error) as error:
        log("warning", f"what the logs say cannot be kept: {error}")
        return None
    for problem in window.problems:
        log("warning", f"a log cannot be read: {problem}")
    rate = 100 * window.errors_5xx / window.requests if window.requests else None
    return Traffic(
        requests=window.requests,
        errors_4xx=window.errors_4xx,
        errors_5xx=window.errors_5xx,
        error_rate=rate,
        p95_ms=window.p95_ms,
        bytes=window.bytes,
        seconds=None if window.since is None else window.until - window.since,
    )
