"""Every line reaches the server once, as it was written: also what came while the server was away."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from testinfra.host import Host

LOGS = "/var/log/tencent-doc-manager"
UNIT = "tencent-doc-manager-log-shipping"
SERVER = "bulk-server"


@pytest.fixture
def server(host: Host) -> None:
    """A server that is up and has nothing yet."""
    host.check_output(f"rm -f /root/documents.json; systemctl restart {SERVER}")


def write(host: Host, path: str, first: int, last: int, **more: str) -> None:
    # In portions: one command line takes 128 KB.
    for begin in range(first, last + 1, 500):
        numbers = range(begin, min(begin + 500, last + 1))
        lines = "".join(json.dumps({"number": number, **more}) + "\n" for number in numbers)
        host.run_expect([0], f"cat >> {LOGS}/{path} <<'LINES'\n{lines}LINES")


def documents(host: Host) -> list[dict[str, Any]]:
    found = host.run("cat /root/documents.json").stdout
    return [json.loads(line) for line in found.splitlines()]


def wait_for(host: Host, numbers: set[int]) -> list[dict[str, Any]]:
    for _attempt in range(120):
        found = documents(host)
        if {one["document"]["number"] for one in found} >= numbers:
            return found
        time.sleep(0.5)
    journal = host.run(f"journalctl -u {UNIT} -u {SERVER} -n 40 --no-pager").stdout
    missing = numbers - {one["document"]["number"] for one in documents(host)}
    raise AssertionError(f"{len(missing)} of {len(numbers)} lines did not arrive\n{journal}")


def once(found: list[dict[str, Any]], numbers: set[int]) -> None:
    assert sorted(one["document"]["number"] for one in found) == sorted(numbers)


def test_lines_arrive_as_they_are(host: Host, server: None) -> None:
    write(host, "nginx/access.log", 1, 50, agent='a "quoted" \\ agent', user="王伟")
    write(host, "app/app.log", 51, 60)
    write(host, "app/worker.log", 61, 70)
    found = wait_for(host, set(range(1, 71)))
    once(found, set(range(1, 71)))
    assert {"number": 7, "agent": 'a "quoted" \\ agent', "user": "王伟"} in [one["document"] for one in found]
    today = host.check_output("date -u +%Y.%m.%d")
    assert {one["index"] for one in found} == {f"tencent-doc-manager-{today}"}


def test_lines_wait_on_the_disk_while_the_server_is_away(host: Host, server: None) -> None:
    host.check_output(f"systemctl stop {SERVER}")
    write(host, "nginx/access.log", 1001, 3500, filler="x" * 40)
    time.sleep(4)
    assert documents(host) == []
    assert int(host.check_output(f"du -sk /var/lib/{UNIT} | cut -f1")) > 100, "nothing waits on the disk"
    host.check_output(f"systemctl start {SERVER}")
    wanted = set(range(1001, 3501))
    once(wait_for(host, wanted), wanted)


def test_rotation_loses_nothing(host: Host, server: None) -> None:
    write(host, "nginx/access.log", 5001, 5020)
    host.check_output(f"mv {LOGS}/nginx/access.log {LOGS}/nginx/access.log.1")
    write(host, "nginx/access.log.1", 5021, 5025)
    write(host, "nginx/access.log", 5026, 5040)
    wanted = set(range(5001, 5041))
    once(wait_for(host, wanted), wanted)


def test_a_line_that_is_no_json_stops_nothing(host: Host, server: None) -> None:
    host.check_output(
        f"echo 'no json' >> {LOGS}/app/app.log; echo '{{\"number\": broken' >> {LOGS}/app/app.log"
    )
    write(host, "app/app.log", 6001, 6005)
    wanted = set(range(6001, 6006))
    once(wait_for(host, wanted), wanted)


def test_the_password_is_for_root_alone(host: Host) -> None:
    conf = host.file(f"/etc/{UNIT}.conf")
    assert (conf.user, conf.mode) == ("root", 0o600)
    assert host.service(f"{UNIT}.service").is_enabled
