"""CPU comes from two cycles; a host that is a container counts its own control group."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitoring.collectors import system
from monitoring.config import SystemConfig
from monitoring.sample import Counters
from tests.support.monitoring_parts import write_cpu

MIB = 1048576


@pytest.fixture
def settings(proc_root: Path, tmp_path: Path) -> SystemConfig:
    dev = "Inter-|\n face |\n"
    for name, received, sent in (("lo", 9, 9), ("eth0", 1000, 2000), ("docker0", 9, 9), ("veth12", 9, 9)):
        dev += f"{name}: {received} 1 0 0 0 0 0 0 {sent} 1 0 0 0 0 0 0\n"
    (proc_root / "net/dev").write_text(dev)
    return SystemConfig((str(tmp_path),), str(proc_root), str(tmp_path / "cgroup"))


def test_cpu_is_the_share_between_two_cycles(settings: SystemConfig, proc_root: Path) -> None:
    first, counters = system.collect(settings, None, 1000.0)
    assert first.cpu_percent is None, "one cycle alone has no rate"
    write_cpu(proc_root, busy=1000 + 3000, idle=9000 + 8000, iowait=1000)
    second, _ = system.collect(settings, counters, 1060.0)
    assert second.cpu_percent == pytest.approx(25), "3000 busy ticks of 12000; waiting for a disk is not busy"


def test_a_reboot_in_between_makes_no_rate(settings: SystemConfig, proc_root: Path) -> None:
    _, counters = system.collect(settings, None, 1000.0)
    write_cpu(proc_root, busy=90000, idle=90000)
    (proc_root / "sys/kernel/random/boot_id").write_text("another\n")
    assert system.collect(settings, counters, 1060.0)[0].cpu_percent is None


def test_counters_that_went_back_make_no_rate(settings: SystemConfig) -> None:
    before = Counters(1000.0, "11111111-2222-3333-4444-555555555555", 1e9, 2e9, {})
    assert system.collect(settings, before, 1060.0)[0].cpu_percent is None


def test_memory_disk_network_and_load(settings: SystemConfig) -> None:
    sample, _ = system.collect(settings, None, 1000.0)
    assert sample.memory_total_mb == pytest.approx(2000)
    assert sample.memory_percent == pytest.approx(50)
    assert (sample.network_received_bytes, sample.network_sent_bytes) == (1000, 2000), (
        "outer interfaces alone"
    )
    assert (sample.load_1, sample.load_5, sample.load_15) == (0.5, 0.25, 0.1)
    assert len(sample.disks) == 1
    assert 0 <= sample.disks[0].percent <= 100


def test_missing_files_are_missing_values(settings: SystemConfig, proc_root: Path) -> None:
    (proc_root / "loadavg").unlink()
    (proc_root / "net/dev").unlink()
    sample, _ = system.collect(settings._replace(disk_paths=("/nonexistent/path",)), None, 1000.0)
    assert sample.load_1 is None
    assert sample.network_received_bytes is None
    assert sample.disks == ()


@pytest.mark.parametrize("version", [1, 2])
def test_a_host_that_is_a_container_counts_its_own_memory_and_cpu(
    settings: SystemConfig, tmp_path: Path, version: int
) -> None:
    root = tmp_path / "cgroup"
    files = {
        1: {
            "cpuacct/cpuacct.usage": "{ns}",
            "memory/memory.usage_in_bytes": str(600 * MIB),
            "memory/memory.limit_in_bytes": str(1000 * MIB),
            "memory/memory.stat": f"total_inactive_file {100 * MIB}\n",
        },
        2: {
            "cgroup.controllers": "cpu memory",
            "cpu.stat": "usage_usec {us}\n",
            "memory.current": str(600 * MIB),
            "memory.max": str(1000 * MIB),
            "memory.stat": f"inactive_file {100 * MIB}\n",
        },
    }[version]

    def write(seconds: float) -> None:
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                text.replace("{ns}", str(int(seconds * 1e9))).replace("{us}", str(int(seconds * 1e6)))
            )

    write(10)
    first, counters = system.collect(settings, None, 1000.0)
    assert first.memory_total_mb == pytest.approx(1000)
    assert first.memory_percent == pytest.approx(50)
    write(10 + 6)
    second, _ = system.collect(settings, counters, 1060.0)
    assert second.cpu_percent == pytest.approx(6 / 60 / (os.cpu_count() or 1) * 100)


def test_a_busy_disk_a_stolen_cpu_and_pressure(settings: SystemConfig, proc_root: Path) -> None:
    _, before = system.collect(settings, None, 1000.0)
    (proc_root / "stat").write_text("cpu  1000 0 0 9500 100 0 0 400 0 0\n")
    (proc_root / "diskstats").write_text(
        "253 0 vda 10 0 100 0 20 0 40 0 0 0 0\n"
        "253 1 vda1 10 0 100 0 20 0 40 0 0 0 0\n"
        "7 0 loop0 1 0 9 0 1 0 9 0 0 0 0\n"
    )
    (proc_root / "pressure").mkdir()
    for name in ("cpu", "io"):
        (proc_root / "pressure" / name).write_text(
            "some avg10=1.00 avg60=12.50 avg300=3.00 total=5\nfull avg60=9\n"
        )
    with (proc_root / "meminfo").open("a") as file:
        file.write("SwapTotal: 1000 kB\nSwapFree: 750 kB\n")
    sample, _ = system.collect(settings, before, 1060.0)
    assert sample.cpu_steal_percent == pytest.approx(40)
    assert sample.cpu_iowait_percent == pytest.approx(10)
    assert (sample.disk_read_bytes, sample.disk_written_bytes) == (51200, 20480), "whole disks, once"
    assert sample.pressure == {"cpu": 12.5, "io": 12.5}
    assert sample.swap_percent == 25


def test_inodes_are_counted(settings: SystemConfig) -> None:
    sample, _ = system.collect(settings, None, 1000.0)
    inodes = sample.disks[0].inodes_percent
    assert inodes is None or 0 < inodes < 100


def test_oom_kills_since_the_previous_cycle(settings: SystemConfig, proc_root: Path) -> None:
    (proc_root / "vmstat").write_text("nr_free_pages 5\noom_kill 7\n")
    first, before = system.collect(settings, None, 1000.0)
    assert first.oom_kills is None, "nobody knows when they were"
    (proc_root / "vmstat").write_text("nr_free_pages 5\noom_kill 9\n")
    assert system.collect(settings, before, 1060.0)[0].oom_kills == 2
    (proc_root / "sys/kernel/random/boot_id").write_text("another\n")
    (proc_root / "vmstat").write_text("oom_kill 1\n")
    assert system.collect(settings, before, 1060.0)[0].oom_kills == 1


@pytest.mark.parametrize("version", [1, 2])
def test_oom_kills_in_a_host_that_is_a_container(
    settings: SystemConfig, tmp_path: Path, version: int
) -> None:
    root = tmp_path / "cgroup"
    memory = root if version == 2 else root / "memory"
    inner = memory / "docker/abc"
    inner.mkdir(parents=True)
    (root / "cgroup.controllers").write_text("memory") if version == 2 else None
    (memory / ("memory.max" if version == 2 else "memory.limit_in_bytes")).write_text(str(1000 * MIB))

    def write(own: int, below: int) -> None:
        if version == 2:
            (memory / "memory.events").write_text(f"oom 9\noom_kill {own + below}\n")
        else:
            (memory / "memory.oom_control").write_text(f"under_oom 0\noom_kill {own}\n")
            (inner / "memory.oom_control").write_text(f"under_oom 0\noom_kill {below}\n")

    write(1, 1)
    _, before = system.collect(settings, None, 1000.0)
    write(1, 4)
    assert system.collect(settings, before, 1060.0)[0].oom_kills == 3


def test_without_proc_everything_is_missing_and_nothing_fails(tmp_path: Path) -> None:
    empty = SystemConfig((), str(tmp_path / "none"), str(tmp_path / "none"))
    _, before = system.collect(empty, None, 1000.0)
    sample, _ = system.collect(empty, before, 1060.0)
    assert {value for name, value in sample._asdict().items() if name != "disks"} == {None}
