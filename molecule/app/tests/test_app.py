"""The app role on a real host: image, slot, worker, secrets, and what it says when a release fails."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest

from tests.support.playbooks import run_playbook

ROOT = "/opt/tencent-doc-manager"
WORKER = "tencent-doc-manager-worker-1"
CONVERGE = "molecule/app/converge.yml"


def slot(host: Any) -> str:
    """The live slot."""
    return str(host.check_output(f"readlink {ROOT}/run/sock/current.sock")).removesuffix(".sock")


def app(host: Any) -> str:
    """The live slot's container."""
    return f"tencent-doc-manager-app-{slot(host)}-1"


def inspect(host: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.check_output(f"docker inspect {name}"))[0]
    return found


def wait_healthy(host: Any, name: str, seconds: float = 90) -> None:
    """Docker looks at a container's health every 30 s."""
    deadline = time.monotonic() + seconds
    while inspect(host, name)["State"]["Health"]["Status"] != "healthy":
        assert time.monotonic() < deadline, logs(host, name)
        time.sleep(1)


def logs(host: Any, name: str) -> str:
    return str(host.run(f"docker logs --tail 20 {name} 2>&1").stdout)


def health(host: Any) -> str:
    return str(
        host.run(
            f"curl -s -o /dev/null -w '%{{http_code}}' --cacert {ROOT}/tls/ca.pem "
            "--resolve docs.company.com:443:127.0.0.1 https://docs.company.com/api/health"
        ).stdout
    )


def secret_hashes(host: Any) -> dict[str, str]:
    names = host.check_output(f"ls {ROOT}/secrets").split()
    return {n: hashlib.sha256(host.file(f"{ROOT}/secrets/{n}").content).hexdigest() for n in names}


@pytest.mark.parametrize("service", ["app", "worker"])
def test_containers_are_healthy_and_locked_down(host: Any, service: str) -> None:
    name = app(host) if service == "app" else WORKER
    wait_healthy(host, name)
    found = inspect(host, name)
    assert found["Config"]["User"] == "10001:10001"
    assert found["HostConfig"]["ReadonlyRootfs"] is True
    assert found["HostConfig"]["CapDrop"] == ["ALL"]
    assert found["HostConfig"]["Memory"] > 0
    assert not found["HostConfig"]["PortBindings"]


def test_the_service_answers_through_nginx(host: Any) -> None:
    assert slot(host) in ("blue", "green")
    assert health(host) == "200", logs(host, app(host))


def test_the_image_holds_no_compiler_and_no_installer(host: Any) -> None:
    for program in ("gcc", "cc", "pip", "pip3"):
        assert host.run(f"docker exec {app(host)} sh -c 'command -v {program}'").rc != 0, program


def test_the_database_is_migrated_and_in_wal_mode(host: Any) -> None:
    query = (
        "import sqlite3; c = sqlite3.connect('file:/data/tencent_docs.db?mode=ro', uri=True); "
        "print(c.execute('pragma journal_mode').fetchone()[0], "
        "c.execute('select count(*) from alembic_version').fetchone()[0])"
    )
    assert host.check_output(f'docker exec {app(host)} python -c "{query}"') == "wal 1"
    assert host.file(f"{ROOT}/data/tencent_docs.db").uid == 10001


def test_secrets_are_made_once_and_kept(host: Any) -> None:
    before = secret_hashes(host)
    for name in ("secret_key", "admin_password"):
        secret = host.file(f"{ROOT}/secrets/{name}")
        assert (secret.mode, secret.uid) == (0o400, 10001), name
    answer = run_playbook(CONVERGE, "-e", "app_log_level=WARNING")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert "LOG_LEVEL=WARNING" in inspect(host, app(host))["Config"]["Env"]
    assert secret_hashes(host) == before


def test_a_stopped_worker_is_found_and_started_again(host: Any) -> None:
    host.check_output(f"docker stop {WORKER}")
    drifted = run_playbook(CONVERGE, "--check")
    assert "changed=1" in drifted.stdout, drifted.stdout[-2000:]
    answer = run_playbook(CONVERGE)
    assert answer.returncode == 0, answer.stdout[-3000:]
    wait_healthy(host, WORKER)


def test_placeholder_secrets_are_refused_before_anything_changes(host: Any) -> None:
    before = inspect(host, app(host))["Id"]
    answer = run_playbook(CONVERGE, "-e", "app_claude_api_key=your-api-key-goes-in-here")
    assert answer.returncode != 0
    assert "app_claude_api_key holds a placeholder" in answer.stdout
    assert inspect(host, app(host))["Id"] == before


def test_a_stopped_slot_is_found_and_its_release_started_in_the_other(host: Any) -> None:
    before = slot(host)
    host.check_output(f"docker stop {app(host)}")
    assert "changed=1" in run_playbook(CONVERGE, "--check").stdout
    answer = run_playbook(CONVERGE)
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert slot(host) != before
    assert health(host) == "200"


def test_a_release_that_is_not_healthy_fails_the_play_with_its_last_words(host: Any) -> None:
    queue = "tencent-doc-manager-redis-queue-1"
    before = slot(host)
    host.check_output(f"docker pause {queue}")
    try:
        answer = run_playbook(CONVERGE, "-e", "app_log_level=ERROR", "-e", "app_start_timeout=12")
        assert answer.returncode != 0, answer.stdout[-3000:]
        assert "was not ready within 12 s" in answer.stdout, answer.stdout[-3000:]
        assert "last log lines" in answer.stdout
        assert slot(host) == before
    finally:
        host.check_output(f"docker unpause {queue}")
    wait_healthy(host, queue)
    recovered = run_playbook(CONVERGE)
    assert recovered.returncode == 0, recovered.stdout[-3000:]
    assert health(host) == "200"
