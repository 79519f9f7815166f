"""Alerts go out by e-mail and HTTPS; a failing channel is tried again and reported on the others."""

from __future__ import annotations

import email
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from monitoring import alerts, notify
from monitoring.config import AlertsConfig, Rule
from monitoring.rules import Condition, Verdict
from monitoring.store import Store
from tests.support.monitoring_parts import free_port

NAMES = ("app_health_failure", "channel_failing", "high_cpu_usage")
RULES = {name: Rule(True, "critical", None, 60) for name in NAMES}


class Mailbox:
    """Takes the mail of a real SMTP server."""

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], str, str]] = []

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content)
        text = ""
        for part in message.walk():
            if part.get_content_type() == "text/plain":
                payload = part.get_payload(decode=True)
                text = payload.decode() if isinstance(payload, bytes) else ""
        subject = str(make_header(decode_header(message["Subject"])))
        self.messages.append((envelope.rcpt_tos, subject, text))
        return "250 taken"


class Chat:
    """An HTTPS server in the place of a chat service; answers with `status`."""

    def __init__(self, authority: Path, port: int = 0) -> None:
        self.status = 200
        self.posts: list[tuple[str, Any]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posts.append((self.path, json.loads(body)))
                answer = b'{"errcode": 0, "errmsg": "ok", "code": 0, "msg": "success"}'
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *unused: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority / "server.pem", authority / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture
def chat(authority: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority / "ca.pem"))
    server = Chat(authority)
    yield server
    server.close()


def channel(name: str, url: str, least: str = "info") -> notify.Channel:
    return notify.Channel(name, url, least)


def cycle(
    store: Store, now: float, channels: tuple[notify.Channel, ...], *conditions: Condition, complete: str = ""
) -> int:
    found = notify.Channels(channels, "")
    with store.transaction():
        alerts.apply(
            store, Verdict(conditions, frozenset([complete] if complete else [])), RULES, "host1", now
        )
        notify.enqueue(store, found)
    return notify.deliver(store, found, now)


def condition(firing: bool, severity: str = "critical", kind: str = "app_health_failure") -> Condition:
    return Condition(kind, "", firing, severity, "503", "health check fails: HTTP status 503 中文", 503.0)


def smtp(port: int) -> notify.Channel:
    return channel(
        "mail", f"mailto://127.0.0.1:{port}?from=monitor@company.com&to=admin@company.com&mode=insecure"
    )


def test_mail_says_what_when_and_where_once_and_when_it_is_over(
    store: Store, mailbox: tuple[Mailbox, int]
) -> None:
    box, port = mailbox
    assert cycle(store, 1000, (smtp(port),), condition(True)) == 1
    assert cycle(store, 1060, (smtp(port),), condition(True)) == 0
    assert cycle(store, 1120, (smtp(port),), condition(False)) == 1
    assert [subject for _, subject, _ in box.messages] == [
        "[host1] critical: app_health_failure",
        "[host1] resolved: app_health_failure",
    ]
    recipients, _, text = box.messages[0]
    assert recipients == ["admin@company.com"]
    for words in ("FIRED critical app_health_failure on host1, 1970-01-01", "HTTP status 503 中文"):
        assert words in text


def test_several_events_of_a_cycle_are_one_message(store: Store, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    cycle(store, 1000, (smtp(port),), condition(True, "warning", "high_cpu_usage"), condition(True))
    assert [subject for _, subject, _ in box.messages] == ["[host1] critical: app_health_failure and 1 more"]


def test_a_webhook_over_verified_https(
    store: Store, chat: Chat, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = channel("hook", f"jsons://127.0.0.1:{chat.port}/alerts")
    assert cycle(store, 1000, (hook,), condition(True)) == 1
    path, posted = chat.posts[0]
    assert path == "/alerts"
    assert posted["title"] == "[host1] critical: app_health_failure"
    assert "中文" in posted["message"]
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority / "server.pem"))
    assert cycle(store, 1060, (hook,), condition(False)) == 0, "an authority that is not trusted"
    assert len(chat.posts) == 1


