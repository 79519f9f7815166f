"""What holds for every machine from 512 MB to 256 GB."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.module_utils.budget import Budget
from plugins.module_utils.sizing import (
    Parts,
    TooSmallError,
    disk_shares,
    memory_shares,
    size,
    smallest_machine,
)
from plugins.module_utils.sizing_table import sizing_table

MEMORY = st.integers(512, 262144)
CPUS = st.one_of(st.integers(1, 128).map(float), st.floats(1, 128))
DISK = st.integers(5, 20000)
PARTS = st.builds(Parts, browser=st.booleans(), backup=st.booleans(), monitoring=st.booleans())


def budget_or_none(memory_mb: int, cpus: float, disk_gb: int, parts: Parts) -> Budget | None:
    """The budget, or None where the smallest machine explains the refusal."""
    smallest = smallest_machine(parts)
    if memory_mb >= smallest.memory_mb and cpus >= smallest.cpus and disk_gb >= smallest.disk_gb:
        return size(memory_mb, cpus, disk_gb, parts)
    with pytest.raises(TooSmallError):
        size(memory_mb, cpus, disk_gb, parts)
    return None


def services_of(budget: Budget) -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = budget.as_dict()["services"]
    return services


@given(MEMORY, CPUS, DISK, PARTS)
def test_limits_with_two_app_slots_leave_the_reserve(
    memory: int, cpus: float, disk: int, parts: Parts
) -> None:
    budget = budget_or_none(memory, cpus, disk, parts)
    if budget is None:
        return
    services = services_of(budget)
    limits = sum(service["memory_mb"] for service in services.values()) + services["app"]["memory_mb"]
    assert limits == budget.services.limits_mb()
    assert limits <= memory - budget.reserve_mb
    assert budget.reserve_mb >= max(memory * 0.2, 400)


@given(MEMORY, CPUS, DISK, PARTS)
def test_every_service_keeps_its_minimum_in_whole_units(
    memory: int, cpus: float, disk: int, parts: Parts
) -> None:
    budget = budget_or_none(memory, cpus, disk, parts)
    if budget is None:
        return
    for name, service in services_of(budget).items():
        share = memory_shares(parts)[name]
        assert share.minimum <= service["memory_mb"] <= share.maximum, (name, service)
        assert 0 < service["memory_reservation_mb"] <= service["memory_mb"], (name, service)
        assert all(service[key] % 8 == 0 for key in service if key.endswith("_mb")), (name, service)
        assert 0 < service["cpus"] <= cpus, (name, service)


@given(MEMORY, CPUS, DISK, PARTS)
def test_redis_leaves_room_for_a_rewrite(memory: int, cpus: float, disk: int, parts: Parts) -> None:
    budget = budget_or_none(memory, cpus, disk, parts)
    if budget is None:
        return
    cache, queue = budget.services.redis_cache, budget.services.redis_queue
    assert 0 < queue.maxmemory_mb <= queue.memory_mb / 2
    assert 0 < cache.maxmemory_mb <= cache.memory_mb * 0.75


@given(MEMORY, CPUS, DISK, PARTS)
def test_processes_fit_into_their_containers(memory: int, cpus: float, disk: int, parts: Parts) -> None:
    """Measured (recipes.md): app 122 MB for four workers, Nginx 58 MB for 1000 connections."""
    budget = budget_or_none(memory, cpus, disk, parts)
    if budget is None:
        return
    app, worker, nginx = budget.services.app, budget.services.worker, budget.services.nginx
    assert app.threads >= 2
    assert app.processes >= 2
    assert app.memory_mb >= 63 + app.processes * 15
    assert worker.memory_mb >= 64 + worker.processes * (64 + (320 if parts.browser else 0))
    # Behind a proxied request stand two connections: the client's and the upstream's.
    clients = nginx.worker_processes * nginx.worker_connections / 2
    assert nginx.memory_mb >= 8 + clients * 0.05


@given(MEMORY, MEMORY, CPUS, CPUS, DISK, PARTS)
def test_a_bigger_machine_gives_nobody_less(
    memory: int, more_memory: int, cpus: float, more_cpus: float, disk: int, parts: Parts
) -> None:
    (memory, more_memory), (cpus, more_cpus) = sorted((memory, more_memory)), sorted((cpus, more_cpus))
    small = budget_or_none(memory, cpus, disk, parts)
    if small is None:
        return
    for big in (
        size(more_memory, cpus, disk, parts),
        size(memory, more_cpus, disk, parts),
        size(more_memory, more_cpus, disk, parts),
    ):
        assert big.reserve_mb >= small.reserve_mb
        for name, service in services_of(small).items():
            for key, value in service.items():
                assert services_of(big)[name][key] >= value, (name, key)


@given(st.integers(512, 8192), CPUS, PARTS)
def test_eight_more_megabytes_take_from_nobody(memory: int, cpus: float, parts: Parts) -> None:
    """Close neighbours, which random pairs rarely are."""
    small = budget_or_none(memory, cpus, 40, parts)
    if small is None:
        return
    for name, service in services_of(small).items():
        for key, value in service.items():
            assert services_of(size(memory + 8, cpus, 40, parts))[name][key] >= value, (name, key)


@given(DISK, DISK, PARTS)
def test_disk_shares_fit_and_grow(disk: int, more: int, parts: Parts) -> None:
    disk, more = sorted((disk, more))
    small = budget_or_none(2048, 4, disk, parts)
    if small is None:
        return
    shares, bigger = small.as_dict()["disk"], size(2048, 4, more, parts).as_dict()["disk"]
    assert sum(shares.values()) <= disk
    for name, gigabytes in shares.items():
        assert gigabytes >= disk_shares(parts)[name].minimum
        assert bigger[name] >= gigabytes


@given(MEMORY, CPUS, DISK, PARTS)
def test_every_machine_has_a_table(memory: int, cpus: float, disk: int, parts: Parts) -> None:
    table = sizing_table(memory, cpus, disk, parts)
    assert ("Too small" in table) == (budget_or_none(memory, cpus, disk, parts) is None)
