"""The 4H2G host gets the figures of the specification; too small a machine is refused with what it lacks."""

from __future__ import annotations

import pytest

from plugins.module_utils.sizing import (
    Machine,
    Parts,
    Share,
    TooSmallError,
    machine_of,
    share_out,
    size,
    smallest_machine,
)
from plugins.module_utils.sizing_table import sizing_table


def test_the_4h2g_host_runs_what_the_specification_names() -> None:
    budget = size(2048, 4, 40)
    services = budget.services
    assert budget.reserve_mb == 410, "20 % of 2048, rounded up"
    assert (services.app.processes, services.app.threads, services.app.cpus) == (4, 8, 2.0)
    assert (services.nginx.worker_processes, services.nginx.worker_connections) == (2, 1024)
    assert budget.disk.files_gb == 10
    assert services.limits_mb() <= 1638


def test_the_plan_of_the_4h2g_host_shrinks_in_proportion() -> None:
    services = size(2048, 4, 40).services
    limits = {
        name: getattr(services, name).memory_mb
        for name in ("app", "worker", "redis_cache", "redis_queue", "nginx")
    }
    assert limits == {"app": 560, "worker": 280, "redis_cache": 64, "redis_queue": 64, "nginx": 96}


@pytest.mark.parametrize("disk_gb", [14, 20, 40, 80, 500, 4000])
def test_everything_that_is_logged_fits_the_share_of_the_logs(disk_gb: int) -> None:
    budget = size(2048, 4, disk_gb)
    logs = budget.logs
    # A file at its size, as much again in logrotate's next hour, the one before, 30 compressed to an eighth.
    kept = 2 + 1 + 30 / 8
    nginx = 2 * kept * logs.nginx_file_mb
    app = 2 * kept * logs.app_file_mb
    containers = 8 * logs.container_files * logs.container_file_mb
    assert logs.journal_mb + nginx + app + containers <= budget.disk.logs_gb * 1024
    assert min(logs.nginx_file_mb, logs.app_file_mb) >= 16
    assert logs.container_file_mb >= 2


def test_one_gigabyte_works_with_fewer_processes() -> None:
    services = size(1024, 1, 20).services
    assert (services.app.processes, services.app.threads) == (2, 4)
    assert services.worker.processes == 1
    assert (services.nginx.worker_processes, services.nginx.worker_connections) == (1, 1024)


def test_a_big_machine_stops_at_what_helps() -> None:
    services = size(262144, 64, 4000).services
    assert services.nginx.memory_mb == 1024
    assert services.app.processes == 64


@pytest.mark.parametrize("parts", [Parts(), Parts(browser=True), Parts(backup=False)])
def test_the_smallest_machine_fits_and_one_step_less_does_not(parts: Parts) -> None:
    smallest = smallest_machine(parts)
    size(smallest.memory_mb, smallest.cpus, smallest.disk_gb, parts)
    for machine, shortage in (
        (Machine(smallest.memory_mb - 1, smallest.cpus, smallest.disk_gb), "memory"),
        (Machine(smallest.memory_mb, smallest.cpus - 0.01, smallest.disk_gb), "CPUs"),
        (Machine(smallest.memory_mb, smallest.cpus, smallest.disk_gb - 1), "disk"),
    ):
        with pytest.raises(TooSmallError, match=shortage) as caught:
            size(machine.memory_mb, machine.cpus, machine.disk_gb, parts)
        assert len(caught.value.missing) == 1, caught.value.missing


def test_the_browser_takes_memory_for_the_worker() -> None:
    with_browser, without = (size(2048, 4, 40, Parts(browser=on)).services for on in (True, False))
    assert with_browser.worker.memory_mb >= without.worker.memory_mb + 128
    assert with_browser.app.memory_mb < without.app.memory_mb


def test_without_backups_their_disk_share_is_nought() -> None:
    assert size(2048, 4, 40, Parts(backup=False)).disk.backups_gb == 0


def test_ceilings_of_the_operator_count_and_zero_means_none() -> None:
    found = {"memory_mb": 8192, "cpus": 8, "disk_gb": 100, "kernel": "6.1"}
    assert machine_of(found, {"memory_mb": 2048, "cpus": 0, "disk_gb": 400}) == Machine(2048, 8, 100)


def test_minima_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(ValueError, match="24 needed, 16 available"):
        share_out({"a": Share(8, 8, 64), "b": Share(8, 8, 64, copies=2)}, 16, 8)


def test_the_table_of_a_refused_machine_names_shortage_and_way_out() -> None:
    table = sizing_table(1024, 4, 5, Parts(browser=True))
    assert "memory: 1024 MB, needed 1280 MB; disk: 5 GB, needed 10 GB" in table
    assert "stack_parts.browser: false" in table
    assert "reserve" in table
    assert "minimum MB" in table
