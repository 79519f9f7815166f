"""Seconds from a fault to its notification, on the embedded host: timer, rules and channel are real.

For each fault: make it, wait for the message, mend it, wait for the message that it is over. Each must come
within two minutes, once. The channel is a webhook on the host's loopback; the host gets it, and a small file
system to fill, by the role itself, and is put back in the end.
"""

from __future__ import annotations

import json
import tempfile
import time
from typing import Any, NamedTuple

from tests.bench import report
from tests.bench.embedded import NAME, attempt, playbook, ssh

LIMIT_SECONDS = 120
MENDED_SECONDS = 300
DISK = "/mnt/bench-disk"
PORT = 9099
TAKEN = "/run/bench-alerts"

RECEIVER = f"""
import http.server, json, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open("{TAKEN}", "a") as file:
            file.write(json.dumps([time.time(), body["title"], body["message"]]) + "\\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *unused):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", {PORT}), Handler).serve_forever()
"""


class Fault(NamedTuple):
    """`types`: the alerts by which it may be told; one of them, once."""

    name: str
    make: str
    mend: str
    types: tuple[str, ...]


PROCESSES = f"$(docker top {NAME}-app-blue-1 -o pid | tail -n +2)"
FAULTS = (
    Fault(
        "container_killed",
        f"docker kill {NAME}-app-blue-1",
        f"docker start {NAME}-app-blue-1",
        ("container_unhealthy app (service)", "app_health_failure"),
    ),
    Fault("app_hung", f"kill -STOP {PROCESSES}", f"kill -CONT {PROCESSES}", ("app_health_failure",)),
    Fault(
        "disk_filling",
        f"dd if=/dev/zero of={DISK}/fill bs=1M count=61 status=none",
        f"rm {DISK}/fill",
        (f"high_disk_usage {DISK}",),
    ),
    Fault(
        "redis_down",
        f"docker stop -t 5 {NAME}-redis-queue-1",
        f"docker start {NAME}-redis-queue-1",
        ("container_unhealthy redis-queue (service)", "redis_down queue"),
    ),
    Fault(
        "docker_dead",
        "systemctl stop docker.socket docker.service",
        "systemctl start docker.socket docker.service",
        ("container_unhealthy docker",),
    ),
    Fault(
        "out_of_memory",
        # A shell stays in the control group: with version 1 the count goes when the group goes.
        "systemd-run --unit=bench-oom bash -c 'python3 -c \"bytearray(3 << 30)\"; sleep 900'",
        "systemctl stop bench-oom",
        ("oom_kill",),
    ),
)


def measure() -> dict[str, Any]:
    """`fault_to_notification`: seconds each; `fault_to_resolved`, from its mending; ends when one is late."""
    _prepare()
    kept = report.read("monitoring")
    told: dict[str, float] = dict(kept.get("fault_to_notification", {}))
    over: dict[str, float] = dict(kept.get("fault_to_resolved", {}))
    try:
        for fault in FAULTS:
            told[fault.name], over[fault.name] = _try(fault)
            # All six take half an hour: what was measured is kept when a later one fails.
            report.write("monitoring", {**kept, "fault_to_notification": told, "fault_to_resolved": over})
            print(
                f"{fault.name}: told after {told[fault.name]:.0f} s, over {over[fault.name]:.0f} s later",
                flush=True,
            )
    finally:
        _restore()
    return {"fault_to_notification": told, "fault_to_resolved": over}


def _prepare() -> None:
    # A size of its own: nothing but this benchmark can fill it.
    ssh(
        f"mkdir -p {DISK}; mountpoint -q {DISK} || mount -t tmpfs -o size=64m bench {DISK}\n"
        f"cat >/run/bench-receiver.py <<'END'\n{RECEIVER}\nEND\n"
        "systemctl reset-failed bench-receiver 2>/dev/null; systemctl stop bench-receiver 2>/dev/null\n"
        f": >{TAKEN}\n"
        "systemd-run --unit=bench-receiver python3 /run/bench-receiver.py"
    )
    channel = {"name": "bench", "url": f"json://127.0.0.1:{PORT}/"}
    variables = {
        "monitoring_channels": [channel],
        "monitoring_disk_paths": ["/", DISK],
        # The build machine is busy with the benchmark itself.
        "monitoring_rules": {"high_cpu_usage": {"enabled": False}},
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(variables, file)
        file.flush()
        playbook("playbooks/monitoring.yml", "-e", f"@{file.name}")
    _quiet()


def _restore() -> None:
    playbook("playbooks/monitoring.yml")
    attempt(f"systemctl stop bench-receiver bench-oom; umount {DISK}; rmdir {DISK}; rm -f /run/bench-*; true")


def _quiet() -> None:
    """Wait until nothing is open: what was wrong before would be taken for the fault."""
    deadline = time.monotonic() + MENDED_SECONDS
    while time.monotonic() < deadline:
        status = json.loads(attempt("tdm-monitoring status --json").stdout or "{}")
        if status.get("alerts") == []:
            return
        time.sleep(5)
    raise SystemExit(f"alerts are open before the first fault: {status.get('alerts')}")


def _messages(since: float) -> list[tuple[float, str, str]]:
    lines = ssh(f"cat {TAKEN}").splitlines()
    return [(moment, title, text) for moment, title, text in map(json.loads, lines) if moment >= since]


def _try(fault: Fault) -> tuple[float, float]:
    began = float(ssh(f"date +%s.%N; {fault.make} >/dev/null").splitlines()[0])
    fired = _wait(began, "FIRED", LIMIT_SECONDS, fault)
    # Long enough for a second word on the same fault to come, if there were one.
    time.sleep(65)
    mended = float(ssh(f"date +%s.%N; {fault.mend} >/dev/null").splitlines()[0])
    # An OOM kill counts for ten minutes.
    patience = 780 if fault.name == "out_of_memory" else MENDED_SECONDS
    resolved = _wait(mended, "RESOLVED", patience, fault)
    time.sleep(65)
    said = [text for _, _, text in _messages(began)]
    events = [
        line
        for text in said
        for line in text.splitlines()
        if line.startswith(("FIRED", "RESOLVED", "CHANGED", "REP"))
    ]
    kinds = [line.split()[0] for line in events]
    if kinds != ["FIRED", "RESOLVED"]:
        raise SystemExit(f"{fault.name} was not told once and resolved once:\n" + "\n".join(events))
    return fired - began, resolved - mended


def _wait(since: float, word: str, seconds: float, fault: Fault) -> float:
    deadline = time.monotonic() + seconds
    found: list[tuple[float, str, str]] = []
    while time.monotonic() < deadline:
        found = _messages(since)
        for moment, title, text in found:
            kind = title.split(": ", 1)[-1].partition(" and ")[0]
            if word in text and kind in fault.types:
                return moment
        time.sleep(1)
    shown = [title for _, title, _ in found]
    raise SystemExit(
        f"{fault.name}: no {word} of {' or '.join(fault.types)} within {seconds:.0f} s; came: {shown}"
    )
