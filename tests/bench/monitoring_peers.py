"""CPU-seconds a day of glances, netdata and node_exporter, on the machine that carries the embedded host.

They watch the same kernel while it works. glances runs all the time at its own rhythm, netdata at ten
seconds; node_exporter is scraped once a minute, collects only, and alerts nobody.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
SETTLE_SECONDS = 10
WATCH_SECONDS = 40
PORT = 9109
DAY = 86400
TICK = os.sysconf("SC_CLK_TCK")


def measure() -> dict[str, Any]:
    """`glances_cpu_s_day`, `netdata_cpu_s_day`, `node_exporter_cpu_s_day`; None: not to be had."""
    subprocess.run(
        ["bash", "-c", ". scripts/lib.sh; apt_install prometheus-node-exporter netdata-core python3-venv"],
        cwd=PROJECT,
        check=False,
        env={**os.environ, "RUNLEVEL": "1"},
    )
    return {
        "glances_cpu_s_day": _glances(),
        "netdata_cpu_s_day": _netdata(),
        "node_exporter_cpu_s_day": _node_exporter(),
    }


def _glances() -> float | None:
    venv = PROJECT / ".cache/glances"
    program = venv / "bin/glances"
    if not program.exists():
        subprocess.run(["python3", "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin/pip"), "install", "--quiet", "glances>=4,<5"], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        words = [str(program), "--quiet", "--disable-check-update"]
        return _steady([*words, "--export", "csv", "--export-csv-file", f"{scratch}/glances.csv"])


def _netdata() -> float | None:
    program = shutil.which("netdata")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("cache", "lib", "log", "etc"):
            Path(scratch, name).mkdir()
        settings = Path(scratch, "etc/netdata.conf")
        settings.write_text(
            "[global]\nupdate every = 10\nrun as user = root\n"
            f"[directories]\ncache = {scratch}/cache\nlib = {scratch}/lib\nlog = {scratch}/log\n"
            f"config = {scratch}/etc\n"
            f"[db]\nupdate every = 10\n[web]\nbind to = 127.0.0.1:{PORT}\n[cloud]\nenabled = no\n"
        )
        return _steady([program, "-D", "-c", str(settings)])


def _steady(command: list[str]) -> float:
    """CPU-seconds a day of a program and its children, once it has settled."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        time.sleep(SETTLE_SECONDS)
        if process.poll() is not None:
            raise SystemExit(f"{command[0]} ended with {process.returncode}")
        before, began = _cpu(process.pid), time.monotonic()
        time.sleep(WATCH_SECONDS)
        return (_cpu(process.pid) - before) / (time.monotonic() - began) * DAY
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _node_exporter() -> float | None:
    program = shutil.which("prometheus-node-exporter")
    if program is None:
        return None
    process = subprocess.Popen(
        [program, f"--web.listen-address=127.0.0.1:{PORT + 1}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(2)
        url = f"http://127.0.0.1:{PORT + 1}/metrics"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        scrapes = 20
        direct.open(url, timeout=10).read()
        before = _cpu(process.pid)
        for _ in range(scrapes):
            direct.open(url, timeout=10).read()
            time.sleep(0.2)
        return (_cpu(process.pid) - before) / scrapes * 1440
    finally:
        process.terminate()
        process.wait(10)


def _cpu(pid: int) -> float:
    """Seconds of CPU of the process, its session's other processes, and the children they waited for."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(entry.name) == pid or int(words[3]) == pid:
            total += sum(int(word) for word in words[11:15])
    return total / TICK
