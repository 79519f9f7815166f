"""Container figures come from the files of both control group versions; no file, no value."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.collectors import cgroup

IDENTITY = "ab" * 32
MIB = 1048576


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def version_1(root: Path, relative: str, limit: int = 64 * MIB, cpu: str = "cpuacct") -> None:
    write(root / cpu / relative / "cpuacct.usage", "1500000000\n")
    write(root / "memory" / relative / "memory.usage_in_bytes", f"{30 * MIB}\n")
    write(root / "memory" / relative / "memory.limit_in_bytes", f"{limit}\n")
    write(root / "memory" / relative / "memory.stat", f"inactive_file 1\ntotal_inactive_file {10 * MIB}\n")


def version_2(root: Path, relative: str, limit: str = str(64 * MIB)) -> None:
    write(root / "cgroup.controllers", "cpu memory\n")
    write(root / relative / "cpu.stat", "usage_usec 1500000\nuser_usec 1\n")
    write(root / relative / "memory.current", f"{30 * MIB}\n")
    write(root / relative / "memory.max", f"{limit}\n")
    write(root / relative / "memory.stat", f"anon 5\ninactive_file {10 * MIB}\n")


@pytest.mark.parametrize("relative", [f"docker/{IDENTITY}", f"system.slice/docker-{IDENTITY}.scope"])
@pytest.mark.parametrize("tree", [version_1, version_2])
def test_reads_a_container_of_either_version_and_driver(tmp_path: Path, relative: str, tree: object) -> None:
    assert callable(tree)
    tree(tmp_path, relative)
    found = cgroup.container_group(tmp_path, IDENTITY)
    assert found is not None
    assert cgroup.cpu_nanoseconds(found) == 1_500_000_000
    assert cgroup.memory(found) == cgroup.Memory(20 * MIB, 64 * MIB)


@pytest.mark.parametrize("directory", ["cpuacct", "cpu,cpuacct", "cpuacct,cpu"])
def test_finds_the_cpu_controller_under_each_of_its_names(tmp_path: Path, directory: str) -> None:
    version_1(tmp_path, f"docker/{IDENTITY}", cpu=directory)
    found = cgroup.container_group(tmp_path, IDENTITY)
    assert found is not None
    assert cgroup.cpu_nanoseconds(found) == 1_500_000_000


@pytest.mark.parametrize("limit", [0, 9223372036854771712])
def test_a_limit_of_zero_or_of_everything_is_no_limit_in_version_1(tmp_path: Path, limit: int) -> None:
    version_1(tmp_path, f"docker/{IDENTITY}", limit=limit)
    found = cgroup.container_group(tmp_path, IDENTITY)
    assert found is not None
    assert cgroup.memory(found).limit is None


@pytest.mark.parametrize("limit", ["max", "0"])
def test_a_limit_of_max_or_zero_is_no_limit_in_version_2(tmp_path: Path, limit: str) -> None:
    version_2(tmp_path, f"docker/{IDENTITY}", limit=limit)
    found = cgroup.container_group(tmp_path, IDENTITY)
    assert found is not None
    assert cgroup.memory(found) == cgroup.Memory(20 * MIB, None)


def test_missing_or_broken_files_are_missing_values(tmp_path: Path) -> None:
    version_2(tmp_path, f"docker/{IDENTITY}")
    directory = tmp_path / "docker" / IDENTITY
    (directory / "cpu.stat").write_text("nr_periods 0\nusage_usec many\n")
    (directory / "memory.current").unlink()
    (directory / "memory.max").write_bytes(b"\xff\xfe")
    found = cgroup.container_group(tmp_path, IDENTITY)
    assert found is not None
    assert cgroup.cpu_nanoseconds(found) is None
    assert cgroup.memory(found) == cgroup.Memory(None, None)


def test_a_container_without_control_group_is_none(tmp_path: Path) -> None:
    assert cgroup.container_group(tmp_path, IDENTITY) is None
