"""Every request of a run, and its figures: counts by kind of failure, percentiles in windows of time."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One request: when it began and ended (seconds of the monotonic clock), what it was, how it failed."""

    began: float
    ended: float
    what: str
    failure: str = ""
    detail: str = ""

    @property
    def milliseconds(self) -> float:
        return (self.ended - self.began) * 1000


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


class Figures:
    """The samples of a run. Long requests take as long as they are meant to: no percentile holds them."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self.samples = sorted(samples, key=lambda sample: sample.ended)

    @property
    def requests(self) -> int:
        return len(self.samples)

    def failures(self) -> dict[str, int]:
        """Failed requests by kind; empty when none failed."""
        return dict(sorted(Counter(sample.failure for sample in self.samples if sample.failure).items()))

    @property
    def failed(self) -> int:
        return sum(self.failures().values())

    def posts(self) -> int:
        return sum(sample.what.startswith("POST") for sample in self.samples)

    def longest_pause(self) -> float:
        """The longest time in seconds without a short request that succeeded."""
        moments = [s.ended for s in self.samples if not s.failure and "slow" not in s.what]
        return max((later - one for one, later in itertools.pairwise(moments)), default=0.0)

    def between(self, windows: Sequence[tuple[float, float]]) -> Figures:
        """The requests that were under way within one of the windows."""
        return Figures(
            sample
            for sample in self.samples
            if any(sample.began <= end and sample.ended >= start for start, end in windows)
        )

    def milliseconds(self, percent: float) -> float:
        """A percentile of the short requests that succeeded, in ms."""
        short = [s.milliseconds for s in self.samples if not s.failure and "slow" not in s.what]
        return round(percentile(short, percent), 1)

    def details(self, count: int = 5) -> list[str]:
        """The first few failures in their own words."""
        return [sample.detail for sample in self.samples if sample.failure][:count]
