"""What a line of a log says, whatever its format."""

from __future__ import annotations

from typing import NamedTuple

# Where a request was seen: by Nginx, or by the application behind it. The same request may be in both logs.
EDGE = "edge"
APP = "app"


class Request(NamedTuple):
    """`ms` is None where the format has no duration; `endpoint` is the folded path; `user` and `action` may
    be "".
    """

    origin: str
    time_ms: int
    method: str
    endpoint: str
    path: str
    status: int
    ms: int | None
    bytes: int
    user: str
    action: str


class Event(NamedTuple):
    """A line that is no request. `level` is one of the names of `logging`; `type` the kind of an error."""

    source: str
    time_ms: int
    level: str
    type: str
    message: str
    user: str = ""
    action: str = ""


class SlowQuery(NamedTuple):
    time_ms: int
    ms: int
    statement: str
