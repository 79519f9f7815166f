"""One fault, one alert: what follows from another alert is not told beside it.

A symptom is held back while its cause fires, is open, or was over less than two minutes ago (a container's
health needs a while to come back). A symptom that was told before its cause stays open and ends as usual,
and the cause is then told only where it says more.
"""

from __future__ import annotations

from monitoring.rules import Condition, Verdict
from monitoring.store import Row

GRACE_SECONDS = 120

APP = ("app_health_failure", "public_health_failure", "slow_response", "high_error_rate")
QUEUE = ("queue_stuck", "redis_memory_high", "redis_persistence")

# (type, subject) of the cause -> what follows from it: "type", "type subject" or "type *end of the subject".
SYMPTOMS: dict[tuple[str, str], tuple[str, ...]] = {
    ("container_unhealthy", "docker"): (
        *APP,
        *QUEUE,
        "redis_down",
        "container_restart_loop",
        "container_memory_high",
    ),
    ("container_unhealthy", "app (service)"): APP,
    ("container_unhealthy", "nginx (service)"): APP,
    ("container_unhealthy", "redis-queue (service)"): (*APP, *QUEUE, "redis_down queue"),
    ("container_unhealthy", "redis-cache (service)"): ("redis_down cache",),
    ("container_unhealthy", "worker (service)"): ("queue_stuck",),
    ("redis_down", "queue"): (*APP, *QUEUE),
    ("app_health_failure", ""): ("public_health_failure", "slow_response", "high_error_rate"),
    ("backup_failed", ""): ("timer_failed *backup",),
    ("rehearsal_failed", ""): ("timer_failed *rehearsal",),
}

# (type, subject) of the cause -> containers, by a part of their name, that their own health check calls
# unhealthy then.
UNHEALTHY_BEHIND: dict[tuple[str, str], tuple[str, ...]] = {
    ("app_health_failure", ""): ("-app-", "-nginx-"),
    ("container_unhealthy", "app (service)"): ("-nginx-",),
    ("container_unhealthy", "redis-queue (service)"): ("-app-", "-nginx-", "-worker-"),
    ("redis_down", "queue"): ("-redis-queue-", "-app-", "-nginx-", "-worker-"),
    ("redis_down", "cache"): ("-redis-cache-",),
}


def group(verdict: Verdict, states: dict[tuple[str, str], Row], now: float) -> tuple[Verdict, frozenset[str]]:
    """Return the verdict in which symptoms are unknown (None), and the symptoms' names for the message."""
    firing = {(item.type, item.subject) for item in verdict.conditions if item.firing}
    causes = {key for key in SYMPTOMS if key in firing or _open_or_just_over(states.get(key), now)}
    told = {key for key, state in states.items() if state["firing"]}
    # A symptom that was told first stands for the fault: its cause would be a second word for it.
    late = {key for key in causes if key in firing and key not in told and _told_already(key, told)}
    hidden = frozenset(
        name
        for item in verdict.conditions
        if item.firing
        and (item.type, item.subject) not in told
        and (
            _follows(item, causes) or (item.type, item.subject) in late or _behind(item, states, firing, now)
        )
        for name in [f"{item.type} {item.subject}".strip()]
    )
    conditions = tuple(
        item._replace(firing=None)
        if f"{item.type} {item.subject}".strip() in hidden and item.firing
        else item
        for item in verdict.conditions
    )
    return Verdict(conditions, verdict.complete_types), hidden


def _follows(item: Condition, causes: set[tuple[str, str]]) -> bool:
    for cause in causes:
        if (item.type, item.subject) == cause:
            continue
        for symptom in SYMPTOMS[cause]:
            kind, _, subject = symptom.partition(" ")
            if item.type == kind and (
                not subject
                or item.subject == subject
                or (subject[0] == "*" and item.subject.endswith(subject[1:]))
            ):
                return True
    return False


def _told_already(cause: tuple[str, str], told: set[tuple[str, str]]) -> bool:
    """Return whether a symptom as grave as its cause was told: the failing health check or a silent Redis."""
    kinds = {symptom.partition(" ")[0] for symptom in SYMPTOMS[cause]} & {"app_health_failure", "redis_down"}
    return cause[1] != "docker" and any(kind in kinds for kind, _ in told)


def _behind(
    item: Condition, states: dict[tuple[str, str], Row], firing: set[tuple[str, str]], now: float
) -> bool:
    if item.type != "container_unhealthy" or item.fingerprint != "unhealthy":
        return False
    return any(
        any(part in item.subject for part in parts)
        and (cause in firing or _open_or_just_over(states.get(cause), now))
        for cause, parts in UNHEALTHY_BEHIND.items()
    )


def _open_or_just_over(state: Row | None, now: float) -> bool:
    return state is not None and bool(state["firing"] or abs(now - state["since"]) < GRACE_SECONDS)
