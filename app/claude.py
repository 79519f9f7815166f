"""Claude's Messages API: one question, one answer.

Anthropic's own client costs 0.9 s and 66 MB to import in each job's process, for one POST of JSON.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

VERSION = "2023-06-01"
ATTEMPTS = 5
LONGEST_WAIT_SECONDS = 60.0
LARGEST_ANSWER_BYTES = 4 * 1024 * 1024
_CONNECT_SECONDS = 10.0
_POLL_SECONDS = 0.5


class ClaudeError(Exception):
    """There is no answer. `billed` says whether one may have been made and charged all the same."""

    def __init__(self, message: str, *, billed: bool) -> None:
        super().__init__(message)
        self.billed = billed


class _Again(Exception):  # noqa: N818
    """This attempt failed in a way that another may not."""

    def __init__(self, reason: str, after: float | None = None, *, billed: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        self.billed = billed


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    input_tokens: int
    output_tokens: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Claude:
    """Where to ask and as whom. `timeout` is for one whole attempt, in seconds; `wait` the first pause."""

    url: str
    key: str
    model: str
    timeout: float = 120.0
    wait: float = 1.0

    def ask(self, system: str, question: str, max_tokens: int, poll: Callable[[], None]) -> Answer:
        """The answer. Overload, rate limits and network trouble are tried again, with growing pauses.

        `poll` is called about twice a second, and may raise to give up. Raises ClaudeError.
        """
        body = json.dumps(
            {
                "model": self.model,
                "max_tokens": max_tokens,
                "system": system,
                "messages": [{"role": "user", "content": question}],
            }
        ).encode()
        billed = False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _answer(self._post(body, poll))
            except _Again as trouble:
                billed = billed or trouble.billed
                if attempt == ATTEMPTS:
                    raise ClaudeError(f"Claude's API: {trouble}; try again later", billed=billed) from None
                pause = self.wait * 2 ** (attempt - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - a pause
                _sleep(min(max(pause, trouble.after or 0.0), LONGEST_WAIT_SECONDS), poll)
        raise AssertionError("unreachable")

    def _post(self, body: bytes, poll: Callable[[], None]) -> dict[str, Any]:
        request = _Request(self, body)
        request.start()
        deadline = time.monotonic() + self.timeout
        try:
            while not request.over.wait(_POLL_SECONDS):
                poll()
                if time.monotonic() > deadline:
                    raise _Again(f"no answer within {self.timeout:g} s", billed=True)
        finally:
            request.abandon()
        if request.error is not None:
            raise _Again(f"the connection failed ({type(request.error).__name__})", billed=request.sent)
        return _checked(request)


class _Request(threading.Thread):
    """One attempt, in a thread of its own so that it can be abandoned at any moment."""

    def __init__(self, claude: Claude, body: bytes) -> None:
        super().__init__(daemon=True, name="claude")
        parts = urlsplit(claude.url)
        self._path = f"{parts.path.rstrip('/')}/v1/messages"
        self._body = body
        self._headers = {
            "Content-Type": "application/json",
            "X-Api-Key": claude.key,
            "Anthropic-Version": VERSION,
        }
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            self._connection = http.client.HTTPSConnection(
                parts.hostname or "",
                parts.port,
                timeout=_CONNECT_SECONDS,
                context=ssl.create_default_context(),
            )
        else:
            self._connection = http.client.HTTPConnection(
                parts.hostname or "", parts.port, timeout=_CONNECT_SECONDS
            )
        # Whoever waits for the answer gives up first.
        self._timeout = claude.timeout + 5
        self.over = threading.Event()
        self.sent = False
        self.status = 0
        self.retry_after = ""
        self.content = b""
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._connection.connect()
            self._connection.sock.settimeout(self._timeout)
            self._connection.request("POST", self._path, self._body, self._headers)
            self.sent = True
            response = self._connection.getresponse()
            self.status, self.retry_after = response.status, response.headers.get("Retry-After", "")
            self.content = response.read(LARGEST_ANSWER_BYTES + 1)
        except Exception as error:  # of an abandoned connection as well: nobody reads it then
            self.error = error
        finally:
            self.over.set()

    def abandon(self) -> None:
        """Ends the connection, and with it the thread that may still be reading."""
        found = self._connection.sock
        if found is not None:
            with contextlib.suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)
        self._connection.close()


def _checked(request: _Request) -> dict[str, Any]:
    if request.status == 429 or request.status >= 500:
        names = {429: "the rate limit is reached", 529: "overloaded"}
        raise _Again(names.get(request.status, f"error {request.status}"), _seconds(request.retry_after))
    try:
        found = json.loads(request.content) if len(request.content) <= LARGEST_ANSWER_BYTES else None
    except ValueError:
        found = None
    if request.status != 200:
        reason = found.get("error", {}).get("message") if isinstance(found, dict) else None
        raise ClaudeError(
            f"Claude's API refused ({request.status}): {reason or 'no reason given'}", billed=False
        )
    if not isinstance(found, dict):
        raise ClaudeError("Claude's API answered with something that is no message", billed=True)
    return found


def _answer(message: dict[str, Any]) -> Answer:
    try:
        text = "".join(block["text"] for block in message["content"] if block["type"] == "text").strip()
        usage = message["usage"]
        # Tokens that a cache took in count as well.
        taken = [usage["input_tokens"]] + [
            usage.get(f"cache_{kind}_input_tokens") or 0 for kind in ("creation", "read")
        ]
        answer = Answer(
            text, sum(map(int, taken)), int(usage["output_tokens"]), message["stop_reason"] == "end_turn"
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ClaudeError("Claude's API answered with something that is no message", billed=True) from error
    if not answer.text:
        raise ClaudeError(f"Claude gave no text ({message['stop_reason']})", billed=True)
    return answer


def _seconds(header: str) -> float | None:
    try:
        return max(float(header), 0.0)
    except ValueError:
        return None


def _sleep(seconds: float, poll: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        poll()
        time.sleep(min(left, _POLL_SECONDS))
