"""The person's commands, the rules file, the scrape file and the watchdog, as the program runs them."""

from __future__ import annotations

import http.client
import json
import os
import pty
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from monitoring import exporter, textfile
from monitoring.sample import Disk, Parts, Queue, RedisState
from monitoring.store import Store, open_store
from tests.support.monitoring_parts import HealthServer, make_sample
from tests.unit.monitoring.test_monitoring_cycle import ROOT, Monitor, lines, monitor

__all__ = ["monitor"]

ESCAPE = "\x1b["


@pytest.fixture
def watched(monitor: Monitor, tmp_path: Path) -> Monitor:
    """A monitor with a rules file, a scrape file and a runtime directory."""
    (tmp_path / "run").mkdir()
    monitor.document.pop("rules")
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "# of the operator\nhigh_disk_usage:\n  enabled: false\nhigh_cpu_usage: {enabled: false}\n"
    )
    monitor.document["rules_file"] = str(rules)
    monitor.document["textfile"] = str(tmp_path / "metrics.prom")
    monitor.document["alerts"] = {
        "keep_runtime": str(tmp_path / "run"),
        "maintenance_file": str(tmp_path / "stack.lock"),
        "channels_file": str(tmp_path / "channels.json"),
    }
    return monitor


def on_a_terminal(monitor: Monitor, *words: str) -> str:
    """Run a command whose output is a terminal, and return what it wrote there."""
    leader, follower = pty.openpty()
    monitor.file.write_text(json.dumps(monitor.document))
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "monitoring", "--config", str(monitor.file), *words]
    subprocess.run(command, stdout=follower, cwd=ROOT, env={**environment, "TERM": "xterm"}, check=False)
    os.close(follower)
    found = b""
    try:
        while part := os.read(leader, 65536):
            found += part
    except OSError:  # the end of a terminal
        pass
    os.close(leader)
    return found.decode()


@pytest.mark.parametrize("verb", ["status", "alerts", "checks"])
def test_colours_on_a_terminal_and_plain_text_in_a_pipe(
    watched: Monitor, health_server: HealthServer, verb: str
) -> None:
    health_server.status = 503
    watched.run("collect")
    plain = watched.run(verb).stdout
    assert "app_health_failure" in plain
    assert ESCAPE not in plain
    painted = on_a_terminal(watched, verb)
    assert f"{ESCAPE}1;31mcritical" in painted
    assert "app_health_failure" in painted


def test_checks_say_value_limit_and_the_next_command(watched: Monitor, health_server: HealthServer) -> None:
    watched.run("collect")
    well = watched.run("checks", "--json")
    assert well.returncode == 0
    found = json.loads(well.stdout)
    assert found["status"] == "ok"
    memory = next(item for item in found["checks"] if item["check"] == "high_memory_usage")
    assert (memory["status"], memory["limit"], memory["next"]) == ("ok", "<= 85 %", "")
    assert memory["value"] == "50.0 %"
    health_server.status = 503
    done = watched.run("checks", "--json")
    assert done.returncode == 2
    first = json.loads(done.stdout)["checks"][0]
    assert (first["check"], first["status"]) == ("app_health_failure", "critical")
    assert "docker" in first["next"]
    assert "next: " in watched.run("checks").stdout
    assert len(open_store(str(watched.state)).rows("SELECT * FROM samples")) == 1, "a look stores nothing"


def test_top_names_the_processes(watched: Monitor) -> None:
    found = json.loads(watched.run("top", "--json", "--count", "300").stdout)
    assert os.getpid() in [item["pid"] for item in found["memory"]]
    assert "by memory" in watched.run("top").stdout


def test_an_alert_names_who_used_the_memory(watched: Monitor, health_server: HealthServer) -> None:
    watched.document["system"].pop("proc_root")
    health_server.status = 503
    watched.run("collect")
    events = json.loads(watched.run("alerts", "--json").stdout)
    assert [item["type"] for item in events] == ["app_health_failure"]
    assert "memory: " in events[0]["details"]
    assert "CPU: " in events[0]["details"]


