"""Rotation by the real logrotate, under a writer that does not pause, loses nothing and doubles nothing."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.config import Config
from monitoring.logs import rollups
from monitoring.logs.increment import fold
from tests.support.log_lines import START, nginx_line

Configured = Callable[..., Config]
PROJECT = Path(__file__).resolve().parents[3]


class Rotation:
    """One log that logrotate takes care of, with the given directives."""

    def __init__(self, directory: Path, *directives: str) -> None:
        self.log = directory / "access.log"
        self._state = directory.parent / "logrotate.state"
        self._settings = directory.parent / "logrotate.conf"
        body = "\n".join(["rotate 50", "missingok", *directives])
        self._settings.write_text(f"{self.log} {{\n{body}\n}}\n")
        self._settings.chmod(0o644)

    def run(self) -> None:
        program = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        assert program, "logrotate is missing: scripts/unit installs it"
        done = subprocess.run(
            [program, "--force", "--state", str(self._state), str(self._settings)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


class Writer:
    """A process that writes `count` lines, `rate` a second."""

    def __init__(self, log: Path, count: int, rate: int) -> None:
        self.count = count
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.log_writer", str(log), str(count), str(rate)], cwd=PROJECT,
            stdout=subprocess.PIPE, stdin=subprocess.PIPE,
        )  # fmt: skip
        self._written = log.parent.with_name("written")
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"writing\n"
        (log.parent.parent / "writer.pid").write_text(str(self._process.pid))

    @property
    def writes(self) -> bool:
        assert self._process.poll() is None, "the writer ended early"
        return not self._written.exists()

    def tell(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        status = Path(f"/proc/{self._process.pid}/stat")
        while number == signal.SIGSTOP and status.read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.001)

    def wait(self) -> None:
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0


def counted(config: Config) -> tuple[int, int]:
    """How many requests the rollups know, and the sum of their bytes."""
    connection = rollups.open_readonly(config.state_directory)
    figures = rollups.load(connection, 0)
    connection.close()
    assert figures.broken == 0
    return figures.entries, sum(traffic.bytes for traffic in figures.hours.values())


def everything(count: int) -> tuple[int, int]:
    return count, count * (count + 1) // 2


def lines(first: int, last: int) -> bytes:
    return b"".join(
        nginx_line(START + number, f"/{number}", size=number, identity=f"{number:032x}")
        for number in range(first, last + 1)
    )


RENAME = ("nocreate", "sharedscripts", "postrotate", "sleep 0.05; kill -USR1 $(cat {pid})", "endscript")


@pytest.mark.parametrize(
    "directives",
    [(), ("compress",), ("compress", "delaycompress"), ("dateext", "dateformat -%Y%m%d-%s", "compress")],
    ids=["plain", "compress", "delaycompress", "dateext"],
)
def test_rename_under_a_writer(logs: Path, configured: Configured, directives: tuple[str, ...]) -> None:
    pid = logs.parent / "writer.pid"
    rotation = Rotation(logs, *directives, *(line.format(pid=pid) for line in RENAME))
    config = configured(rotation.log)
    rotation.log.write_bytes(b"")
    fold(config)
    writer = Writer(rotation.log, 3000, 1500)
    turn = 0
    while writer.writes:
        turn += 1
        if turn % 3 == 0:
            rotation.run()
            # With dateext a second rotation within the same second has no name of its own.
            time.sleep(1.0 if "dateext" in directives else 0.0)
        fold(config)
    rotation.run()
    writer.wait()
    fold(config)
    fold(config)
    assert counted(config) == everything(writer.count)
    assert len(list(logs.iterdir())) > 2


def test_folds_while_logrotate_is_at_work(logs: Path, configured: Configured) -> None:
    pid = logs.parent / "writer.pid"
    rotation = Rotation(logs, "compress", *(line.format(pid=pid) for line in RENAME))
    config = configured(rotation.log)
    rotation.log.write_bytes(b"")
    fold(config)
    writer = Writer(rotation.log, 4000, 1500)
    with subprocess.Popen(
        [sys.executable, "-c", "import sys, time; sys.path.insert(0, sys.argv[1])\n"
         "from pathlib import Path\nfrom tests.unit.monitoring_logs.test_logs_rotation import Rotation\n"
         "r = Rotation(Path(sys.argv[2]), *sys.argv[3:])\n"
         "for _ in range(8): r.run(); time.sleep(0.05)",
         str(PROJECT), str(logs), "compress", *(line.format(pid=pid) for line in RENAME)],
    ) as rotating:  # fmt: skip
        folds = 0
        while writer.writes or rotating.poll() is None:
            fold(config)
            folds += 1
    assert rotating.returncode == 0
    rotation.run()
    writer.wait()
    fold(config)
    assert counted(config) == everything(writer.count)
    assert folds > 8


@pytest.mark.parametrize("directives", [(), ("compress",)], ids=["plain", "compress"])
def test_copytruncate(logs: Path, configured: Configured, directives: tuple[str, ...]) -> None:
    rotation = Rotation(logs, "copytruncate", *directives)
    config = configured(rotation.log)
    rotation.log.write_bytes(b"")
    fold(config)
    writer = Writer(rotation.log, 3000, 1500)
    while writer.writes:
        # What is written between the copy and the cut is lost by logrotate itself, whoever reads.
        writer.tell(signal.SIGSTOP)
        rotation.run()
        writer.tell(signal.SIGCONT)
        time.sleep(0.1)
        fold(config)
    writer.wait()
    fold(config)
    assert counted(config) == everything(writer.count)


def test_copytruncate_of_a_log_that_was_empty(logs: Path, configured: Configured) -> None:
    rotation = Rotation(logs, "copytruncate")
    (logs / "access.log.1.gz").write_bytes(gzip.compress(lines(500, 599)))
    rotation.log.write_bytes(b"")
    config = configured(rotation.log)
    fold(config)
    with rotation.log.open("ab") as file:
        file.write(lines(1, 10))
    rotation.run()
    fold(config)
    assert counted(config) == everything(10)


def test_a_copy_that_is_not_yet_cut_is_not_read_again(logs: Path, configured: Configured) -> None:
    log = logs / "access.log"
    config = configured(log)
    log.write_bytes(lines(1, 50))
    fold(config)
    # copytruncate half way: the copy lacks what came after it was made.
    (logs / "access.log.1").write_bytes(log.read_bytes())
    with log.open("ab") as file:
        file.write(lines(51, 60))
    fold(config)
    assert counted(config) == everything(60)
    os.truncate(log, 0)
    with log.open("ab") as file:
        file.write(lines(61, 150))
    fold(config)
    fold(config)
    assert counted(config) == everything(150)


def test_several_rotations_while_away(logs: Path, configured: Configured) -> None:
    log = logs / "access.log"
    config = configured(log)
    log.write_bytes(lines(1, 100))
    fold(config)
    with log.open("ab") as file:
        file.write(lines(101, 120))
    (logs / "access.log.3.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    (logs / "access.log.2.gz").write_bytes(gzip.compress(lines(121, 200)))
    (logs / "access.log.1").write_bytes(lines(201, 250))
    log.write_bytes(lines(251, 260))
    fold(config)
    assert counted(config) == everything(260)
    fold(config)
    assert counted(config) == everything(260)


def test_the_first_fold_leaves_out_what_was_rotated_before(logs: Path, configured: Configured) -> None:
    log = logs / "access.log"
    (logs / "access.log.2.gz").write_bytes(gzip.compress(lines(900, 999)))
    (logs / "access.log.1").write_bytes(lines(800, 899))
    log.write_bytes(lines(1, 20))
    config = configured(log)
    fold(config)
    log.rename(logs / "access.log.0")
    (logs / "access.log.0").rename(logs / "access.log.1")
    log.write_bytes(lines(21, 30))
    fold(config)
    assert counted(config) == everything(30)


def test_everything_was_deleted_while_away(logs: Path, configured: Configured) -> None:
    log = logs / "access.log"
    log.write_bytes(lines(1, 20))
    config = configured(log)
    fold(config)
    log.unlink()
    fold(config)
    log.write_bytes(lines(21, 40))
    fold(config)
    assert counted(config) == everything(40)


def test_a_line_is_counted_when_its_end_has_come(logs: Path, configured: Configured) -> None:
    log = logs / "access.log"
    data = lines(1, 2)
    log.write_bytes(data[:-100])
    config = configured(log)
    assert fold(config).requests == 1
    assert fold(config).requests == 0
    with log.open("ab") as file:
        file.write(data[-100:])
    assert fold(config).requests == 1


def test_the_last_line_of_a_rotated_file_counts_without_its_end(logs: Path, configured: Configured) -> None:
    log = logs / "access.log"
    log.write_bytes(lines(1, 2)[:-1])
    config = configured(log)
    fold(config)
    log.rename(logs / "access.log.2")
    (logs / "access.log.1").write_bytes(lines(3, 4))
    log.write_bytes(lines(5, 6))
    fold(config)
    fold(config)
    assert counted(config) == everything(6)


def test_a_backlog_comes_in_portions(logs: Path, configured: Configured) -> None:
    log = logs / "access.log"
    log.write_bytes(lines(1, 4000))
    config = configured(log, read_mb=0.5)
    windows = [fold(config)]
    while windows[-1].more:
        windows.append(fold(config))
    assert len(windows) > 3
    assert sum(window.requests for window in windows) == 4000
    assert counted(config) == everything(4000)


def test_a_line_without_end_costs_no_memory_and_counts_once(logs: Path, configured: Configured) -> None:
    log = logs / "access.log"
    log.write_bytes(lines(1, 3) + b"x" * 3_000_000)
    config = configured(log)
    assert fold(config).broken == 1
    with log.open("ab") as file:
        file.write(b"x" * 500_000)
    assert fold(config).broken == 0
    with log.open("ab") as file:
        file.write(b"x\n" + lines(4, 5))
    window = fold(config)
    assert (window.broken, window.requests) == (0, 2)


def test_a_fold_that_is_killed_leaves_all_or_nothing(logs: Path, configured: Configured) -> None:
    log = logs / "access.log"
    log.write_bytes(b"")
    config = configured(log)
    fold(config)
    program = (
        "import sys; from monitoring.config import parse; from monitoring.logs.increment import fold\n"
        "config = parse({'state_directory': sys.argv[1], 'health': {'enabled': False},"
        " 'docker': {'enabled': False}, 'logs': {'files': [sys.argv[2]], 'rollup_days': 36500}})\n"
        "while True: fold(config)"
    )
    chance = random.Random(4)
    written = 0
    for _round in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", program, config.state_directory, str(log)], cwd=PROJECT
        ) as folding:
            until = time.monotonic() + 0.25 + chance.random() * 0.3
            while time.monotonic() < until:
                with log.open("ab") as file:
                    file.write(lines(written + 1, written + 20))
                written += 20
                time.sleep(0.002)
            folding.kill()
    fold(config)
    assert counted(config) == everything(written)


def test_an_unreadable_log_is_named_and_the_others_are_read(logs: Path, configured: Configured) -> None:
    good, bad = logs / "good.log", logs / "bad.log"
    good.write_bytes(lines(1, 5))
    bad.mkdir()
    window = fold(configured(bad, good))
    assert window.requests == 5
    assert len(window.problems) == 1
    assert str(bad) in window.problems[0]
