"""The engine as installed and configured, from each source."""

from __future__ import annotations

import json
import time

from testinfra.host import Host


def kind(host: Host) -> str:
    """trixie, bullseye or upstream."""
    return str(host.backend.get_hostname()).rsplit("-", 1)[1]


def daemon(host: Host) -> dict:
    return json.loads(host.file("/etc/docker/daemon.json").content_string)


def information(host: Host) -> dict:
    return json.loads(host.check_output("docker info --format '{{json .}}'"))


def test_runs_and_starts_at_boot(host: Host) -> None:
    service = host.service("docker")
    assert service.is_running, host.run("journalctl --no-pager -n 30 -u docker").stdout
    assert service.is_enabled
    assert host.run("docker version").rc == 0


def test_the_running_daemon_is_configured_as_written(host: Host) -> None:
    info = information(host)
    assert info["LiveRestoreEnabled"] is True
    assert info["LoggingDriver"] == "local"
    assert daemon(host)["no-new-privileges"] is True
    if kind(host) != "bullseye":  # the engine of Debian 11 does not tell
        assert "name=no-new-privileges" in info["SecurityOptions"]
    written = daemon(host)
    assert info["RegistryConfig"]["Mirrors"] == [f"{mirror}/" for mirror in written["registry-mirrors"]] or (
        not written["registry-mirrors"] and not info["RegistryConfig"]["Mirrors"]
    )
    assert written["userland-proxy"] is False
    assert host.check_output("pgrep -c docker-proxy || test $? = 1") == "0"


def test_logs_have_a_limit(host: Host) -> None:
    size = "5m" if kind(host) == "bullseye" else "10m"
    assert daemon(host)["log-opts"] == {"max-size": size, "max-file": "3"}


def test_bridges_come_from_the_pool(host: Host) -> None:
    base = "10.99." if kind(host) == "bullseye" else "10.222."
    host.check_output("docker network create probe")
    subnet = host.check_output("docker network inspect --format '{{(index .IPAM.Config 0).Subnet}}' probe")
    host.check_output("docker network rm probe")
    assert subnet.startswith(base)


def test_an_option_of_the_operator_wins(host: Host) -> None:
    assert daemon(host).get("max-concurrent-downloads") == (2 if kind(host) == "upstream" else None)


def test_containers_outlive_a_restart_of_the_daemon(host: Host) -> None:
    libraries = "lib/x86_64-linux-gnu/libc.so.6 lib/x86_64-linux-gnu/ld-* lib64/ld-linux-x86-64.so.2"
    tar = f"cd / && tar --create --dereference bin/sleep {libraries}"
    host.check_output(f"sh -c '{tar}' | docker import - probe:1")
    host.run("docker rm --force probe")
    host.check_output("docker run --detach --name probe --network none probe:1 /bin/sleep 600")
    before = host.check_output("docker inspect --format '{{.State.Pid}} {{.State.StartedAt}}' probe")
    host.check_output("systemctl restart docker")
    for _ in range(40):
        if host.run("docker info").rc == 0:
            break
        time.sleep(0.25)
    after = host.check_output("docker inspect --format '{{.State.Pid}} {{.State.StartedAt}}' probe")
    limits = host.check_output(
        "grep 'open files' /proc/$(docker inspect --format '{{.State.Pid}}' probe)/limits"
    ).split()
    host.check_output("docker rm --force probe && docker image rm probe:1")
    assert before == after
    assert limits[3:5] == ["16384", "16384"]


def test_compose_is_version_2(host: Host) -> None:
    result = host.run("docker compose version --short")
    if kind(host) == "bullseye":
        assert result.rc != 0
    else:
        assert result.stdout.startswith("2.")
        assert host.run("docker buildx version").rc == 0


def test_the_packages_are_held(host: Host) -> None:
    held = host.check_output("apt-mark showhold").split()
    expected = {
        "trixie": ["docker-buildx", "docker-cli", "docker-compose", "docker.io"],
        "bullseye": [],
        "upstream": [
            "containerd.io",
            "docker-buildx-plugin",
            "docker-ce",
            "docker-ce-cli",
            "docker-compose-plugin",
        ],
    }
    assert sorted(held) == expected[kind(host)]
    dump = host.check_output("apt-config dump Unattended-Upgrade::Package-Blacklist")
    assert ("docker" in dump) == (kind(host) != "bullseye")


def test_users_of_docker_are_those_named(host: Host) -> None:
    members = host.group("docker").members
    assert members == (["games"] if kind(host) == "bullseye" else [])


def test_compose_means_the_whole_stack(host: Host) -> None:
    text = host.file("/opt/tencent-doc-manager/.env").content_string
    assert "COMPOSE_PROJECT_NAME=tencent-doc-manager" in text
    assert "COMPOSE_FILE=compose/redis.yaml:compose/nginx.yaml:compose/app.yaml" in text
