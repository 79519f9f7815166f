"""Questions to a release: on its own socket, through Nginx before the switch, and as users ask after it."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import time
from typing import Callable, NamedTuple

from .engine import UnixConnection
from .settings import Settings

SEPARATOR = "\x1e"
# OpenSSL's X509_V_FLAG_PARTIAL_CHAIN: what Nginx shows is trusted as it lies on the disk, root or not.
PARTIAL_CHAIN = 0x80000
# Each path in turn on Nginx's inner port, where /blue/ and /green/ lead to the slots.
INNER_REQUESTS = r"""
for path in "${@:3}"; do
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$path" "$2" >&3
  head -c 65536 <&3
  exec 3<&- 3>&-
  printf '\036'
done
"""


class Answer(NamedTuple):
    """An answer's status, 0 when there was none, and its body."""

    status: int
    body: str


def parse(text: str) -> Answer:
    """An HTTP answer as it came over the wire."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    words = head.split(None, 2)
    return Answer(int(words[1]) if len(words) > 1 and words[1].isdigit() else 0, body)


def health_problem(answer: Answer, release: str, slot: str) -> str | None:
    """Why an answer of /api/health is not that of this release in this slot, well; None when it is."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        return "/api/health answered with no health document"
    if answer.status != 200:
        failed = body.get("checks", {})
        names = [name for name, check in failed.items() if check.get("status") == "failed"]
        return f"/api/health answered {answer.status or 'nothing'}" + (
            f" ({', '.join(names)})" if names else ""
        )
    if (body.get("release"), body.get("slot")) != (release, slot):
        return f"/api/health answered for {body.get('release')} in slot {body.get('slot')}"
    return None


def ask_socket(settings: Settings, slot: str) -> Answer:
    """/api/health on the slot's own socket."""
    connection = UnixConnection(str(settings.sockets / f"{slot}.sock"), 10)
    try:
        connection.request("GET", "/api/health", headers={"Host": settings.domain})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read().decode("utf-8", "replace"))
    except OSError:
        return Answer(0, "")
    finally:
        connection.close()


def smoke_idle(settings: Settings, release: str, slot: str) -> str | None:
    """What is wrong with a slot asked through Nginx, as users will; None when nothing is."""
    paths = ["/api/health", *(test.path for test in settings.smoke_tests)]
    words = [str(settings.nginx_local_port), settings.domain, *(f"/{slot}{path}" for path in paths)]
    try:
        done = subprocess.run(
            ["docker", "exec", settings.nginx_container, "bash", "-c", INNER_REQUESTS, "-", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "Nginx did not answer within 60 s"
    if done.returncode:
        return f"Nginx could not be asked: {done.stderr.decode('utf-8', 'replace').strip()}"
    answers = [parse(text) for text in done.stdout.decode("utf-8", "replace").split(SEPARATOR)]
    return _judge(settings, answers, release, slot)


def smoke_public(settings: Settings, release: str, slot: str) -> str | None:
    """The same over HTTPS at the published port, by name, the certificate verified."""
    answers = [
        ask_public(settings, path) for path in ("/api/health", *(t.path for t in settings.smoke_tests))
    ]
    return _judge(settings, answers, release, slot)


def ask_public(settings: Settings, path: str) -> Answer:
    """A request as a user's browser makes it."""
    try:
        context = ssl.create_default_context(cafile=str(settings.certificate))
        context.verify_flags |= PARTIAL_CHAIN
        address = ("127.0.0.1", settings.https_port)
        with socket.create_connection(address, timeout=10) as plain, context.wrap_socket(
            plain, server_hostname=settings.domain
        ) as secure:
            request = f"GET {path} HTTP/1.0\r\nHost: {settings.domain}\r\nConnection: close\r\n\r\n"
            secure.sendall(request.encode("ascii"))
            text = b"".join(iter(lambda: secure.recv(65536), b""))
    except OSError as error:
        return Answer(0, str(error))
    return parse(text.decode("utf-8", "replace"))


def _judge(settings: Settings, answers: list[Answer], release: str, slot: str) -> str | None:
    problem = health_problem(answers[0], release, slot)
    if problem:
        return problem
    for test, answer in zip(settings.smoke_tests, answers[1:]):
        if answer.status != test.status:
            return f"{test.path} answered {answer.status or 'nothing'}, expected {test.status}"
    return None


def until_none(ask: Callable[[], str | None], seconds: float, delay: float) -> str | None:
    """Asks again until nothing is wrong or the time is up; the last problem."""
    deadline = time.monotonic() + seconds
    while True:
        problem = ask()
        if problem is None or time.monotonic() > deadline:
            return problem
        time.sleep(delay)
