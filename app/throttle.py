"""Log-in attempts are counted by account and by address; whoever fails too often waits."""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

WINDOW_SECONDS = 300
PER_ACCOUNT = 10
PER_ADDRESS = 30
# The process's own counters, for when Redis is away: at most so many names at once.
_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Attempt:
    """A counted attempt. `wait` is 0 when it may go on, else the seconds until the next one may."""

    keys: tuple[str, ...]
    wait: int


class Throttle:
    """Counts in the cache's Redis, so that all processes count together; without it in this process alone.

    An attempt is counted before the password is looked at: many at once are not more than the limit.
    """

    def __init__(self, cache: Redis) -> None:
        self._cache = cache
        self._own: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def begin(self, account: str, address: str) -> Attempt:
        """Counts an attempt at `account` from `address`."""
        limits = {_key("account", account.casefold()): PER_ACCOUNT, _key("address", address): PER_ADDRESS}
        try:
            counted = [self._count_in_redis(key) for key in limits]
        except RedisError as error:
            log.warning("log-ins are counted in this process alone: %s", type(error).__name__)
            counted = [self._count_here(key) for key in limits]
        waits = [left for (count, left), limit in zip(counted, limits.values(), strict=True) if count > limit]
        return Attempt(tuple(limits), max(waits, default=0))

    def succeeded(self, attempt: Attempt) -> None:
        """Forgets the account's failures, and that this address tried."""
        account, address = attempt.keys
        try:
            pipeline = self._cache.pipeline()
            pipeline.delete(account)
            pipeline.decr(address)
            pipeline.expire(address, WINDOW_SECONDS)
            pipeline.execute()
        except RedisError:
            with self._lock:
                self._own.pop(account, None)
                count, until = self._own.get(address, (1, 0.0))
                self._own[address] = (count - 1, until)

    def _count_in_redis(self, key: str) -> tuple[int, int]:
        pipeline = self._cache.pipeline()
        pipeline.incr(key)
        pipeline.expire(key, WINDOW_SECONDS, nx=True)
        pipeline.ttl(key)
        count, _, left = pipeline.execute()
        return int(count), max(int(left), 1)

    def _count_here(self, key: str) -> tuple[int, int]:
        present = time.monotonic()
        with self._lock:
            if len(self._own) >= _KEPT:
                self._own = {name: entry for name, entry in self._own.items() if entry[1] > present}
                while len(self._own) >= _KEPT:
                    del self._own[next(iter(self._own))]
            count, until = self._own.get(key, (0, 0.0))
            if until <= present:
                count, until = 0, present + WINDOW_SECONDS
            self._own[key] = (count + 1, until)
        return count + 1, max(math.ceil(until - present), 1)


def _key(what: str, value: str) -> str:
    # Hashed: names are of any length, and a mistyped name may be a password.
    return f"login:{what}:{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
