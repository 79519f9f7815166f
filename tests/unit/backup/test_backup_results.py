"""The files that health and alerts read."""

from __future__ import annotations

import json

from tdm_backup import results
from tdm_backup.problems import Problem
from tdm_backup.settings import Settings


def test_the_last_success_outlives_a_failure(settings: Settings) -> None:
    first = results.record(settings, "backup", 1_700_000_000.0, {"snapshot": "abc123", "bytes": 5})
    second = results.record(settings, "backup", 1_700_086_400.0, {}, Problem("no room", "disk_full"))
    assert first["last_success"]["snapshot"] == "abc123"
    assert first["last_success"]["time"] == "2023-11-14T22:13:20Z"
    assert second["last_success"] == first["last_success"]
    read = json.loads(settings.state("last.json").read_text())
    assert {key: read[key] for key in ("kind", "status", "ok", "error", "cause", "snapshot")} == {
        "kind": "backup",
        "status": "failed",
        "ok": False,
        "error": "no room",
        "cause": "disk_full",
        "snapshot": None,
    }
    assert "systemctl start tag1-backup.service" in read["next"]
    assert read["started_at"] == 1_700_086_400.0
    assert read["finished_at"] >= read["started_at"]
    assert settings.state("last.json").stat().st_mode & 0o777 == 0o644


def test_each_kind_has_its_own_file(settings: Settings) -> None:
    results.record(settings, "backup", 1.0, {"snapshot": "a"})
    results.record(settings, "rehearsal", 2.0, {"snapshot": "b"}, Problem("x"))
    results.record(settings, "check", 3.0, {"part": 4})
    assert results.read(settings, "backup")["status"] == "ok"
    assert results.read(settings, "rehearsal")["status"] == "failed"
    assert results.read(settings, "check")["part"] == 4
