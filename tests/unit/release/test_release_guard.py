"""One run at a time; a run that lost its controller gives way to the next one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from roles.app.files.release import guard

PROJECT = Path(__file__).resolve().parents[3]
HOLDER = """
import signal, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from roles.app.files.release.guard import alone
if sys.argv[3] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with alone(Path(sys.argv[2])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("kind", "end"), [("usual", signal.SIGTERM), ("stubborn", signal.SIGKILL)])
def test_the_next_run_ends_the_one_under_way(
    tmp_path: Path, kind: str, end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PATIENCE_S", 1.0)
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(PROJECT), str(lock), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        began = time.monotonic()
        with guard.alone(lock):
            assert holder.wait(5) == -end
        assert time.monotonic() - began < 5


def test_the_lock_of_a_dead_run_is_free(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("999999999")
    with guard.alone(lock):
        assert lock.read_text().strip().isdigit()
    with guard.alone(lock):
        pass
