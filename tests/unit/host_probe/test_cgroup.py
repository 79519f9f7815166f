"""The smallest limit on the way to our own control group counts, in both versions."""

from __future__ import annotations

import pytest

from plugins.module_utils.host_probe.cgroup import cgroup_version, cpu_quota, memory_limit, own_groups
from tests.unit.host_probe.captures import MakeFiles

V2 = {"/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n"}
V1_CGROUP = {
    "/proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n"
}


def test_version_2_without_limits(make_files: MakeFiles) -> None:
    files = make_files({**V2, "/proc/self/cgroup": "0::/system.slice/ssh.service\n"})
    assert cgroup_version(files) == 2
    assert memory_limit(files) is None
    assert cpu_quota(files) is None


def test_version_2_takes_the_smallest_of_nested_limits(make_files: MakeFiles) -> None:
    files = make_files(
        {
            **V2,
            "/proc/self/cgroup": "0::/outer/inner\n",
            "/sys/fs/cgroup/memory.max": "4294967296\n",
            "/sys/fs/cgroup/outer/memory.max": "1073741824\n",
            "/sys/fs/cgroup/outer/inner/memory.max": "max\n",
            "/sys/fs/cgroup/cpu.max": "max 100000\n",
            "/sys/fs/cgroup/outer/cpu.max": "150000 100000\n",
            "/sys/fs/cgroup/outer/inner/cpu.max": "400000 100000\n",
        }
    )
    assert memory_limit(files) == 1024**3
    assert cpu_quota(files) == pytest.approx(1.5)


def test_a_container_with_its_own_namespace_has_its_limit_at_the_root(make_files: MakeFiles) -> None:
    files = make_files(
        {**V2, "/proc/self/cgroup": "0::/../../elsewhere\n", "/sys/fs/cgroup/memory.max": "2147483648\n"}
    )
    assert memory_limit(files) == 2 * 1024**3


@pytest.mark.parametrize("version", [1, 2])
def test_limits_of_the_login_session_do_not_count(version: int, make_files: MakeFiles) -> None:
    session = "/user.slice/user-0.slice/session-1.scope"
    if version == 2:
        files = make_files(
            {**V2, "/proc/self/cgroup": f"0::{session}\n", f"/sys/fs/cgroup{session}/memory.max": "1048576\n"}
        )
    else:
        files = make_files(
            {
                "/proc/self/cgroup": f"4:memory:{session}\n",
                f"/sys/fs/cgroup/memory{session}/memory.limit_in_bytes": "1048576\n",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            }
        )
    assert cgroup_version(files) == version
    assert memory_limit(files) is None


def test_version_1_sees_the_limit_of_ancestors_outside_of_its_view(make_files: MakeFiles) -> None:
    files = make_files(
        {
            **V1_CGROUP,
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/memory/memory.stat": "cache 1\nhierarchical_memory_limit 536870912\n",
        }
    )
    assert memory_limit(files) == 512 * 1024**2


def test_version_1_takes_the_smallest_quota(make_files: MakeFiles) -> None:
    files = make_files(
        {
            **V1_CGROUP,
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": "250000\n",
            "/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us": "100000\n",
        }
    )
    assert cpu_quota(files) == pytest.approx(2.5)


def test_joined_controllers_are_found_by_each_name() -> None:
    assert own_groups("3:cpu,cpuacct:/a:b\n0::/c\nbroken\n") == {"cpu": "/a:b", "cpuacct": "/a:b", "": "/c"}


def test_garbage_is_no_limit(make_files: MakeFiles) -> None:
    files = make_files({**V2, "/sys/fs/cgroup/memory.max": "lots\n", "/sys/fs/cgroup/cpu.max": "max\n"})
    assert memory_limit(files) is None
    assert cpu_quota(files) is None