def test_a_silence_by_command(watched: Monitor, health_server: HealthServer) -> None:
    watched.run("collect")
    made = watched.run("silence", "--for", "10m", "--reason", "deploy", "--json")
    assert json.loads(made.stdout)["reason"] == "deploy"
    health_server.status = 503
    assert lines(watched.run("collect")) == []
    status = watched.status()
    assert status["alerts"] == []
    assert [(item["type"], item["silenced"]) for item in status["pending"]] == [("app_health_failure", True)]
    assert "deploy" in watched.run("silence").stdout
    assert watched.run("silence", "--end").stdout == "1 ended\n"
    assert len(lines(watched.run("collect"))) == 1


def test_a_running_playbook_is_a_silence(
    watched: Monitor, health_server: HealthServer, tmp_path: Path
) -> None:
    watched.run("collect")
    (tmp_path / "stack.lock").write_text('{"who": "root@controller"}')
    health_server.status = 503
    assert lines(watched.run("collect")) == []
    (tmp_path / "stack.lock").unlink()
    assert len(lines(watched.run("collect"))) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--for", "soon"), "is no length of time"),
        (("--for", "5m", "--type", "nonsense"), "no alert has the type"),
    ],
)
def test_a_wrong_silence_is_refused_in_words(watched: Monitor, words: tuple[str, ...], said: str) -> None:
    watched.run("collect")
    done = watched.run("silence", *words)
    assert done.returncode == 64
    assert said in done.stderr


def test_the_rules_file_is_parsed_once_and_again_when_it_changes(watched: Monitor, tmp_path: Path) -> None:
    watched.run("collect")
    kept = watched.state / "rules.json"
    first = kept.read_text()
    watched.run("collect")
    assert kept.read_text() == first
    (tmp_path / "rules.yml").write_text(
        "high_memory_usage: {above: 40, clear: 30, for_minutes: 0, severity: info}\n"
    )
    assert "alert high_memory_usage fired severity=info" in watched.run("collect").stderr
    assert kept.read_text() != first


@pytest.mark.parametrize(
    "text", ["high_memory: {above: 3}", "high_cpu_usage: {above: 80, clear: 90}", "a: [", "- a list"]
)
def test_a_slip_in_the_rules_leaves_the_host_watched_and_is_said(
    watched: Monitor, tmp_path: Path, text: str, health_server: HealthServer
) -> None:
    (tmp_path / "rules.yml").write_text(text)
    health_server.status = 503
    done = watched.run("collect")
    assert "rules.yml: " in done.stderr
    assert "the rules by default hold" in done.stderr
    assert "alert app_health_failure fired" in done.stderr


def test_the_scrape_file_is_what_prometheus_reads(watched: Monitor, tmp_path: Path) -> None:
    watched.run("collect")
    text = (tmp_path / "metrics.prom").read_text()
    assert "# TYPE tdm_memory_percent gauge\ntdm_memory_percent 50\n" in text
    assert 'tdm_container_running{container="tdm-nginx-1"} 1' in text
    assert "\ntdm_health_ok 1\n" in text
    types = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(types) == len(set(types)), "a metric's samples stand together"
    for line in text.splitlines():
        assert line.startswith("# TYPE ") or float(line.rsplit(" ", 1)[1]) >= 0


def test_missing_figures_are_left_out_of_the_scrape_file() -> None:
    sample = make_sample(1000, cpu=None, disks=(Disk('/a"b\\', 40.0, 1, 2, None),))
    sample = sample._replace(parts=Parts(queue=Queue(3, None, 0, 0, 1), redis=(RedisState("queue", "down"),)))
    text = textfile.render(sample, [])
    assert "cpu_percent" not in text
    assert "inodes" not in text
    assert 'tdm_disk_percent{path="/a\\"b\\\\"} 40' in text
    assert "tdm_queue_length 3" in text
    assert 'tdm_redis_up{instance="queue"} 0' in text


