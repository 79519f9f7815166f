"""JSON log lines on standard output and in a file that survives rotation by rename."""

from __future__ import annotations

import contextvars
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

request_id_var: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id", default=None)


class JsonFormatter(logging.Formatter):
    """One JSON object per record: ts, level, logger, event, message, request_id, and the record's `fields`.

    Secrets given at construction never leave it: their text is replaced by `***`.
    """

    def __init__(self, secrets: Iterable[str] = (), **constant: str) -> None:
        super().__init__()
        self._secrets = tuple(secrets)
        self._constant = constant

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": getattr(record, "event", "message"),
            "message": record.getMessage(),
            "request_id": request_id_var.get(),
            **self._constant,
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe_error(record.exc_info[1])
        text = json.dumps(line, ensure_ascii=False, default=str)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def describe_error(error: BaseException) -> dict[str, str]:
    """The error as the log keeps it: type, message, traceback."""
    return {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }


class AppendHandler(logging.Handler):
    """Appends whole lines with one write each, so that several processes share a file.

    The file is opened again when its path names another file (rotation by rename) or none.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._descriptor = -1
        self._identity: tuple[int, int] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            data = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
            self._follow()
            os.write(self._descriptor, data)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self._identity = None
        super().close()

    def _follow(self) -> None:
        try:
            status = os.stat(self._path)  # noqa: PTH116 - called for every line
            identity: tuple[int, int] | None = (status.st_dev, status.st_ino)
        except FileNotFoundError:
            identity = None
        if identity is not None and identity == self._identity:
            return
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        status = os.fstat(self._descriptor)
        self._identity = (status.st_dev, status.st_ino)


def set_up(
    level: str,
    log_dir: Path | None,
    file_name: str,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
    **constant: str,
) -> None:
    """Routes every logger to `stream` (standard output) and `log_dir/file_name`. May be called again."""
    formatter = JsonFormatter(secrets, **constant)
    handlers: list[logging.Handler] = [logging.StreamHandler(stream or sys.stdout)]
    if log_dir is not None:
        handlers.append(AppendHandler(log_dir / file_name))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
    for noisy in ("werkzeug", "alembic.runtime.plugins"):
        logging.getLogger(noisy).setLevel("WARNING")


def event(logger: logging.Logger, level: int, name: str, message: str, **fields: object) -> None:
    """Logs `message` as an event of kind `name` with `fields` beside the common ones."""
    logger.log(level, message, extra={"event": name, "fields": fields})
