"""Judges one sample by the rules: pure, no storage, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from monitoring.config import Config, Rule
from monitoring.rulebook import DEFAULTS
from monitoring.sample import Sample

if TYPE_CHECKING:
    from typing import Callable, Dict, List, Tuple

    # A judge returns its conditions, and whether they mention all subjects that there are.
    JudgeFunction = Callable[["Judge"], Tuple[List["Condition"], bool]]
    Judges = Dict[str, JudgeFunction]


class Condition(NamedTuple):
    """The verdict of one rule on one subject (a path, a container; empty for the host as a whole).

    `firing` is None when the sample cannot tell: an alert that is open then stays open.
    `fingerprint` changes when the operator must be told anew although the alert is already open.
    """

    type: str
    subject: str
    firing: bool | None
    severity: str
    fingerprint: str
    message: str
    value: float | None


class Verdict(NamedTuple):
    """All conditions, and the types for which a subject that is not mentioned is well (its container is gone
    from the list, say) and not merely unknown."""

    conditions: tuple[Condition, ...]
    complete_types: frozenset[str]


class Judge(NamedTuple):
    """What a rule's judge is given; `open` holds type and subject of the alerts that are open."""

    sample: Sample
    config: Config
    open: frozenset[tuple[str, str]]
    name: str
    rule: Rule

    def limit(self, subject: str, value: float | None, what: str, severity: str = "") -> Condition:
        """Compare with the rule's limit; an alert that is open is over only beyond `clear`."""
        is_open = (self.name, subject) in self.open
        unit = DEFAULTS[self.name].unit
        above = self.rule.above is not None
        limit = self.rule.above if self.rule.above is not None else self.rule.below or 0.0
        edge = self.rule.clear if is_open and self.rule.clear is not None else limit
        firing = None if value is None else value > edge if above else value < edge
        shown = "unknown" if value is None else f"{value:.1f} {unit}".rstrip()
        relation = ("above" if above else "below") if firing else "within"
        chosen = severity or self.rule.severity
        message = f"{what} {shown}, {relation} the limit of {limit:g} {unit}".rstrip()
        return Condition(self.name, subject, firing, chosen, chosen, message, value)

    def state(self, subject: str, trouble: str | None, message: str, value: float | None = None) -> Condition:
        """Fire when there is a trouble; None: the sample cannot tell."""
        firing = None if trouble is None else bool(trouble)
        severity = self.rule.severity
        return Condition(self.name, subject, firing, severity, trouble or "", message, value)


def judge(sample: Sample, config: Config, opened: frozenset[tuple[str, str]] = frozenset()) -> Verdict:
    """Return the verdict of every enabled rule. Alerts of a rule that was turned off are over."""
    from monitoring.judges import JUDGES

    conditions: list[Condition] = []
    complete = set()
    for name, rule in config.rules.items():
        if not rule.enabled:
            complete.add(name)
            continue
        found, is_complete = JUDGES[name](Judge(sample, config, opened, name, rule))
        conditions += found
        if is_complete:
            complete.add(name)
    return Verdict(tuple(conditions), frozenset(complete))