def test_a_channel_that_fails_is_tried_again_and_reported_on_the_others(
    store: Store, chat: Chat, mailbox: tuple[Mailbox, int]
) -> None:
    box, port = mailbox
    hook = channel("hook", f"jsons://127.0.0.1:{chat.port}/alerts")
    chat.status = 500
    assert cycle(store, 1000, (hook, smtp(port)), condition(True)) == 1, "the mail goes out all the same"
    failing = notify.failing(store)
    assert list(failing) == ["hook"]
    assert "500" in failing["hook"]
    trouble = Condition("channel_failing", "hook", True, "warning", "failing", "channel hook ...", None)
    cycle(store, 1060, (hook, smtp(port)), condition(True), trouble)
    assert [subject for _, subject, _ in box.messages][1:] == ["[host1] warning: channel_failing hook"]
    assert len(chat.posts) == 2, "tried again after a minute"
    cycle(store, 1120, (hook, smtp(port)), condition(True), trouble)
    assert len(chat.posts) == 2, "and then after two"
    chat.status = 200
    cycle(store, 1240, (hook, smtp(port)), condition(True), trouble)
    assert len(chat.posts) == 3
    assert chat.posts[2][1]["title"] == "[host1] critical: app_health_failure"
    assert notify.failing(store) == {}


def test_what_waits_is_on_the_disk(store: Store, chat: Chat, tmp_path: Path) -> None:
    from monitoring.store import open_store

    hook = channel("hook", f"jsons://127.0.0.1:{chat.port}/alerts")
    chat.status = 503
    cycle(store, 1000, (hook,), condition(True))
    store.connection.close()
    chat.status = 200
    again = open_store(str(tmp_path))
    assert notify.deliver(again, notify.Channels((hook,), ""), 1100) == 1
    assert notify.deliver(again, notify.Channels((hook,), ""), 1200) == 0, "once"
    again.connection.close()
    assert len(chat.posts) == 2


@pytest.mark.parametrize(
    "url",
    [
        "wecombot://693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa",
        "dingtalk://accesstoken0123456789abcdef",
        "feishu://0123456789abcdef0123456789abcdef",
    ],
)
def test_the_chat_services_of_the_operators_country_are_known(url: str) -> None:
    import apprise

    assert apprise.Apprise().add(url)


def test_an_address_that_nobody_knows_is_said_without_the_secret(store: Store) -> None:
    wrong = channel("wrong", "nosuch://user:my-secret-password@host/")
    cycle(store, 1000, (wrong,), condition(True))
    assert notify.failing(store) == {"wrong": "its address is none that Apprise knows"}


def test_the_reason_does_not_show_the_password(store: Store) -> None:
    dead = channel("dead", f"jsons://user:my-secret-password@127.0.0.1:{free_port()}/my-secret-path")
    cycle(store, 1000, (dead,), condition(True))
    reason = notify.failing(store)["dead"]
    assert reason
    assert "my-secret" not in reason


def test_a_channel_gets_what_is_grave_enough(store: Store, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    grave = smtp(port)._replace(least="critical")
    cycle(store, 1000, (grave,), condition(True, "warning", "high_cpu_usage"))
    assert box.messages == []
    cycle(store, 1060, (grave,), condition(True))
    assert len(box.messages) == 1


def test_a_channel_that_was_removed_keeps_nothing_waiting(store: Store) -> None:
    dead = channel("dead", f"jsons://127.0.0.1:{free_port()}/")
    cycle(store, 1000, (dead,), condition(True))
    cycle(store, 1100, (), condition(True))
    assert store.rows("SELECT * FROM outbox") == []


def test_the_channels_file_is_read_and_a_broken_one_is_said_without_its_content(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "channels.json"
    settings = AlertsConfig(3, 15, "", 20, str(file), "/run")
    assert notify.read(settings) == notify.Channels((), "")
    file.write_text(
        json.dumps({"channels": [{"name": "a", "url": "json://x"}], "watchdog_url": "https://y/"})
    )
    assert notify.read(settings) == notify.Channels((channel("a", "json://x"),), "https://y/")
    file.write_text('{"channels": [{"name": "a", "url": "json://secret"')
    assert notify.read(settings).items == ()
    said = capfd.readouterr().err
    assert "cannot be used" in said
    assert "secret" not in said
