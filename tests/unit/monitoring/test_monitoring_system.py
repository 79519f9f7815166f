"""CPU comes from two cycles; a host that is a container counts its own control group."""

from __future__ import annotations

from pathlib import Path

import psutil
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
    assert second.cpu_percent == pytest.approx(6 / 60 / (psutil.cpu_count() or 1) * 100)
