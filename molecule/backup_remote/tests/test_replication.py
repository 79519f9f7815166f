"""Continuous replication: what is lost when the host dies in the middle of writing."""

from __future__ import annotations

import json
import subprocess
import threading
import time

from conftest import AS_SERVICE, DATABASE, ROOT, SERVICES, UNIT, WRITER, Service, docker, staged_rows

testinfra_hosts = SERVICES


def test_the_unit_is_confined_and_gives_way(replicating: Service) -> None:
    shown = replicating.host.check_output(f"systemctl show {UNIT}.service").splitlines()
    for line in (
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "Nice=10",
        "IOSchedulingClass=2",
        f"MemoryMax={128 << 20}",
        "PrivateNetwork=yes",
    ):
        assert line in shown


def test_a_killed_host_loses_less_than_ten_seconds(replicating: Service) -> None:
    host = replicating.host
    acknowledged: dict[int, float] = {}
    with subprocess.Popen(
        ["docker", "exec", replicating.name, *AS_SERVICE, "python3", "-c", WRITER],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        killer = threading.Timer(15, docker, ["kill", replicating.name])
        killer.start()
        assert process.stdout is not None
        for line in process.stdout:
            acknowledged[int(line)] = time.monotonic()
        killer.join()
    docker("start", replicating.name)
    for _ in range(100):
        if host.run("systemctl is-system-running").stdout.strip() in ("running", "degraded"):
            break
        time.sleep(0.2)
    # What the replica holds of the time before; the host's own disk has lost all.
    host.check_output(
        f"systemctl stop {UNIT}.service; rm -rf {ROOT}/data/tencent_docs.db* {ROOT}/data/.tencent*"
    )
    plan = replicating.stage("--source=replica")
    last = staged_rows(replicating)
    assert len(acknowledged) > 300, "the writer hardly wrote"
    newest = max(acknowledged)
    lost = [moment for number, moment in acknowledged.items() if number > last]
    seconds = acknowledged[newest] - acknowledged[last] if lost else 0.0
    print(json.dumps({"acknowledged": len(acknowledged), "lost": len(lost), "seconds": round(seconds, 2)}))
    assert seconds < 10, f"{len(lost)} of {len(acknowledged)} rows are lost, the oldest {seconds:.1f} s old"
    assert plan["rows"]["documents"] == 5
    assert plan["whole"] is True
    host.check_output("tdm-backup swap")
    assert host.check_output(f"stat -c %u {DATABASE}") == "10001"
    host.check_output(f"systemctl start {UNIT}.service")


def test_the_log_of_the_database_stays_small_and_its_files_the_services(replicating: Service) -> None:
    """Litestream checkpoints by itself, under a read lock; the service's own checkpoints do not fail."""
    host = replicating.host
    before = int(host.check_output(f"stat -c %s {DATABASE}"))
    code = WRITER.replace("while True:", "for _ in range(6000):").replace("    time.sleep(0.005)\n", "")
    done = subprocess.run(
        ["docker", "exec", replicating.name, *AS_SERVICE, "python3", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    checkpoint = (
        f"import sqlite3; d = sqlite3.connect('{DATABASE}', timeout=30);"
        "print(d.execute('PRAGMA wal_checkpoint(PASSIVE)').fetchone()[0])"
    )
    assert host.check_output(f'{" ".join(AS_SERVICE)} python3 -c "{checkpoint}"') == "0"
    written = 6000 * 900
    for _ in range(30):
        if int(host.check_output(f"stat -c %s {DATABASE}")) >= before + written // 2:
            break
        time.sleep(1)
    assert int(host.check_output(f"stat -c %s {DATABASE}")) >= before + written // 2, (
        "nothing was checkpointed"
    )
    assert int(host.check_output(f"stat -c %s {DATABASE}-wal")) < 32 << 20
    assert set(host.check_output(f"stat -c %u {DATABASE}*").split()) == {"10001"}
    assert replicating.run() == 0, replicating.journal()
