"""Latency in a sparse logarithmic histogram: buckets of 1 %, so a quantile is right within half a percent.

Histograms merge exactly by adding counts, which is what makes hourly rollups possible.
"""

from __future__ import annotations

import math
from array import array
from typing import Dict, Iterable

Histogram = Dict[int, int]

GROWTH = 1.01
_SCALE = 1 / math.log(GROWTH)
# Bucket of 0 ms; bucket k > 0 holds [GROWTH^(k-1), GROWTH^k).
ZERO = 0


def bucket_of(ms: int) -> int:
    return ZERO if ms < 1 else 1 + int(math.log(ms) * _SCALE)


def value_of(bucket: int) -> float:
    """Return the duration in ms that stands for the bucket."""
    return 0.0 if bucket == ZERO else float(GROWTH ** (bucket - 0.5))


def quantile(histogram: Histogram, share: float) -> float | None:
    """Return the duration (ms) below which `share` of the requests stayed, by nearest rank; None of none."""
    total = sum(histogram.values())
    if not total:
        return None
    rank = max(1, math.ceil(share * total))
    seen = 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= rank:
            return round(value_of(bucket), 1)
    raise AssertionError("unreachable: the counts sum up to the total")


def merge(into: Histogram, other: Iterable[tuple[int, int]]) -> None:
    for bucket, count in other:
        into[bucket] = into.get(bucket, 0) + count


def pack(histogram: Histogram) -> bytes:
    """Return the histogram as 32-bit pairs of bucket and count."""
    flat = array("I")
    for pair in sorted(histogram.items()):
        flat.extend(pair)
    return flat.tobytes()


def unpack(data: bytes) -> Iterable[tuple[int, int]]:
    flat = array("I")
    flat.frombytes(data)
    return zip(flat[::2], flat[1::2])
