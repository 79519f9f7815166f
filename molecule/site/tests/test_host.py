"""The host after site.yml: budget, containers, secrets, drift."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.support.playbooks import run_playbook
from tests.support.site import ROOT, docker_json

SERVICES = {"worker-1", "redis-cache-1", "redis-queue-1", "nginx-1"}


def live(host: Any) -> str:
    """The container of the live slot."""
    slot = str(host.check_output(f"readlink {ROOT}/run/sock/current.sock")).removesuffix(".sock")
    return f"app-{slot}-1"


def containers(host: Any) -> dict[str, dict[str, Any]]:
    names = [row["Names"] for row in docker_json(host, "docker ps")]
    inspected = json.loads(host.check_output("docker inspect " + " ".join(names)))
    return {item["Name"].removeprefix("/tencent-doc-manager-"): item for item in inspected}


def test_every_service_runs_and_is_healthy(host: Any) -> None:
    found = containers(host)
    assert set(found) == SERVICES | {live(host)}
    states = {name: item["State"]["Health"]["Status"] for name, item in found.items()}
    assert set(states.values()) == {"healthy"}, states


def test_containers_are_locked_down(host: Any) -> None:
    for name, item in containers(host).items():
        settings = item["HostConfig"]
        assert item["Config"]["User"].split(":")[0] not in ("", "0", "root"), name
        assert settings["ReadonlyRootfs"], name
        assert settings["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in settings["SecurityOpt"], name
        assert 0 < settings["PidsLimit"] <= 512, name
        assert settings["Memory"] > 0, name
        assert settings["RestartPolicy"]["Name"] == "unless-stopped", name
        assert "docker.sock" not in json.dumps(item["Mounts"]), name


def test_limits_fit_the_host_and_use_stays_inside_them(host: Any) -> None:
    limits = {name: item["HostConfig"]["Memory"] for name, item in containers(host).items()}
    # A release runs two app slots for a moment.
    total = sum(limits.values()) + limits[live(host)]
    assert total <= 0.8 * 2048 * 2**20, {name: limit // 2**20 for name, limit in limits.items()}
    for row in docker_json(host, "docker stats --no-stream"):
        assert float(row["MemPerc"].rstrip("%")) < 90, row


def test_only_nginx_publishes_ports(host: Any) -> None:
    published = {
        name: set(item["HostConfig"]["PortBindings"] or {}) for name, item in containers(host).items()
    }
    assert published.pop("nginx-1") == {"80/tcp", "443/tcp"}
    assert not any(published.values()), published


def test_secrets_are_files_of_their_reader_and_nowhere_else(host: Any) -> None:
    secret = host.file(f"{ROOT}/secrets/secret_key")
    assert (secret.mode, secret.uid) == (0o400, 10001)
    words = [
        host.file(f"{ROOT}/secrets/{name}").content_string.strip()
        for name in ("secret_key", "redis_queue_password")
    ]
    seen = (
        json.dumps(containers(host))
        + host.check_output("ps -eo args")
        + host.check_output("journalctl --no-pager -o cat")
    )
    for word in words:
        assert len(word) >= 32
        assert word not in seen


def test_one_altered_file_is_the_one_that_drift_names(host: Any) -> None:
    path = "/etc/docker/daemon.json"
    before = host.file(path).content_string
    assert run_playbook("playbooks/drift.yml").returncode == 0
    host.check_output(f"printf '\\n' >> {path}")
    try:
        found = run_playbook("playbooks/drift.yml")
        named = re.search(r"Differs from what site.yml makes:(.*?)See the diff", found.stdout, re.DOTALL)
        assert found.returncode == 2, found.stdout[-3000:]
        assert named, found.stdout[-3000:]
        paths = [line for line in re.split(r"\\n|\n", named.group(1)) if line.strip()]
        assert len(paths) == 1, paths
        assert path in paths[0], paths
    finally:
        host.run_expect([0], f"cat > {path} <<'END'\n{before.rstrip()}\nEND")
