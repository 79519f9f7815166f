"""The two Redis as they run: who may do what, what they do when full, and what outlives a crash."""

from __future__ import annotations

import json
import time

import pytest
from testinfra.host import Host

ROOT = "/opt/tencent-doc-manager"
INSTANCES = ("cache", "queue")


def container(instance: str) -> str:
    return f"tencent-doc-manager-redis-{instance}-1"


def secret(user: str, instance: str) -> str:
    return f"{ROOT}/secrets/redis_{'monitor' if user == 'monitor' else instance}_password"


def ask(host: Host, instance: str, *arguments: str, user: str = "tdm") -> str:
    """The answer, or the error, of one Redis command as `user`, who logs in as the services do."""
    words = " ".join(f"'{word}'" for word in arguments)
    result = host.run(
        f"REDISCLI_AUTH=$(cat {secret(user, instance)}) docker exec -e REDISCLI_AUTH {container(instance)} "
        f"redis-cli --user {user} --no-auth-warning {words} 2>&1"
    )
    return str(result.stdout).strip()


def info(host: Host, instance: str, field: str) -> str:
    for line in ask(host, instance, "INFO", "all", user="monitor").splitlines():
        name, _, value = line.strip().partition(":")
        if name == field:
            return value
    pytest.fail(f"redis-{instance}: INFO has no {field}")


def inspect(host: Host, instance: str) -> dict:
    return json.loads(host.check_output(f"docker inspect {container(instance)}"))[0]


def wait_until_answering(host: Host, instance: str) -> None:
    for _ in range(60):
        if ask(host, instance, "PING") == "PONG":
            return
        time.sleep(0.5)
    pytest.fail(host.run(f"docker logs --tail 20 {container(instance)}").stdout)


