"""Redis over its unix socket with hiredis' parser alone; redis-py would cost 150 ms of imports a minute."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import hiredis

from monitoring.config import RedisConfig

CREDENTIAL = "redis_password"


class RedisError(Exception):
    """Redis cannot be reached, or refused a command."""


class RedisClient:
    """One connection, one command at a time. Use as a context manager."""

    def __init__(self, config: RedisConfig) -> None:
        self._reader = hiredis.Reader(encoding="utf-8")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(config.timeout_seconds)
        try:
            self._socket.connect(config.socket)
            secret = password(config)
            if secret:
                self.call("AUTH", config.user, secret)
        except OSError as error:
            self._socket.close()
            raise RedisError(f"{config.socket}: {error.strerror or error}") from error
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> RedisClient:
        return self

    def __exit__(self, *unused: object) -> None:
        self._socket.close()

    def call(self, *words: str | int) -> Any:
        """Return the answer to one command: text, number, list or None. Raises RedisError."""
        try:
            self._socket.sendall(hiredis.pack_command(words))
            while True:
                answer = self._reader.gets()
                if answer is not False:
                    break
                received = self._socket.recv(65536)
                if not received:
                    raise RedisError("Redis closed the connection")
                self._reader.feed(received)
        except (OSError, hiredis.HiredisError) as error:
            raise RedisError(str(error)) from error
        if isinstance(answer, hiredis.ReplyError):
            raise RedisError(str(answer))
        return answer


def password(config: RedisConfig) -> str:
    """Return the password systemd passed to the unit, else the configured file's. Raises RedisError."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    passed = Path(directory, CREDENTIAL) if directory else None
    source = (
        passed if passed is not None and passed.exists() else Path(config.password_file or "/nonexistent")
    )
    if not config.password_file and source != passed:
        return ""
    try:
        return source.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise RedisError(f"the password cannot be read from {source}: {error.strerror}") from error
