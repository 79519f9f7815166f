"""A real rsyslogd with the role's settings: lines wait on the disk while the server is away, arrive once."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest

from tests.support import bulk_server

PROJECT = Path(__file__).resolve().parents[3]
TEMPLATE = PROJECT / "roles/log_shipping/templates/rsyslog.conf.j2"


class Shipping:
    """rsyslogd on its own files, and the server that it sends to."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "access.log"
        self.log.touch()
        self.state = directory / "state"
        self.state.mkdir()
        self._target = directory / "documents.json"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        conf = directory / "rsyslog.conf"
        conf.write_text(self._rendered())
        program = shutil.which("rsyslogd", path="/usr/sbin:/sbin:/usr/bin")
        assert program, "rsyslogd is missing: scripts/unit installs it"
        self._journal = directory / "rsyslogd.log"
        self._output = self._journal.open("wb")
        self._daemon = subprocess.Popen([program, "-n", "-iNONE", "-f", str(conf)], stderr=self._output)
        self._server: subprocess.Popen[bytes] | None = None

    def _rendered(self) -> str:
        environment = jinja2.Environment(trim_blocks=True, autoescape=False, undefined=jinja2.StrictUndefined)  # noqa: S701
        environment.tests["match"] = lambda value, pattern: re.match(pattern, value) is not None
        return environment.from_string(TEMPLATE.read_text()).render(
            __log_shipping_state=str(self.state),
            __log_shipping_files=[{"path": str(self.log), "tag": "nginx"}],
            __log_shipping_retry=1,
            log_shipping_server=f"http://127.0.0.1:{self._port}",
            log_shipping_index="test",
            log_shipping_user="elastic",
            log_shipping_password="secret",
            log_shipping_ca_file="",
            log_shipping_queue_mb=32,
        )

    def start_server(self) -> None:
        command = [sys.executable, bulk_server.__file__, str(self._port), str(self._target), "elastic:secret"]
        self._server = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def write(self, first: int, last: int, path: Path | None = None) -> None:
        with (path or self.log).open("a") as file:
            file.writelines(
                json.dumps({"number": number, "text": 'a "b" \\ 中文'}) + "\n"
                for number in range(first, last + 1)
            )

    def on_disk(self) -> int:
        """Bytes of the queue."""
        return sum(file.stat().st_size for file in self.state.glob("lines.*"))

    def documents(self) -> list[dict[str, Any]]:
        lines = self._target.read_text().splitlines() if self._target.exists() else []
        return [json.loads(line) for line in lines]

    def wait_for(self, last: int) -> None:
        """Wait until the numbers 1 to `last` are there; each must be there once."""
        until = time.monotonic() + 60
        wanted = list(range(1, last + 1))
        while time.monotonic() < until:
            if len(self.documents()) >= last:
                break
            time.sleep(0.2)
        found = sorted(one["document"]["number"] for one in self.documents())
        assert found == wanted, f"{len(found)} of {last}\n{self._journal.read_text()[-2000:]}"

    def stop(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        self._daemon.send_signal(signal.SIGTERM)
        try:
            self._daemon.wait(20)
        finally:
            self._daemon.kill()
            self._output.close()


@pytest.fixture
def shipping(tmp_path: Path) -> Iterator[Shipping]:
    found = Shipping(tmp_path)
    yield found
    found.stop()


def test_lines_wait_on_the_disk_while_the_server_is_away(shipping: Shipping) -> None:
    shipping.write(1, 2000)
    until = time.monotonic() + 30
    while shipping.on_disk() < 2000 * 200 and time.monotonic() < until:
        time.sleep(0.2)
    assert shipping.on_disk() > 2000 * 200, "the lines are not on the disk"
    shipping.start_server()
    shipping.wait_for(2000)
    assert shipping.documents()[0]["document"]["text"] == 'a "b" \\ 中文'
    assert re.fullmatch(r"test-\d{4}\.\d\d\.\d\d", shipping.documents()[0]["index"])


def test_rotation_and_broken_lines_stop_nothing(shipping: Shipping) -> None:
    shipping.start_server()
    shipping.write(1, 20)
    shipping.wait_for(20)
    rotated = shipping.log.with_suffix(".log.1")
    shipping.log.rename(rotated)
    shipping.write(21, 25, rotated)
    shipping.log.write_text('no json\n{"number": broken\n')
    shipping.write(26, 30)
    shipping.wait_for(30)
