"""Redis gets each sample and each event exactly once, whatever dies in between."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from monitoring import publish
from monitoring.config import RedisConfig
from monitoring.redis_client import RedisClient, RedisError
from monitoring.rules import Condition
from monitoring.sample import Counters
from monitoring.store import Store, next_id
from tests.support.monitoring_parts import RedisServer, make_sample

NOW = float(int(time.time()) // 3600 * 3600 + 1800)
HOUR = 3600.0


def add(store: Store, moment: float) -> int:
    with store.transaction():
        return store.add_sample(make_sample(moment), Counters(moment, "boot", 0, 0, {}))


def add_event(store: Store, moment: float, message: str = "m") -> None:
    found = Condition("app_health_failure", "", True, "critical", "", message, None)
    store.connection.execute(
        "INSERT INTO alert_events (id, time, host, event, type, subject, severity, message)"
        " VALUES (?, ?, 'host1', 'fired', ?, '', ?, ?)",
        (
            next_id(store.connection, "alert_events", moment),
            int(moment),
            found.type,
            found.severity,
            found.message,
        ),
    )


def send(store: Store, server: RedisServer, now: float = NOW) -> publish.Result:
    with RedisClient(server.settings()) as client:
        return publish.publish(store, client, now, 7, 30)


def arrived(server: RedisServer) -> list[int]:
    """Return the ids of all samples in Redis, in the order of their hours."""
    keys = sorted(server.admin("KEYS", "monitoring:samples:*"))
    return [json.loads(text)["id"] for key in keys for text in server.admin("LRANGE", key, 0, -1)]


def stored(store: Store) -> list[int]:
    return [row["id"] for row in store.rows("SELECT id FROM samples ORDER BY time, id")]


def test_a_sample_arrives_in_its_hours_list_and_expires_after_a_week(
    store: Store, redis_server: RedisServer
) -> None:
    add(store, NOW)
    assert send(store, redis_server) == publish.Result(1, 0)
    key = time.strftime("monitoring:samples:%Y%m%d%H", time.gmtime(NOW))
    documents = [json.loads(text) for text in redis_server.admin("LRANGE", key, 0, -1)]
    assert len(documents) == 1
    sample = documents[0]
    assert (sample["time"], sample["host"]) == (int(NOW), "host1")
    assert sample["system"]["cpu_percent"] == 10
    assert sample["system"]["disks"][0]["path"] == "/"
    assert sample["health"] == {
        "ok": True,
        "status": 200,
        "response_ms": 12.5,
        "error": "",
        "body": {"status": "ok", "checks": {"database": "ok"}},
    }
    assert sample["containers"] is None
    remaining = redis_server.admin("TTL", key)
    assert 6.9 * 86400 < remaining <= 7 * 86400 + HOUR


def test_nothing_new_sends_nothing(store: Store, redis_server: RedisServer) -> None:
    add(store, NOW)
    send(store, redis_server)
    assert send(store, redis_server) == publish.Result(0, 0)
    assert len(arrived(redis_server)) == 1


def test_what_was_spooled_while_redis_was_down_arrives_once(store: Store, redis_server: RedisServer) -> None:
    add(store, NOW - 2 * HOUR)
    send(store, redis_server)
    redis_server.stop()
    for minute in range(90):
        add(store, NOW - 2 * HOUR + 60 * (minute + 1))
    with pytest.raises(RedisError):
        send(store, redis_server)
    redis_server.start()
    assert send(store, redis_server) == publish.Result(90, 0)
    assert arrived(redis_server) == stored(store)


def test_a_push_whose_answer_was_lost_is_not_repeated(store: Store, redis_server: RedisServer) -> None:
    """Redis took the rows, but the process died before it could note that."""
    for minute in range(10):
        add(store, NOW + 60 * minute)
    send(store, redis_server, NOW + 600)
    store.connection.execute("UPDATE samples SET published = 0")
    add(store, NOW + 600)
    assert send(store, redis_server, NOW + 600).sent == 1
    assert arrived(redis_server) == stored(store)


def test_samples_that_redis_lost_are_sent_again(store: Store, redis_server: RedisServer) -> None:
    for minute in range(10):
        add(store, NOW - 2 * HOUR + 600 * minute)
    send(store, redis_server)
    last = sorted(redis_server.admin("KEYS", "monitoring:samples:*"))[-1]
    redis_server.admin("RPOP", last)
    send(store, redis_server)
    assert arrived(redis_server) == stored(store)
    redis_server.admin("FLUSHALL")
    send(store, redis_server)
    assert arrived(redis_server) == stored(store)


def test_more_than_a_batch_takes_several_cycles(store: Store, redis_server: RedisServer) -> None:
    for minute in range(publish.BATCH + 7):
        add(store, NOW - 10 * HOUR + 60 * minute)
    assert send(store, redis_server) == publish.Result(publish.BATCH, 7)
    assert send(store, redis_server) == publish.Result(7, 0)
    assert arrived(redis_server) == stored(store)


class Breaking(RedisClient):
    """A client whose connection breaks at random, before a command or before its answer."""

    def __init__(self, config: RedisConfig, chance: random.Random) -> None:
        self.chance: random.Random | None = None
        super().__init__(config)
        self.chance = chance

    def call(self, *words: str | int) -> Any:
        roll = 1.0 if self.chance is None else self.chance.random()
        if roll < 0.15:
            raise RedisError("broken before")
        answer = super().call(*words)
        if roll < 0.3:
            raise RedisError("broken after")
        return answer


@pytest.mark.parametrize("seed", range(8))
def test_random_breaks_and_losses_neither_lose_nor_double(
    store: Store, redis_server: RedisServer, seed: int
) -> None:
    chance = random.Random(seed)
    moment = NOW - 5 * HOUR
    for _ in range(120):
        moment += chance.choice([60, 60, 60, 900, -30])
        add(store, moment)
        add_event(store, moment)
        if chance.random() < 0.05:
            keys = redis_server.admin("KEYS", "monitoring:*")
            if keys:
                redis_server.admin("DEL", *keys)
        try:
            with Breaking(redis_server.settings(), chance) as client:
                publish.publish(store, client, moment, 7, 30)
        except RedisError:
            pass
    for _ in range(3):
        send(store, redis_server, moment)
    assert sorted(arrived(redis_server)) == sorted(stored(store))
    sent = [json.loads(text)["id"] for text in redis_server.admin("LRANGE", publish.ALERTS_KEY, 0, -1)]
    assert sent == [row["id"] for row in store.rows("SELECT id FROM alert_events ORDER BY id")]


def test_the_list_of_alerts_is_trimmed_by_age_not_by_an_expiry(
    store: Store, redis_server: RedisServer
) -> None:
    for days in (40, 31, 29, 0):
        add_event(store, NOW - days * 86400, f"{days} days ago")
    send(store, redis_server)
    kept = [json.loads(text)["message"] for text in redis_server.admin("LRANGE", publish.ALERTS_KEY, 0, -1)]
    assert kept == ["29 days ago", "0 days ago"]
    assert redis_server.admin("TTL", publish.ALERTS_KEY) == -1


def test_a_full_redis_leaves_the_sample_in_the_spool(store: Store, redis_server: RedisServer) -> None:
    add(store, NOW)
    redis_server.admin("CONFIG", "SET", "maxmemory-policy", "noeviction")
    redis_server.admin("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(RedisError, match="OOM"):
        send(store, redis_server)
    redis_server.admin("CONFIG", "SET", "maxmemory", "0")
    assert send(store, redis_server).sent == 1


def test_a_wrong_password_is_an_error_in_words(store: Store, redis_server: RedisServer) -> None:
    settings = redis_server.settings()
    (redis_server.directory / "password").write_text("wrong")
    with pytest.raises(RedisError, match="WRONGPASS"):
        RedisClient(settings)


def test_the_user_reads_the_queue_and_changes_nothing_there(redis_server: RedisServer) -> None:
    redis_server.admin("RPUSH", "rq:queue:default", "job")
    with RedisClient(redis_server.settings()) as client:
        assert client.call("LLEN", "rq:queue:default") == 1
        with pytest.raises(RedisError, match="NOPERM"):
            client.call("LPOP", "rq:queue:default")


def test_the_user_may_not_touch_other_keys(redis_server: RedisServer) -> None:
    with RedisClient(redis_server.settings()) as client, pytest.raises(RedisError, match="NOPERM"):
        client.call("GET", "session:1")
