"""The rules beyond the specification's table, limit by limit."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring import judges, rulebook
from monitoring.sample import (
    Clock,
    Container,
    Containers,
    Database,
    Disk,
    Health,
    Parts,
    Prediction,
    Queue,
    RedisState,
    Result,
    Sample,
    Timer,
    Traffic,
    Updates,
)
from tests.support.monitoring_parts import make_sample
from tests.unit.monitoring.test_monitoring_rules import container, firing, listed

NOW = 1_800_000_000.0
HOUR = 3600.0
DAY = 86400.0


def sample(**parts: Any) -> Sample:
    return make_sample(NOW)._replace(parts=Parts(**parts))


def answers(not_after: float) -> Health:
    return Health(True, 200, 12.5, {}, "", not_after)


def traffic(requests: int, failed: int) -> Traffic:
    return Traffic(requests, 0, failed, 100 * failed / requests if requests else None, 1.0, 1, 60.0)


def result(kind: str, status: str, hours_ago: float | None, error: str = "") -> Result:
    last = None if hours_ago is None else NOW - hours_ago * HOUR
    return Result(kind, status, None, None, None, error, "", last)


def test_every_rule_has_a_judge_and_a_next_command() -> None:
    from monitoring.checks import NEXT

    assert set(judges.JUDGES) == set(rulebook.DEFAULTS) == set(NEXT)


CASES: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("14 days are well", {"public": answers(NOW + 14.01 * DAY)}, {}),
    ("less warns", {"public": answers(NOW + 13.9 * DAY)}, {"certificate_expiring": "warning"}),
    ("three are critical", {"public": answers(NOW + 2.9 * DAY)}, {"certificate_expiring": "critical"}),
    ("a good backup", {"results": (result("backup", "ok", 25),)}, {}),
    ("an old one", {"results": (result("backup", "ok", 27),)}, {"backup_failed": "critical"}),
    ("a failed one", {"results": (result("backup", "failed", 1, "x"),)}, {"backup_failed": "critical"}),
    ("none yet", {"results": (result("backup", "missing", None),), "watched_since": NOW - HOUR}, {}),
    (
        "none for long",
        {"results": (result("backup", "missing", None),), "watched_since": NOW - 27 * HOUR},
        {"backup_failed": "critical"},
    ),
    ("a rehearsal of last week", {"results": (result("rehearsal", "ok", 7 * 24),)}, {}),
    ("an older one", {"results": (result("rehearsal", "ok", 193),)}, {"rehearsal_failed": "critical"}),
    ("a failed one", {"results": (result("rehearsal", "failed", 1),)}, {"rehearsal_failed": "critical"}),
    ("a queue that moves", {"queue": Queue(500, 800.0, 1, 3, 1)}, {}),
    ("a stuck one", {"queue": Queue(1, 901.0, 0, 0, 0)}, {"queue_stuck": "critical"}),
    ("the disk lasts", {"predictions": (Prediction("/", 24.5),)}, {}),
    ("full tomorrow", {"predictions": (Prediction("/", 23.0),)}, {"disk_full_predicted /": "warning"}),
    ("few errors", {"nginx": traffic(100, 5)}, {}),
    ("many", {"nginx": traffic(100, 6)}, {"high_error_rate": "warning"}),
    ("few requests tell nothing", {"nginx": traffic(3, 3)}, {}),
    ("nobody came", {"nginx": traffic(0, 0)}, {}),
    ("killed", {"recent_ooms": ("tdm-worker-1",)}, {"oom_kill": "critical"}),
    ("two restarts", {"recent_restarts": {"tdm-worker-1": 2}}, {}),
    ("three", {"recent_restarts": {"tdm-worker-1": 3}}, {"container_restart_loop tdm-worker-1": "critical"}),
    ("the clock", {"clock": Clock(True, 0.9)}, {}),
    ("ahead", {"clock": Clock(True, 1.1)}, {"clock_off": "warning"}),
    ("behind", {"clock": Clock(True, -30.0)}, {"clock_off": "warning"}),
    ("never set", {"clock": Clock(False, None)}, {"clock_off": "warning"}),
    ("unknown", {"clock": Clock(None, None)}, {}),
    ("five minutes", {"gap_seconds": 300.0}, {}),
    ("ten", {"gap_seconds": 600.0}, {"monitor_silent": "warning"}),
    ("a channel", {"failing_channels": {"mail": "refused"}}, {"channel_failing mail": "warning"}),
    ("a timer", {"timers": (Timer("tdm-backup", "success", None, None),)}, {}),
    ("a bad one", {"timers": (Timer("x", "exit-code", None, None),)}, {"timer_failed x": "warning"}),
    ("no updates", {"updates": Updates(0, False, NOW)}, {}),
    ("updates", {"updates": Updates(2, False, NOW)}, {"security_updates": "info"}),
    ("a restart", {"updates": Updates(0, True, NOW)}, {"reboot_required": "info"}),
    ("never counted", {"updates": Updates(None, False, None)}, {}),
    ("a short log", {"database": Database(100, 256, None)}, {}),
    ("a long one", {"database": Database(100, 257, None)}, {"database_log_large": "warning"}),
    ("Redis", {"redis": (RedisState("queue", "", 10, 80.0, 0),)}, {}),
    (
        "a full queue",
        {"redis": (RedisState("queue", "", 10, 81.0, 0),)},
        {"redis_memory_high queue": "warning"},
    ),
    ("a full cache is meant", {"redis": (RedisState("cache", "", 10, 100.0, 900),)}, {}),
    ("silent", {"redis": (RedisState("cache", "refused"),)}, {"redis_down cache": "critical"}),
    (
        "cannot write",
        {"redis": (RedisState("queue", "", 10, 1.0, 0, "the last snapshot failed"),)},
        {"redis_persistence queue": "critical"},
    ),
]


@pytest.mark.parametrize(("name", "parts", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_limits(name: str, parts: dict[str, Any], wanted: dict[str, str]) -> None:
    assert firing(sample(**parts)) == wanted


def test_inodes_and_a_container_at_its_limit() -> None:
    disks = (Disk("/", 10.0, 1, 2, 90.5), Disk("/data", 10.0, 1, 2, None))
    assert firing(make_sample(NOW, disks=disks)) == {"high_inode_usage /": "warning"}
    full = container("nginx")._replace(memory_percent=91.0)
    assert firing(listed(container("app-blue"), full)) == {"container_memory_high tdm-nginx-1": "warning"}


def test_an_unlimited_container_has_no_limit_to_reach() -> None:
    free = Container("id", "tdm-nginx-1", "nginx", "running", "healthy", 1.0, 2000.0, None, 99.0)
    assert firing(listed(container("app-blue"), free)) == {}


def test_the_messages_say_figure_limit_and_cause() -> None:
    from monitoring import rules
    from tests.unit.monitoring.test_monitoring_rules import settings

    failed = result("backup", "failed", 1, "disk full")._replace(cause="no room in /opt/backups")
    verdict = rules.judge(sample(results=(failed,), queue=Queue(7, 1800.0, 0, 0, 0)), settings())
    said = {item.type: item.message for item in verdict.conditions if item.firing}
    assert said == {
        "backup_failed": "the last backup failed: disk full; no room in /opt/backups",
        "queue_stuck": "7 jobs wait, the oldest for 30.0 min, above the limit of 15 min",
    }


def test_a_part_that_is_no_longer_watched_closes_its_alerts() -> None:
    from monitoring import rules
    from tests.unit.monitoring.test_monitoring_rules import settings

    verdict = rules.judge(make_sample(NOW, containers=Containers((), "")), settings())
    for name in (
        "public_health_failure",
        "high_error_rate",
        "backup_failed",
        "redis_down",
        "container_unhealthy",
    ):
        assert name in verdict.complete_types, name