def test_the_exporter_listens_on_loopback_alone(tmp_path: Path) -> None:
    file = tmp_path / "metrics.prom"
    server = exporter.make(str(file), 0)
    assert server.server_address[0] == "127.0.0.1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def get(path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    try:
        assert get("/metrics")[0] == 503
        file.write_text("tdm_load_1 0.5\n")
        assert get("/metrics") == (200, b"tdm_load_1 0.5\n")
        assert get("/etc/passwd")[0] == 404
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_watchdog_tells_once_that_samples_are_missing_and_that_they_are_back(watched: Monitor) -> None:
    watched.run("collect")
    assert watched.run("watchdog").stderr == ""
    store = open_store(str(watched.state))
    store.connection.execute("UPDATE samples SET time = time - 600")
    store.connection.close()
    assert "monitor_silent: the newest sample is 10 minutes old" in watched.run("watchdog").stderr
    assert watched.run("watchdog").stderr == ""
    watched.run("collect")
    assert "resolved: monitor_silent" in watched.run("watchdog").stderr
    assert watched.run("watchdog").stderr == ""


def test_a_broken_store_is_told_hourly_past_the_store(watched: Monitor, tmp_path: Path) -> None:
    (watched.state / "monitoring.db").write_bytes(b"no database, but long enough to be looked at" * 50)
    assert "critical: monitoring cannot store" in watched.run("collect").stderr
    assert "critical: monitoring cannot store" not in watched.run("collect").stderr
    told = tmp_path / "run/told-store"
    os.utime(told, (time.time() - 3700, time.time() - 3700))
    assert "critical: monitoring cannot store" in watched.run("collect").stderr


def test_the_outside_watchdog_is_asked_every_few_minutes(
    watched: Monitor, health_server: HealthServer, tmp_path: Path
) -> None:
    from monitoring import watchdog

    (tmp_path / "db").mkdir()
    store: Store = open_store(str(tmp_path / "db"))
    asked: list[str] = []
    original = watchdog.ask
    try:
        watchdog.ask = lambda url: asked.append(url) or 200  # type: ignore[func-returns-value]
        for second in (0, 60, 120, 180, 240, 300):
            watchdog.show_life(store, "http://x/", 1000 + second)
    finally:
        watchdog.ask = original
        store.connection.close()
    assert len(asked) == 2


def test_a_sign_of_life_is_a_get(tmp_path: Path) -> None:
    import http.server

    from monitoring import watchdog

    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *unused: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        assert watchdog.ask(f"http://127.0.0.1:{server.server_address[1]}/ping/abc") == 200
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert paths == ["/ping/abc"]
    with pytest.raises(ValueError, match="must begin with"):
        watchdog.ask("ftp://x/")


def test_what_holds_now_is_in_redis(watched: Monitor, redis_server: Any, health_server: HealthServer) -> None:
    health_server.status = 503
    watched.run("collect")
    current = json.loads(redis_server.admin("GET", "monitoring:current"))
    assert [(item["type"], item["silenced"]) for item in current["alerts"]] == [("app_health_failure", False)]
    assert abs(current["time"] - time.time()) < 60
    assert current["silent_after_seconds"] == 300
    assert 80 < current["certificate"]["days_left"] < 91
    assert (current["backup"], current["rehearsal"], current["timers"]) == (None, None, None)
    key = redis_server.admin("KEYS", "monitoring:samples:*")[0]
    sample = json.loads(redis_server.admin("LINDEX", key, -1))
    assert sample["queue"] == {"length": 0, "oldest_seconds": None, "started": 0, "failed": 0, "workers": 0}
    assert sample["redis"] == {"queue": {"memory_percent": None, "evicted": None}}
    assert sample["nginx"] is None
