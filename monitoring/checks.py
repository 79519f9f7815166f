"""Everything that is watched, checked now: state, value, limit and the next command to type."""

from __future__ import annotations

from typing import Any

from monitoring.config import Config, Rule
from monitoring.measure import measure
from monitoring.rulebook import DEFAULTS
from monitoring.rules import Condition, judge
from monitoring.sample import Counters

ORDER = {"critical": 0, "warning": 1, "unknown": 2, "info": 3, "ok": 4}

# What to type next when the check is not well; {subject} is the path, the container, the unit.
NEXT = {
    "high_cpu_usage": "tdm-monitoring top",
    "high_memory_usage": "tdm-monitoring top",
    "high_disk_usage": "du -xh -d2 {subject} | sort -h | tail",
    "high_inode_usage": "du -x --inodes -d2 {subject} | sort -n | tail",
    "disk_full_predicted": "du -xh -d2 {subject} | sort -h | tail",
    "app_health_failure": "docker ps -a; docker logs --tail 50 $(docker ps -qf name=app-)",
    "public_health_failure": "curl -v https://NAME/api/health; nft list ruleset",
    "slow_response": "tdm-monitoring top",
    "high_error_rate": "tail -n 50 /var/log/*/nginx/access.log | grep '\"status\":5'",
    "container_unhealthy": "docker ps -a; docker logs --tail 50 {subject}",
    "container_restart_loop": "docker logs --tail 50 {subject}",
    "container_memory_high": "docker stats --no-stream {subject}",
    "oom_kill": "journalctl -k -g 'Out of memory|oom' -n 20; tdm-monitoring top",
    "redis_down": "docker logs --tail 50 $(docker ps -aqf name=redis-{subject})",
    "redis_persistence": "docker logs --tail 50 $(docker ps -aqf name=redis-{subject}); df -h /",
    "redis_memory_high": "docker logs --tail 50 $(docker ps -aqf name=redis-{subject})",
    "queue_stuck": "docker logs --tail 50 $(docker ps -aqf name=worker)",
    "database_log_large": "tdm-monitoring top",
    "certificate_expiring": "ansible-playbook site.yml (on the controller)",
    "backup_failed": "journalctl -u '*-backup.service' -n 50",
    "rehearsal_failed": "journalctl -u '*-rehearsal.service' -n 50",
    "timer_failed": "journalctl -u {subject}.service -n 50",
    "clock_off": "timedatectl; systemctl status systemd-timesyncd",
    "monitor_silent": "systemctl list-timers '*monitoring*'",
    "channel_failing": "tdm-monitoring status",
    "security_updates": "apt list --upgradable",
    "reboot_required": "systemctl reboot (in a quiet hour)",
}


def run(
    config: Config, previous: Counters | None, now: float, age: float | None, cpu_percent: float | None
) -> dict[str, Any]:
    """Return all checks, the gravest first; `age` is that of the newest stored sample in seconds.

    `cpu_percent` is that of the last minute: the few seconds since then would tell of this look itself.
    """
    sample, _ = measure(config, previous, now)
    # Between a cycle and this look there is no gap; the age of the newest sample is the check.
    sample = sample._replace(
        parts=sample.parts._replace(gap_seconds=age),
        system=sample.system._replace(cpu_percent=cpu_percent),
    )
    found = [
        _check(condition, config.rules[condition.type]) for condition in judge(sample, config).conditions
    ]
    if age is None:
        found.append(_unmeasured())
    found.sort(key=lambda item: (ORDER[item["status"]], item["check"], item["subject"]))
    return {"host": config.host, "status": worst(found), "checks": found}


def worst(found: list[dict[str, Any]]) -> str:
    """Return "critical", "warning" or "ok": what is unknown or merely told does not count."""
    known = [item["status"] for item in found if item["status"] in ("critical", "warning")]
    return min(known, key=lambda name: ORDER[name]) if known else "ok"


def _check(condition: Condition, rule: Rule) -> dict[str, Any]:
    status = "unknown" if condition.firing is None else condition.severity if condition.firing else "ok"
    unit = DEFAULTS[condition.type].unit
    limit = ""
    if rule.above is not None:
        limit = f"<= {rule.above:g} {unit}".rstrip()
    elif rule.below is not None:
        limit = f">= {rule.below:g} {unit}".rstrip()
    shown = condition.value if limit and condition.value is not None else None
    name = condition.subject or "HOST"
    return {
        "check": condition.type,
        "subject": condition.subject,
        "status": status,
        "value": "-" if shown is None else f"{shown:.1f} {unit}".rstrip(),
        "limit": limit or "-",
        "message": condition.message,
        "next": "" if status in ("ok", "unknown") else NEXT[condition.type].replace("{subject}", name),
    }


def _unmeasured() -> dict[str, Any]:
    return {
        "check": "monitor_silent",
        "subject": "",
        "status": "critical",
        "value": "-",
        "limit": "-",
        "message": "no sample was ever stored",
        "next": NEXT["monitor_silent"],
    }
