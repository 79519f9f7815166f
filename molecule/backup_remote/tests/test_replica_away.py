"""A replica that cannot be reached: the service goes on, and the replica catches up."""

from __future__ import annotations

import subprocess
import time

import pytest
from conftest import AS_SERVICE, SERVICES, WRITER, Service, docker, staged_rows

testinfra_hosts = SERVICES[:1]


def test_a_replica_that_is_away_does_not_stop_the_writer(replicating: Service) -> None:
    docker("exec", "tdm-remote-storage", "systemctl", "stop", "ssh.service", "ssh.socket")
    try:
        code = WRITER.replace("while True:", "for _ in range(500):")
        done = subprocess.run(
            ["docker", "exec", replicating.name, *AS_SERVICE, "python3", "-c", code],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    finally:
        docker("exec", "tdm-remote-storage", "systemctl", "start", "ssh.service")
    wanted = int(done.stdout.split()[-1])
    for _ in range(40):
        replicating.stage("--source=replica")
        if staged_rows(replicating) >= wanted:
            return
        time.sleep(1)
    pytest.fail(
        f"the replica did not catch up: {staged_rows(replicating)} of {wanted}\n{replicating.journal()}"
    )
