"""How the container runs, starts and is looked after."""

from __future__ import annotations

import json
import time

from conftest import CONTAINER, LOGS, ROOT
from testinfra.host import Host


def inspect(host: Host) -> dict:
    return json.loads(host.check_output(f"docker inspect {CONTAINER}"))[0]


def test_runs_healthy_and_confined(host: Host) -> None:
    state = inspect(host)
    assert state["State"]["Health"]["Status"] == "healthy", host.run(
        f"docker logs --tail 20 {CONTAINER} 2>&1"
    ).stdout
    assert state["Config"]["User"] == "10002:10001"
    assert state["HostConfig"]["ReadonlyRootfs"] is True
    assert state["HostConfig"]["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in state["HostConfig"]["SecurityOpt"]
    assert state["HostConfig"]["PidsLimit"] == 64
    assert 0 < state["HostConfig"]["Memory"] <= 256 * 1024 * 1024
    assert state["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    writable = [mount["Destination"] for mount in state["Mounts"] if mount["RW"]]
    assert writable == ["/var/log/nginx"]


def test_the_health_check_asks_nginx(host: Host) -> None:
    check = " ".join(inspect(host)["Config"]["Healthcheck"]["Test"])
    assert "GET /live HTTP" in check
    # The same question on a port where nothing listens: the check must be able to fail.
    command = inspect(host)["Config"]["Healthcheck"]["Test"][-1]
    assert host.run(f"docker exec {CONTAINER} bash -c {quote(command)}").rc == 0
    assert host.run(f"docker exec {CONTAINER} bash -c {quote(command.replace('8081', '8082'))}").rc != 0


def quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def test_only_80_and_443_are_published(host: Host) -> None:
    assert set(inspect(host)["HostConfig"]["PortBindings"]) == {"80/tcp", "443/tcp"}
    assert host.run("curl --silent --max-time 3 http://127.0.0.1:8081/status").rc != 0


def test_counts_connections_inside_the_container(host: Host) -> None:
    script = 'exec 3<>/dev/tcp/127.0.0.1/8081 && printf "GET /status HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3'
    assert "Active connections" in host.check_output(f"docker exec {CONTAINER} bash -c '{script}'")


def test_starts_without_an_app(host: Host) -> None:
    host.check_output("systemctl stop stand-in.service")
    host.check_output(f"docker restart {CONTAINER}")
    for _ in range(40):
        if inspect(host)["State"]["Health"]["Status"] == "healthy":
            return
        time.sleep(0.5)
    raise AssertionError(host.run(f"docker logs --tail 20 {CONTAINER} 2>&1").stdout)


def test_worker_processes_are_those_of_the_budget(host: Host) -> None:
    configured = host.check_output(f"sed -n 's/^worker_processes \\(.*\\);/\\1/p' {ROOT}/nginx/nginx.conf")
    running = host.check_output(f"docker top {CONTAINER} -o pid,args").count("worker process")
    assert running == int(configured)


def test_the_key_is_nginx_own(host: Host) -> None:
    key = host.file(f"{ROOT}/tls/privkey.pem")
    assert (key.uid, key.mode) == (10002, 0o400)


def test_a_reload_that_is_not_taken_is_noticed(host: Host) -> None:
    """The tool is given a version that the running Nginx cannot have."""
    tool = f"{ROOT}/bin/nginx-reload"
    assert host.run(tool).rc == 0, host.run(tool).stderr
    result = host.run(f"sed 's/^expected=.*/expected=0000000000000000/; s/-lt 40/-lt 4/' {tool} | sh")
    assert result.rc == 1
    assert "still runs configuration" in result.stderr


def test_a_broken_configuration_is_not_reloaded(host: Host) -> None:
    site = f"{ROOT}/nginx/conf.d/zz-broken.conf"
    host.check_output(f"echo 'server {{ listen 80; gzip_proxied must-revalidate; }}' > {site}")
    result = host.run(f"{ROOT}/bin/nginx-reload")
    host.check_output(f"rm {site}")
    assert result.rc != 0
    assert "must-revalidate" in result.stderr


def test_logs_rotate_without_losing_a_line_or_the_container(host: Host) -> None:
    host.run("curl --silent http://127.0.0.1/before-rotation")
    before = host.check_output(f"stat -c %i {LOGS}/access.log")
    host.check_output("logrotate --force /etc/logrotate.d/tencent-doc-manager-nginx")
    host.run("curl --silent http://127.0.0.1/after-rotation")
    time.sleep(0.5)
    assert host.check_output(f"stat -c %i {LOGS}/access.log") != before
    assert host.file(f"{LOGS}/access.log").user == "10002" or host.file(f"{LOGS}/access.log").uid == 10002
    assert "after-rotation" in host.check_output(f"cat {LOGS}/access.log")
    assert "before-rotation" in host.check_output(f"cat {LOGS}/access.log.1")
    # Docker must not take the rotation for a stop by hand, or the container stays down at the next boot.
    identity = host.check_output(f"docker inspect --format '{{{{.Id}}}}' {CONTAINER}")
    state = json.loads(host.check_output(f"cat /var/lib/docker/containers/{identity}/config.v2.json"))
    assert state["HasBeenManuallyStopped"] is False


def test_thirty_rotations_are_kept(host: Host) -> None:
    rules = host.file("/etc/logrotate.d/tencent-doc-manager-nginx").content_string.split()
    for word in ("daily", "compress", "delaycompress", "missingok", "notifempty"):
        assert word in rules
    assert rules[rules.index("rotate") + 1] == "30"