@pytest.mark.parametrize("instance", INSTANCES)
def test_runs_healthy_and_confined(host: Host, instance: str) -> None:
    state = inspect(host, instance)
    log = host.run(f"docker logs --tail 20 {container(instance)} 2>&1").stdout
    assert state["State"]["Health"]["Status"] == "healthy", log
    assert state["Config"]["User"] == "10003:10001"
    assert state["HostConfig"]["ReadonlyRootfs"] is True
    assert state["HostConfig"]["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in state["HostConfig"]["SecurityOpt"]
    assert state["HostConfig"]["PidsLimit"] == 64
    assert state["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert state["HostConfig"]["PortBindings"] in ({}, None), "Redis is published on the host"


@pytest.mark.parametrize("instance", INSTANCES)
def test_maxmemory_stays_below_the_container_limit(host: Host, instance: str) -> None:
    limit = inspect(host, instance)["HostConfig"]["Memory"]
    maxmemory = int(ask(host, instance, "CONFIG", "GET", "maxmemory").splitlines()[-1])
    assert 0 < maxmemory < limit
    if instance == "queue":
        assert maxmemory * 2 <= limit, "no room for the fork of a rewrite"


@pytest.mark.parametrize("instance", INSTANCES)
def test_has_no_way_out(host: Host, instance: str) -> None:
    attempt = host.run(
        f"docker exec {container(instance)} timeout 3 bash -c 'exec 3<>/dev/tcp/172.17.0.1/5000' 2>&1"
    )
    assert attempt.rc != 0, "the internal network reaches the outside"


@pytest.mark.parametrize("instance", INSTANCES)
def test_refuses_strangers(host: Host, instance: str) -> None:
    cli = f"docker exec {container(instance)} redis-cli --no-auth-warning"
    assert "NOAUTH" in host.run(f"{cli} PING 2>&1").stdout
    assert "WRONGPASS" in host.run(f"{cli} --user tdm --pass wrong PING 2>&1").stdout
    assert "WRONGPASS" in host.run(f"{cli} --user default --pass '' PING 2>&1").stdout


@pytest.mark.parametrize("instance", INSTANCES)
def test_limits_the_app_to_what_it_needs(host: Host, instance: str) -> None:
    assert ask(host, instance, "SET", "rq:probe", "1") == "OK"
    assert ask(host, instance, "DEL", "rq:probe") == "1"
    assert "redis_version" in ask(host, instance, "INFO")
    for command in (
        ["FLUSHALL"],
        ["CONFIG", "SET", "maxmemory", "1"],
        ["SHUTDOWN"],
        ["ACL", "LIST"],
        ["REPLICAOF", "NO", "ONE"],
    ):
        assert "NOPERM" in ask(host, instance, *command), command


@pytest.mark.parametrize("instance", INSTANCES)
def test_limits_monitoring_to_its_own_keys(host: Host, instance: str) -> None:
    assert ask(host, instance, "LPUSH", "monitoring:probe", "1", user="monitor") == "1"
    assert ask(host, instance, "EXPIRE", "monitoring:probe", "60", user="monitor") == "1"
    assert ask(host, instance, "DEL", "monitoring:probe", user="monitor") == "1"
    assert ask(host, instance, "LLEN", "rq:queue:probe", user="monitor") == "0", "it counts the jobs"
    assert "NOPERM" in ask(host, instance, "LPUSH", "rq:queue:probe", "1", user="monitor")
    assert "NOPERM" in ask(host, instance, "GET", "session:probe", user="monitor")
    assert "NOPERM" in ask(host, instance, "SET", "other", "1", user="monitor")
    assert "NOPERM" in ask(host, instance, "KEYS", "*", user="monitor")


@pytest.mark.parametrize("instance", INSTANCES)
def test_health_user_may_ping_and_nothing_else(host: Host, instance: str) -> None:
    cli = f"docker exec {container(instance)} redis-cli --user health --pass x --no-auth-warning"
    assert host.run(f"{cli} PING").stdout.strip() == "PONG"
    for command in ("GET rq:probe", "INFO", "ACL WHOAMI"):
        assert "NOPERM" in host.run(f"{cli} {command} 2>&1").stdout, command


@pytest.mark.parametrize("user", ["tdm", "monitor"])
@pytest.mark.parametrize("instance", INSTANCES)
def test_passwords_are_in_one_place(host: Host, instance: str, user: str) -> None:
    file = host.file(secret(user, instance))
    assert file.mode == 0o400
    assert file.uid == (0 if user == "monitor" else 10001)
    password = file.content_string
    assert len(password) >= 40
    assert password not in host.file(f"{ROOT}/redis/{instance}/users.acl").content_string
    assert password not in json.dumps(inspect(host, instance))
    assert password not in host.check_output("ps -eo args")


@pytest.mark.parametrize("instance", INSTANCES)
def test_answers_on_a_socket_of_the_host(host: Host, instance: str) -> None:
    socket = host.file(f"{ROOT}/run/redis-{instance}/redis.sock")
    assert socket.is_socket
    assert socket.mode == 0o770
    script = (
        "import socket; s = socket.socket(socket.AF_UNIX); "
        f"s.connect('{socket.path}'); "
        f"p = open('{secret('monitor', instance)}').read(); "
        "s.sendall(f'AUTH monitor {p}\\r\\nPING\\r\\n'.encode()); print(s.makefile().readlines(7))"
    )
    assert "+OK" in host.check_output(f'python3 -c "{script}"')


def test_cache_evicts_and_goes_on(host: Host) -> None:
    assert ask(host, "cache", "CONFIG", "GET", "maxmemory-policy").splitlines()[-1] == "allkeys-lru"
    maxmemory = int(info(host, "cache", "maxmemory"))
    fill(host, "cache", maxmemory * 2)
    assert int(info(host, "cache", "evicted_keys")) > 0
    assert ask(host, "cache", "SET", "fresh", "1") == "OK"
    assert ask(host, "cache", "GET", "fresh") == "1"


def test_cache_keeps_nothing(host: Host) -> None:
    assert ask(host, "cache", "CONFIG", "GET", "appendonly").splitlines()[-1] == "no"
    assert ask(host, "cache", "SET", "forgotten", "1") == "OK"
    crash(host, "cache")
    assert ask(host, "cache", "EXISTS", "forgotten") == "0"


def test_full_queue_refuses_and_forgets_nothing(host: Host) -> None:
    assert ask(host, "queue", "SET", "rq:first", "kept") == "OK"
    started = inspect(host, "queue")["State"]["StartedAt"]
    fill(host, "queue", int(info(host, "queue", "maxmemory")) * 2)
    # The load stopped at the first refusal; what its buffers held is free again, and is filled too.
    answers = (ask(host, "queue", "SET", f"key:more-{number}", "x" * 100_000) for number in range(100))
    assert any("OOM" in answer for answer in answers), "the full queue took 10 MB more"
    assert ask(host, "queue", "GET", "rq:first") == "kept"
    assert info(host, "queue", "evicted_keys") == "0"
    state = inspect(host, "queue")["State"]
    assert (state["OOMKilled"], state["StartedAt"]) == (False, started), "the kernel killed the queue"
    ask(
        host,
        "queue",
        "EVAL",
        "for _, k in ipairs(redis.call('KEYS', 'key:*')) do redis.call('UNLINK', k) end",
        "0",
    )
    assert ask(host, "queue", "SET", "rq:again", "1") == "OK"


def test_queue_forgets_nothing_it_acknowledged_when_killed(host: Host) -> None:
    assert ask(host, "queue", "CONFIG", "GET", "appendfsync").splitlines()[-1] == "always"
    for number in range(20):
        assert ask(host, "queue", "RPUSH", "rq:queue:probe", str(number)) == str(number + 1)
    crash(host, "queue")
    assert ask(host, "queue", "LLEN", "rq:queue:probe") == "20"
    ask(host, "queue", "DEL", "rq:queue:probe")


def test_fork_is_never_refused_for_memory(host: Host) -> None:
    assert "vm.overcommit_memory" in host.check_output("cat /etc/sysctl.d/*redis*")


def fill(host: Host, instance: str, size: int) -> None:
    """Writes `size` bytes of keys named key:..., or as many as the instance takes."""
    image = inspect(host, instance)["Config"]["Image"]
    # From a container of its own: the load must not share the memory of what it loads.
    benchmark = f"redis-benchmark -h redis-{instance} --user tdm -a $REDISCLI_AUTH -q -c 4 -P 4 -t set"
    host.run(
        f"REDISCLI_AUTH=$(cat {secret('tdm', instance)}) docker run --rm -e REDISCLI_AUTH "
        f"--network tencent-doc-backend {image} sh -c '{benchmark} -d 16000 -r 1000000000 -n {size // 16000}'"
    )


def crash(host: Host, instance: str) -> None:
    """Kills the server as the kernel would, and waits until Docker has it running again."""
    state = inspect(host, instance)["State"]
    host.check_output(f"kill -9 {state['Pid']}")
    for _ in range(60):
        now = inspect(host, instance)["State"]
        if now["Running"] and now["StartedAt"] != state["StartedAt"]:
            break
        time.sleep(0.25)
    wait_until_answering(host, instance)
