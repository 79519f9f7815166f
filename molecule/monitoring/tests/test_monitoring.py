"""The monitoring as systemd runs it: samples, alerts, the spool, and how little the unit may do."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from testinfra.host import Host

from tests.support.playbooks import run_playbook


@dataclass
class Monitoring:
    """The monitoring of one test host."""

    host: Host
    name: str
    root: str
    user: str
    command: str

    @property
    def unit(self) -> str:
        return f"{self.name}-monitoring"

    @property
    def database(self) -> str:
        return f"/var/lib/{self.unit}/monitoring.db"

    def cycle(self) -> list[str]:
        """Run one cycle; return the alerts that it wrote to the journal."""
        newest = "journalctl --sync; journalctl -n 1 -o export | sed -n 's/^__CURSOR=//p'"
        cursor = self.host.check_output(newest)
        done = self.host.run(f"systemctl start {self.unit}.service")
        assert done.rc == 0, self.journal()
        # Without a filter: systemd 247 skips the first entry that matches one.
        since = f"journalctl --sync; journalctl --after-cursor={shlex.quote(cursor)} -o cat --no-pager"
        return [line for line in self.host.check_output(since).splitlines() if line.startswith("alert ")]

    def journal(self) -> str:
        return str(self.host.run(f"journalctl -u {self.unit} -n 30 --no-pager").stdout)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.host.run(f"{self.command} status --json").stdout)
        return found

    def redis(self, *words: str | int) -> str:
        socket = f"{self.root}/run/redis-queue/redis.sock"
        asked = " ".join(shlex.quote(str(word)) for word in words)
        return str(
            self.host.check_output(f"redis-cli -s {socket} --user admin --pass x --no-auth-warning {asked}")
        )

    def published(self) -> list[int]:
        """Return the ids of all samples in Redis."""
        found = []
        for key in self.redis("KEYS", "monitoring:samples:*").split():
            found += [json.loads(line)["id"] for line in self.redis("LRANGE", key, 0, -1).splitlines()]
        return sorted(found)

    def sql(self, statement: str) -> None:
        """Change the SQLite file, as time would."""
        code = f"import sqlite3; d = sqlite3.connect('{self.database}'); d.execute('{statement}'); d.commit()"
        self.host.check_output(f"python3 -c {shlex.quote(code)}")

    def stored(self) -> list[int]:
        """Return the ids of all samples in the SQLite file."""
        code = f"import sqlite3; d = sqlite3.connect('{self.database}')"
        code += "; print(*(r[0] for r in d.execute('SELECT id FROM samples ORDER BY id')))"
        return [int(word) for word in self.host.check_output(f"python3 -c {shlex.quote(code)}").split()]


@pytest.fixture
def monitoring(host: Host) -> Monitoring:
    if host.file("/srv/other").exists:
        return Monitoring(host, "other-name", "/srv/other", "watcher", "/usr/local/bin/other-monitoring")
    return Monitoring(
        host,
        "tencent-doc-manager",
        "/opt/tencent-doc-manager",
        "tdm-monitor",
        "/usr/local/bin/tdm-monitoring",
    )


@pytest.fixture
def by_hand(monitoring: Monitoring) -> Iterator[Monitoring]:
    """The monitoring without its timer, one cycle done: the test decides when the next one runs."""
    monitoring.host.check_output(f"systemctl stop {monitoring.unit}.timer")
    # What was over a moment ago holds back what may follow from it: tests begin as if it was long ago.
    monitoring.sql("UPDATE alert_states SET since = 0 WHERE firing = 0")
    monitoring.cycle()
    yield monitoring
    # Without the reset systemd refuses a unit that was started often.
    timer = f"{monitoring.unit}.timer"
    monitoring.host.check_output(f"systemctl reset-failed {timer}; systemctl start {timer}")


def test_the_timer_runs_every_minute(monitoring: Monitoring) -> None:
    timer = monitoring.host.service(f"{monitoring.unit}.timer")
    assert timer.is_enabled
    assert timer.is_running
    shown = monitoring.host.check_output(f"systemctl show {monitoring.unit}.timer")
    assert "OnCalendar=*-*-* *:*:00" in shown
    assert "AccuracyUSec=1s" in shown.splitlines()
    assert "Persistent=yes" in shown.splitlines()
    first = monitoring.stored()
    deadline = time.monotonic() + 75
    while time.monotonic() < deadline:
        if len(monitoring.stored()) > len(first):
            return
        time.sleep(2)
    pytest.fail(f"no sample for 75 seconds:\n{monitoring.journal()}")


def test_the_unit_may_do_little(monitoring: Monitoring) -> None:
    shown = monitoring.host.check_output(f"systemctl show {monitoring.unit}.service").splitlines()
    memory = 80 if monitoring.name == "other-name" else 96
    for line in (
        f"User={monitoring.user}",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        f"MemoryMax={memory << 20}",
    ):
        assert line in shown
    capabilities = f"systemctl show {monitoring.unit}.service -p CapabilityBoundingSet --value"
    assert monitoring.host.check_output(capabilities) == ""
    units = monitoring.host.check_output(
        f"ls /etc/systemd/system | grep '^{monitoring.unit}.*service$'"
    ).split()
    assert len(units) == (4 if monitoring.name == "other-name" else 3)
    for unit in units:
        analysed = monitoring.host.check_output(f"systemd-analyze security --no-pager {unit}")
        score = float(analysed.splitlines()[-1].split(": ")[1].split()[0])
        assert score <= 3.0, analysed


def test_the_user_is_in_dockers_group_only_where_docker_is_watched(monitoring: Monitoring) -> None:
    groups = set(monitoring.host.user(monitoring.user).groups)
    if monitoring.name == "other-name":
        assert groups == {"watcher", "other"}
    else:
        assert groups == {"tdm-monitor", "tdm", "docker"}
    assert monitoring.host.user(monitoring.user).shell == "/usr/sbin/nologin"


def test_the_user_cannot_read_the_secret_and_no_file_holds_it(monitoring: Monitoring) -> None:
    secret = f"{monitoring.root}/secrets/redis_monitor_password"
    as_user = f"setpriv --reuid={monitoring.user} --regid={monitoring.user} --init-groups"
    assert monitoring.host.run(f"{as_user} cat {secret}").rc != 0
    found = monitoring.host.run(
        f"grep -rl a-password-made-by-the-role {monitoring.root} /etc/systemd /var/lib/{monitoring.unit}"
    )
    assert found.stdout.split() == [secret]


def test_a_sample_is_stored_and_published_with_a_week_to_live(by_hand: Monitoring) -> None:
    sample = by_hand.status()["sample"]
    assert sample["health"]["ok"] is True, sample
    assert sample["health"]["body"] == {"status": "ok", "checks": {"database": "ok"}}
    assert sample["memory_total_mb"] == 2048, "the host is a container of 2 GB on a bigger machine"
    assert 0 < sample["memory_percent"] < 100
    hour = time.strftime("%Y%m%d%H", time.gmtime(sample["time"]))
    key = f"monitoring:samples:{hour}"
    published = json.loads(by_hand.redis("LINDEX", key, -1))
    assert published["time"] == sample["time"]
    assert published["system"]["memory_percent"] == pytest.approx(sample["memory_percent"], abs=0.01)
    days = int(by_hand.redis("TTL", key)) / 86400
    wanted = 2 if by_hand.name == "other-name" else 7
    assert wanted - 0.01 < days <= wanted + 1 / 24


def test_cpu_is_the_use_since_the_last_cycle(by_hand: Monitoring) -> None:
    time.sleep(1)
    by_hand.cycle()
    assert 0 <= by_hand.status()["sample"]["cpu_percent"] <= 100


def test_a_failing_service_is_told_once_and_its_recovery_once(by_hand: Monitoring) -> None:
    by_hand.host.check_output("systemctl stop health-server")
    try:
        fired = by_hand.cycle()
        assert len(fired) == 1, fired
        assert "app_health_failure fired severity=critical" in fired[0]
        assert "connection refused" in fired[0]
        assert by_hand.cycle() == []
        assert by_hand.host.run(f"{by_hand.command} status").rc == 1
    finally:
        by_hand.host.check_output("systemctl start health-server; sleep 1")
    resolved = by_hand.cycle()
    assert len(resolved) == 1, resolved
    assert "app_health_failure resolved" in resolved[0]
    assert by_hand.cycle() == []
    pushed = [json.loads(line) for line in by_hand.redis("LRANGE", "monitoring:alerts", -2, -1).splitlines()]
    assert [item["event"] for item in pushed] == ["fired", "resolved"]


def test_another_reason_is_told_anew(by_hand: Monitoring) -> None:
    by_hand.host.check_output("echo 503 >/run/health-status")
    try:
        assert "HTTP status 503" in " ".join(by_hand.cycle())
        by_hand.host.check_output("echo 500 >/run/health-status")
        changed = by_hand.cycle()
        assert len(changed) == 1, changed
        assert "app_health_failure changed" in changed[0]
    finally:
        by_hand.host.check_output("rm -f /run/health-status")
    assert "resolved" in " ".join(by_hand.cycle())


def test_the_journal_knows_the_severity(by_hand: Monitoring) -> None:
    by_hand.host.check_output("echo 503 >/run/health-status")
    try:
        by_hand.cycle()
    finally:
        by_hand.host.check_output("rm -f /run/health-status")
    by_hand.cycle()
    found = by_hand.host.check_output(f"journalctl -t {by_hand.unit} -p crit -n 1 -o cat --no-pager")
    assert "app_health_failure fired" in found


def test_nothing_is_lost_or_doubled_while_redis_is_down(by_hand: Monitoring) -> None:
    assert by_hand.published() == by_hand.stored()
    by_hand.host.check_output("systemctl stop redis-server")
    try:
        told = by_hand.cycle()
        assert len(told) == 1, told
        assert "redis_down fired subject='queue'" in told[0], "the alert goes out all the same"
        by_hand.host.check_output("echo 503 >/run/health-status")
        assert by_hand.cycle() == [], "it follows from the silent Redis"
        by_hand.host.check_output("rm -f /run/health-status")
        assert by_hand.status()["redis"]["waiting"] == 3
    finally:
        by_hand.host.check_output("rm -f /run/health-status; systemctl start redis-server; sleep 1")
    by_hand.cycle()
    assert by_hand.status()["redis"] == {"error": "", "waiting": 0}
    assert by_hand.published() == by_hand.stored()


def test_what_redis_lost_comes_back(by_hand: Monitoring) -> None:
    by_hand.redis("FLUSHALL")
    by_hand.cycle()
    assert by_hand.published() == by_hand.stored()


def wait_for(monitoring: Monitoring, health: str) -> None:
    for _ in range(40):
        shown = monitoring.host.check_output(
            "docker inspect -f '{{.State.Health.Status}}' tencent-doc-manager-nginx-1"
        )
        if shown == health:
            return
        time.sleep(0.5)
    pytest.fail(f"the container did not become {health}")


def test_containers_are_watched(by_hand: Monitoring) -> None:
    sample = by_hand.status()["sample"]
    if by_hand.name == "other-name":
        assert sample["containers"] is None
        return
    time.sleep(1)
    by_hand.cycle()
    containers = by_hand.status()["sample"]["containers"]
    assert [item["name"] for item in containers] == ["tencent-doc-manager-nginx-1"]
    item = containers[0]
    assert (item["service"], item["state"], item["health"]) == ("nginx", "running", "healthy")
    assert item["memory_limit_mb"] == 64
    assert 0 < item["memory_mb"] < 64
    assert item["memory_percent"] == pytest.approx(item["memory_mb"] / 64 * 100, abs=0.1)
    assert item["cpu_percent"] >= 0


def test_an_unhealthy_container_is_told_once(by_hand: Monitoring) -> None:
    if by_hand.name == "other-name":
        return
    name = "tencent-doc-manager-nginx-1"
    by_hand.host.check_output(f"docker exec {name} rm /well")
    wait_for(by_hand, "unhealthy")
    fired = by_hand.cycle()
    assert len(fired) == 1, fired
    assert f"container_unhealthy fired subject='{name}' severity=critical" in fired[0]
    assert by_hand.cycle() == []
    by_hand.host.check_output(f"docker exec {name} touch /well")
    wait_for(by_hand, "healthy")
    assert "container_unhealthy resolved" in " ".join(by_hand.cycle())


def test_a_container_that_is_gone_is_told_once(by_hand: Monitoring) -> None:
    if by_hand.name == "other-name":
        return
    name = "tencent-doc-manager-nginx-1"
    by_hand.host.check_output(f"docker kill {name}")
    try:
        fired = by_hand.cycle()
        assert len(fired) == 1, fired
        assert f"nginx does not run: {name} is exited" in fired[0]
        assert by_hand.cycle() == []
    finally:
        by_hand.host.check_output(f"docker start {name}")
        wait_for(by_hand, "healthy")
    assert "container_unhealthy resolved" in " ".join(by_hand.cycle())


def test_a_limit_fires_for_each_disk(monitoring: Monitoring) -> None:
    opened = [(item["type"], item["subject"]) for item in monitoring.status()["alerts"]]
    if monitoring.name == "other-name":
        assert sorted(opened) == [("high_disk_usage", "/"), ("high_disk_usage", "/var")]
    else:
        assert opened == []


def posted(monitoring: Monitoring) -> list[str]:
    """Return the titles of what the channel got."""
    lines = monitoring.host.check_output("cat /run/alerts.jsonl 2>/dev/null; :").splitlines()
    return [json.loads(line)["title"].split("] ", 1)[1] for line in lines]


def test_an_alert_reaches_the_channel_once_and_its_end_once(by_hand: Monitoring) -> None:
    if by_hand.name == "other-name":
        return
    before = len(posted(by_hand))
    by_hand.host.check_output("echo 503 >/run/health-status")
    try:
        by_hand.cycle()
        by_hand.cycle()
    finally:
        by_hand.host.check_output("rm -f /run/health-status")
    by_hand.cycle()
    by_hand.cycle()
    assert posted(by_hand)[before:] == ["critical: app_health_failure", "resolved: app_health_failure"]


def test_the_outside_watchdog_gets_a_sign_of_life(by_hand: Monitoring) -> None:
    if by_hand.name == "tencent-doc-manager":
        assert by_hand.host.file("/run/alive").size > 0


def test_the_alert_says_who_used_the_memory(by_hand: Monitoring) -> None:
    by_hand.host.check_output("echo 503 >/run/health-status")
    try:
        by_hand.cycle()
    finally:
        by_hand.host.check_output("rm -f /run/health-status")
    events = json.loads(by_hand.host.check_output(f"{by_hand.command} alerts --json"))
    fired = [item for item in events if item["event"] == "fired" and item["type"] == "app_health_failure"][-1]
    # Programs of other users: the unit must be able to see them.
    pids = " ".join(re.findall(r"\[(\d+)\]", fired["details"]))
    owners = by_hand.host.check_output(f"ps -o user= -p {shlex.quote(pids)}").split()
    assert set(owners) - {by_hand.user}, fired
    by_hand.cycle()


def test_a_silence_holds_what_is_told(by_hand: Monitoring) -> None:
    by_hand.host.check_output(f"{by_hand.command} silence --for 10m --reason deploy")
    by_hand.host.check_output("echo 503 >/run/health-status")
    try:
        assert by_hand.cycle() == []
        by_hand.host.check_output(f"{by_hand.command} silence --end")
        assert len(by_hand.cycle()) == 1
    finally:
        by_hand.host.check_output(f"rm -f /run/health-status; {by_hand.command} silence --end")
    by_hand.cycle()


def test_the_rules_are_a_documented_file(monitoring: Monitoring) -> None:
    text = monitoring.host.file(f"{monitoring.root}/monitoring/rules.yml").content_string
    assert "# use of a file system (%)" in text
    assert "  repeat_minutes  when an open alert is told again" in text
    parsed = yaml.safe_load(text)
    assert parsed["certificate_expiring"]["below"] == 14
    limit, severity = (0.001, "critical") if monitoring.name == "other-name" else (99.9, "warning")
    assert (parsed["high_disk_usage"]["above"], parsed["high_disk_usage"]["severity"]) == (limit, severity)


def test_the_waiting_security_updates_are_counted(monitoring: Monitoring) -> None:
    monitoring.host.check_output(f"systemctl start {monitoring.unit}-inspect.service")
    counted = json.loads(monitoring.host.file(f"/var/lib/{monitoring.unit}/updates.json").content_string)
    assert counted["security_pending"] >= 0


def test_the_scrape_file_and_the_exporter(by_hand: Monitoring) -> None:
    text = by_hand.host.file(f"/var/lib/{by_hand.unit}/metrics.prom").content_string
    assert "tdm_health_ok 1" in text
    exporter = by_hand.host.service(f"{by_hand.unit}-exporter.service")
    if by_hand.name == "other-name":
        assert exporter.is_running
        assert by_hand.host.check_output("curl -s http://127.0.0.1:9111/metrics") == text.strip()
    else:
        assert not exporter.is_running


def test_health_playbook_names_what_is_wrong(by_hand: Monitoring) -> None:
    """Nobody outside reaches the test host: seen from here it must be critical, from inside well."""
    limit = by_hand.host.backend.get_hostname()
    done = run_playbook("playbooks/health.yml", "-e", "format=json", "--limit", limit)
    assert done.returncode == 2, done.stdout
    shown = done.stdout.split("shown: ")[0]
    assert "public_health" in done.stdout, shown


def test_the_environment_holds_the_lock_and_nothing_else(monitoring: Monitoring) -> None:
    directory = f"{monitoring.root}/monitoring"
    listed = json.loads(
        monitoring.host.check_output(f"{directory}/venv/bin/pip list --format json 2>/dev/null")
    )
    names = {item["name"] for item in listed} - {"pip", "setuptools", "pkg-resources", "pkg_resources"}
    assert {"monitoring", "psutil", "hiredis", "apprise"} < names
    allowed = {"pyyaml", "requests", "certifi", "idna", "urllib3", "markdown", "click", "oauthlib"}
    allowed |= {"requests-oauthlib", "charset-normalizer", "importlib-metadata", "zipp", "typing-extensions"}
    assert {name.lower() for name in names} <= allowed | {
        "monitoring",
        "psutil",
        "hiredis",
        "apprise",
        "duckdb",
    }
    assert len(monitoring.host.check_output(f"ls -d {directory}/venv-*").split()) == 1, "old ones are removed"


def test_a_container_that_ends_by_itself_is_counted(by_hand: Monitoring) -> None:
    if by_hand.name == "other-name":
        return
    name = "tencent-doc-manager-nginx-1"
    for _ in range(3):
        # Docker was not asked to stop it.
        by_hand.host.run(f"kill -9 $(docker inspect -f '{{{{.State.Pid}}}}' {name})")
        by_hand.host.check_output(f"docker wait {name}; docker start {name}")
    wait_for(by_hand, "healthy")
    told = " ".join(by_hand.cycle())
    assert "container_restart_loop fired" in told, told
    counts = [item["restarts"] for item in by_hand.status()["sample"]["containers"]]
    assert counts == [3]
    # Ten minutes later, for the next run of the tests.
    by_hand.sql("DELETE FROM notes")
    assert "container_restart_loop resolved" in " ".join(by_hand.cycle())
