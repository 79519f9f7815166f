"""Redis, its queue, results, the clock, a disk's trend, updates, Docker's events: missing is missing."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue as RqQueue
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from monitoring.collectors import containers, files, processes, redis, slow, updates
from monitoring.config import DockerConfig, FilesConfig, SlowConfig
from monitoring.sample import Counters, Disk
from tests.support.monitoring_parts import Engine, RedisServer

NOW = 1_800_000_000.0


# --- Redis and RQ's queue ---


def test_the_queue_as_rq_itself_writes_it(redis_server: RedisServer) -> None:
    connection = Redis(unix_socket_path=str(redis_server.socket), username="admin", password="x")
    queue = RqQueue("default", connection=connection, serializer=JSONSerializer)
    broken = queue.enqueue("no.such.function", job_id="broken")
    SimpleWorker([queue], connection=connection, serializer=JSONSerializer).work(
        burst=True, logging_level="ERROR"
    )
    assert broken.get_status(refresh=True).value == "failed"
    queue.enqueue("a.function", job_id="first")
    queue.enqueue("a.function", job_id="second")
    time.sleep(0.3)
    states, found, evicted = redis.collect(redis_server.settings(), None, time.time())
    assert found is not None
    assert (found.length, found.started, found.failed, found.workers) == (2, 0, 1, 0)
    assert found.oldest_seconds is not None
    assert 0.25 < found.oldest_seconds < 10
    assert [(item.name, item.error, item.persistence) for item in states] == [("queue", "", "")]
    assert states[0].memory_percent is None, "no limit is set"
    assert states[0].evicted is None, "one cycle alone has no count"
    assert evicted == {"queue": 0}
    connection.close()


def test_an_empty_queue_has_no_oldest_job(redis_server: RedisServer) -> None:
    _, found, _ = redis.collect(redis_server.settings(), None, NOW)
    assert found is not None
    assert (found.length, found.oldest_seconds) == (0, None)


def test_memory_against_the_limit_and_evictions_since(redis_server: RedisServer) -> None:
    redis_server.admin("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    redis_server.admin("CONFIG", "SET", "maxmemory", str(8 << 20))
    before = Counters(NOW - 60, "", 0, 0, {}, memo={redis.MEMO: {"queue": 0}})
    for number in range(12):
        redis_server.admin("SET", f"k{number}", "x" * 900_000)
    states, _, _ = redis.collect(redis_server.settings(), before, NOW)
    assert states[0].memory_percent is not None
    assert 50 < states[0].memory_percent <= 110
    assert states[0].evicted is not None
    assert states[0].evicted > 0


def test_a_snapshot_that_fails_is_said(redis_server: RedisServer) -> None:
    redis_server.admin("SET", "k", "v")
    # The snapshot is written beside and renamed to this name.
    (redis_server.directory / "dump.rdb").mkdir()
    redis_server.admin("BGSAVE")
    for _ in range(100):
        states, _, _ = redis.collect(redis_server.settings(), None, NOW)
        if states[0].persistence:
            break
        time.sleep(0.05)
    # It would not stop without its last snapshot.
    (redis_server.directory / "dump.rdb").rmdir()
    assert states[0].persistence == "the last snapshot failed"


def test_a_redis_that_is_down_is_an_error_in_words(redis_server: RedisServer) -> None:
    redis_server.stop()
    states, found, _ = redis.collect(redis_server.settings(), None, NOW)
    assert found is None
    assert "No such file" in states[0].error


def test_rqs_times() -> None:
    assert redis.moment("2027-01-15T08:00:00.500000Z") == NOW + 0.5
    assert redis.moment("2027-01-15T08:00:00Z") == NOW
    assert redis.moment("nonsense") is None
    assert redis.moment(None) is None


# --- files ---


def watched(tmp_path: Path) -> FilesConfig:
    paths = {"backup": str(tmp_path / "backup.json"), "rehearsal": str(tmp_path / "rehearsal.json")}
    return FilesConfig(str(tmp_path / "docs.db"), paths, str(tmp_path / "reboot-required"))


def test_result_files_of_both_forms(tmp_path: Path) -> None:
    last = {"time": "2027-01-14T08:00:00Z", "snapshot": "abc"}
    old = {
        "time": "2027-01-15T08:00:00Z",
        "ok": False,
        "error": "no room",
        "seconds": 5,
        "last_success": last,
    }
    (tmp_path / "backup.json").write_text(json.dumps({**old, "snapshot": None}))
    new = {
        "kind": "rehearsal",
        "status": "ok",
        "started_at": "2027-01-15T07:00:00Z",
        "finished_at": "2027-01-15T07:10:00+00:00",
        "snapshot": "def",
        "error": None,
        "cause": None,
    }
    (tmp_path / "rehearsal.json").write_text(json.dumps(new))
    backup, rehearsal = files.results(watched(tmp_path))
    assert (backup.status, backup.error, backup.started_at) == ("failed", "no room", NOW)
    assert backup.last_success == NOW - 86400
    assert (rehearsal.status, rehearsal.finished_at, rehearsal.last_success) == ("ok", NOW - 3000, NOW - 3000)
    assert (rehearsal.error, rehearsal.cause, rehearsal.snapshot) == ("", "", "def")


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", '{"time": 5}'])
def test_a_result_that_is_missing_or_broken_is_no_crash(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "backup.json").write_text(text)
    backup, _ = files.results(watched(tmp_path))
    assert backup.status in ("missing", "failed")
    assert backup.last_success is None


def test_the_database_and_its_log(tmp_path: Path) -> None:
    assert files.database(watched(tmp_path), ()) is None
    (tmp_path / "docs.db").write_bytes(b"x" * (2 << 20))
    (tmp_path / "docs.db-wal").write_bytes(b"x" * (1 << 20))
    (tmp_path / "backup.json").write_text('{"status": "ok", "finished_at": 5.0}')
    found = files.database(watched(tmp_path), files.results(watched(tmp_path)))
    assert found == (2.0, 1.0, 5.0)


# --- the clock ---


class TimeServer:
    """Speaks NTP on loopback, `ahead` seconds ahead of this machine."""

    def __init__(self, ahead: float, answer: str = "good") -> None:
        self.ahead, self.answer = ahead, answer
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        request, sender = self.socket.recvfrom(512)
        if len(request) < 48:
            return
        moment = time.time() + self.ahead + slow.NTP_EPOCH
        stamp = struct.pack("!II", int(moment), int(moment % 1 * 2**32))
        stratum = 0 if self.answer == "refusal" else 2
        origin = b"\0" * 8 if self.answer == "forged" else request[40:48]
        packet = bytes([0x24, stratum, 0, 0]) + b"\0" * 12 + stamp + origin + stamp + stamp
        self.socket.sendto(packet[:20] if self.answer == "short" else packet, sender)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()


@pytest.fixture
def time_server(request: pytest.FixtureRequest) -> Iterator[TimeServer]:
    server = TimeServer(*request.param)
    yield server
    server.close()


def clock_settings(port: int, tmp_path: Path) -> SlowConfig:
    return SlowConfig((), 300, f"127.0.0.1:{port}", 600, str(tmp_path / "timesync"))


@pytest.mark.parametrize("time_server", [(30.0,), (-2.5,), (0.0,)], indirect=True)
def test_how_far_the_clock_is_off(time_server: TimeServer, tmp_path: Path) -> None:
    memo: dict[str, object] = {}
    found = slow.clock(clock_settings(time_server.port, tmp_path), memo, NOW)
    assert found.offset_seconds == pytest.approx(-time_server.ahead, abs=0.2)
    assert slow.clock(clock_settings(1, tmp_path), memo, NOW + 60) == found, "asked every ten minutes only"


@pytest.mark.parametrize("time_server", [(5.0, "refusal"), (5.0, "forged"), (5.0, "short")], indirect=True)
def test_a_bad_answer_tells_nothing(time_server: TimeServer, tmp_path: Path) -> None:
    assert slow.clock(clock_settings(time_server.port, tmp_path), {}, NOW).offset_seconds is None


def test_what_the_time_service_says(tmp_path: Path) -> None:
    settings = SlowConfig((), 300, "", 600, str(tmp_path / "timesync"))
    assert slow.clock(settings, {}, NOW).synchronised is None, "it does not run"
    (tmp_path / "timesync").mkdir()
    assert slow.clock(settings, {}, NOW).synchronised is False
    (tmp_path / "timesync/synchronized").touch()
    assert slow.clock(settings, {}, NOW).synchronised is True


# --- the trend of a disk ---


def trend(megabytes: list[float], total: float = 10_000.0) -> float | None:
    """Feed one value every ten minutes; return the hours that are left in the end."""
    memo: dict[str, object] = {}
    found = None
    for number, used in enumerate(megabytes):
        disk = Disk("/", 100 * used / total, used, total)
        found = slow.predictions((disk,), memo, NOW + 600 * number)
    return None if not found else found[0].hours


def test_a_disk_that_grows_evenly() -> None:
    # 100 MB each ten minutes, 6400 MB left: 10.7 hours.
    assert trend([100.0 * number for number in range(37)]) == pytest.approx(6400 / 600, rel=0.01)


def test_one_large_file_is_no_growth() -> None:
    assert trend([1000.0] * 18 + [6000.0] * 18) is None


def test_a_disk_that_is_cleaned_now_and_then_still_grows() -> None:
    values = [1000 + 50.0 * number - 300 * (number // 12) for number in range(36)]
    assert trend(values) == pytest.approx((10_000 - values[-1]) / 300, rel=0.5)


def test_less_than_an_hour_tells_nothing() -> None:
    assert trend([100.0 * number for number in range(6)]) is None


# --- updates ---

SIMULATED = """\
Inst libssl3 [3.0.11-1~deb12u2] (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
Inst curl [7.88.1-10] (7.88.1-11 Debian:12.8/stable [amd64])
Inst openssl [1.1.1f-1ubuntu2] (1.1.1f-1ubuntu2.24 Ubuntu:20.04/focal-a, Ubuntu:20.04/focal-security [amd64])
Conf libssl3 (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
"""


def test_security_updates_are_counted_on_debian_and_ubuntu() -> None:
    assert updates.count(SIMULATED) == 2
    assert updates.count("") == 0


def test_what_was_counted_is_kept_and_before_it_is_unknown(tmp_path: Path) -> None:
    reboot = tmp_path / "reboot-required"
    assert updates.collect(str(tmp_path), str(reboot)) == (None, False, None)
    assert updates.inspect(str(tmp_path)) == 0, "apt itself was asked"
    reboot.touch()
    found = updates.collect(str(tmp_path), str(reboot))
    assert found.security_pending is not None
    assert found.reboot_required
    (tmp_path / updates.FILE_NAME).write_text("{")
    assert updates.collect(str(tmp_path), str(reboot)).security_pending is None


# --- Docker's events ---


def test_ends_that_nobody_asked_for_and_kills_for_want_of_memory(engine: Engine, tmp_path: Path) -> None:
    crashing, stopped = engine.add("worker"), engine.add("nginx")
    for identity, action in (
        (crashing, "die"),
        (crashing, "die"),
        (stopped, "kill"),
        (stopped, "die"),
        (crashing, "oom"),
        (crashing, "die"),
    ):
        engine.events.append({"id": identity, "status": action})
    settings = DockerConfig(True, str(engine.path), "tdm", {}, str(tmp_path), 2)
    found, _ = containers.collect(settings, Counters(NOW - 60, "", 0, 0, {}), NOW, 2048)
    assert found is not None
    told = {item.service: (item.restarts, item.oom_kills) for item in found.items}
    assert told == {"worker": (3, 1), "nginx": (0, 0)}
    first, _ = containers.collect(settings, None, NOW, 2048)
    assert first is not None
    assert first.items[0].restarts is None, "the first cycle has nothing to count from"


# --- processes ---


def test_the_busiest_and_the_largest_process_are_named() -> None:
    ballast = bytearray(os.urandom(1 << 20) * 64)
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=spin)
    thread.start()
    by_memory, by_cpu = processes.top(400, 0.3)
    stop.set()
    thread.join()
    assert len(ballast) == 64 << 20
    own = next(item for item in by_memory if item.pid == os.getpid())
    assert own.memory_mb > 64
    assert next(item.cpu_percent for item in by_cpu if item.pid == os.getpid()) > 5
    assert [item.memory_mb for item in by_memory] == sorted(
        (item.memory_mb for item in by_memory), reverse=True
    )
    assert " MB" in processes.summary()
