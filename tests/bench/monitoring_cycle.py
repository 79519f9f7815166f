"""What one cycle costs: CPU, memory and time of the program itself, and apart from it what systemd adds."""

from __future__ import annotations

import json
import statistics
from typing import Any

from tests.bench.embedded import ROOT, UNIT, ssh

RUNS = 20

# Runs the unit's command as its user, with the credential that systemd would pass; the kernel counts.
SCRIPT = f"""
set -e
systemctl stop {UNIT}.timer
trap 'systemctl start {UNIT}.timer' EXIT
python3 - <<'END'
import json, os, pwd, shutil, subprocess, tempfile, time
unit, root = "{UNIT}", "{ROOT}"
user = pwd.getpwnam("tdm-monitor")
passed = tempfile.mkdtemp()
shutil.copy(root + "/secrets/redis_monitor_password", passed + "/redis_password")
for path in (passed, passed + "/redis_password"):
    os.chown(path, user.pw_uid, user.pw_gid)
command = [root + "/monitoring/venv/bin/python", "-I", "-m", "monitoring"]
command += ["--config", root + "/monitoring/config.json", "collect"]
runs = []
for number in range({RUNS} + 2):
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        os.execve(command[0], command, {{"PATH": "/usr/bin:/bin", "CREDENTIALS_DIRECTORY": passed}})
    _, status, usage = os.wait4(child, 0)
    runs.append({{"status": status, "wall": time.monotonic() - began, "rss_mb": usage.ru_maxrss / 1024,
                 "cpu_ms": 1000 * (usage.ru_utime + usage.ru_stime)}})
    time.sleep(0.5)
shutil.rmtree(passed)
# What systemd takes itself, and what those processes took that it waited for, from fork on; ticks of 10 ms.
def ticks():
    words = open("/proc/1/stat").read().rsplit(")", 1)[1].split()
    return [int(words[11]) + int(words[12]), int(words[13]) + int(words[14])]
STARTS = 20
before = ticks()
for number in range(STARTS):
    subprocess.run(["systemctl", "start", unit + ".service"], check=True)
after = ticks()
manager, started = ((later - earlier) * 10 / STARTS for earlier, later in zip(before, after))
print(json.dumps({{"runs": runs[2:], "started_ms": started, "manager_ms": manager}}))
END
"""


def measure() -> dict[str, Any]:
    """`cycle_cpu_ms`, `cycle_wall`: medians; `cycle_rss_mb`: the most; `cycle_activation_ms`: systemd's."""
    found = json.loads(ssh(SCRIPT).strip().splitlines()[-1])
    failed = [run for run in found["runs"] if run["status"] != 0]
    if failed:
        raise SystemExit(
            f"{len(failed)} of {RUNS} cycles failed; journalctl -u {UNIT} on the embedded host says why"
        )
    cpu = statistics.median(run["cpu_ms"] for run in found["runs"])
    # Namespaces and filters are set up by the new process before it becomes the program.
    activation = max(found["started_ms"] - cpu, 0.0) + found["manager_ms"]
    per_day = 1440 * (cpu + activation) / 1000
    return {
        "cycle_cpu_ms": cpu,
        "cycle_cpu_ms_max": max(run["cpu_ms"] for run in found["runs"]),
        "cycle_rss_mb": max(run["rss_mb"] for run in found["runs"]),
        "cycle_wall": statistics.median(run["wall"] for run in found["runs"]),
        "cycle_activation_ms": activation,
        "cpu_seconds_per_day": 1440 * cpu / 1000,
        "cpu_seconds_per_day_with_activation": per_day,
    }
