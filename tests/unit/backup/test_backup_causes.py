"""What restic and the storages say, in the words of the versions that hosts have, and the cause of it."""

from __future__ import annotations

import errno

import pytest
from tdm_backup import problems, restic
from tdm_backup.settings import Settings

# Cause, exit status, words.
SAID = [
    ("lost_password", 12, "Fatal: wrong password or no key found"),
    ("lost_password", 1, "Fatal: wrong password or no key found"),
    ("busy", 11, "unable to create lock in backend: repository is already locked exclusively by PID 814"),
    ("disk_full", 1, "Save(<data/5d60f9b247>) failed: write r/data/5d-tmp-37: no space left on device"),
    ("disk_full", 1, '{"message_type":"exit_error","code":1,"message":"write x: no space left on device"}'),
    ("unreachable", 1, "subprocess ssh: ssh: connect to host 127.0.0.1 port 9: Connection refused"),
    ("unreachable", 1, "Fatal: unable to open repo at sftp:a@b:/x: unable to start the sftp session, error"),
    ("unreachable", 1, "subprocess ssh: ssh: Could not resolve hostname nohost.invalid: Name or service"),
    ("unreachable", 1, "subprocess ssh: Host key verification failed."),
    ("unreachable", 1, "Stat(<config/>) returned error, retrying after 2s: dial tcp 127.0.0.1:9: connect"),
    ("damaged_repository", 2, "panic: runtime error: slice bounds out of range [16:2]\n\ngoroutine 1 [run"),
    ("damaged_repository", 2, "panic: runtime error: invalid memory address or nil pointer dereference"),
    ("damaged_repository", 1, "error for tree f956e8bc:\n  id f956e8bca165 not found in repository"),
    ("damaged_repository", 1, "Pack ID does not match, want ee7a\nFatal: repository contains errors"),
    ("damaged_repository", 1, "pack e4bc7b7b: does not exist"),
    ("damaged_repository", 1, "Load(<data/ee7a41>, 0, 0) failed: open r/ee/x: no such file or directory"),
    ("failed", 1, "Fatal: something that nobody has seen yet"),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "status", "said"), SAID)
def test_each_fault_has_its_cause(cause: str, status: int, said: str) -> None:
    assert restic.Done(status, "", said).problem("x").cause == cause


def test_every_cause_ends_with_a_command(settings: Settings) -> None:
    for cause in ("lost_password", "damaged_repository", "disk_full", "unreachable", "busy", "failed"):
        step = problems.next_step(cause, settings)
        assert "{" not in step
        assert any(word in step for word in ("systemctl ", "tdm-backup ", "journalctl ")), step


def test_a_full_disk_of_the_host_is_told_by_its_number() -> None:
    assert problems.cause_of_error(OSError(errno.ENOSPC, "No space left on device")) == "disk_full"


def test_the_reason_is_short_and_without_the_trace_of_a_crash() -> None:
    said = "panic: slice\n\ngoroutine 1 [running]:\n" + "\n".join(f"line {n}" for n in range(500))
    reason = restic.Done(2, "", said).reason
    assert reason.startswith("panic: slice | line 0")
    assert len(reason) < 1001
