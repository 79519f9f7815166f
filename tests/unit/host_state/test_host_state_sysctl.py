"""Kernel parameters differ, or cannot be set here."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.host_state import sysctl
from plugins.module_utils.host_state.manifest import StateError


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A directory in the form of /proc/sys."""
    (tmp_path / "net/ipv4/conf/eth0.1").mkdir(parents=True)
    (tmp_path / "net/ipv4/range").write_text("1024\t65000\n")
    (tmp_path / "net/ipv4/conf/eth0.1/mtu").write_text("1500\n")
    return tmp_path


def test_spaces_do_not_count(proc: Path) -> None:
    assert sysctl.sysctl_drift({"net.ipv4.range": "1024 65000"}, {}, str(proc)) == ({}, [])


def test_a_difference_is_told_with_both_values_and_set(proc: Path) -> None:
    drift, unavailable = sysctl.sysctl_drift({"net.ipv4.range": "1 2"}, {}, str(proc))
    assert (drift, unavailable) == ({"net.ipv4.range": ("1024 65000", "1 2")}, [])
    assert sysctl.set_live("net.ipv4.range", "1 2", str(proc))
    assert (proc / "net/ipv4/range").read_text() == "1 2\n"


def test_a_slash_stands_for_a_dot_in_a_name(proc: Path) -> None:
    drift, _ = sysctl.sysctl_drift({"net.ipv4.conf.eth0/1.mtu": "1400"}, {}, str(proc))
    assert drift == {"net.ipv4.conf.eth0/1.mtu": ("1500", "1400")}


def test_a_key_the_kernel_lacks_is_unavailable(proc: Path) -> None:
    assert sysctl.sysctl_drift({"net.none": "1"}, {}, str(proc)) == ({}, ["net.none"])


def test_a_refused_value_is_not_tried_again_but_another_is(proc: Path) -> None:
    refused = {"net.ipv4.range": "1 2"}
    assert sysctl.sysctl_drift({"net.ipv4.range": "1 2"}, refused, str(proc)) == ({}, ["net.ipv4.range"])
    assert sysctl.sysctl_drift({"net.ipv4.range": "1 3"}, refused, str(proc))[1] == []


def test_the_kernels_refusals() -> None:
    # Root may open it, and the kernel says EINVAL; ostype is read-only for everybody.
    with pytest.raises(StateError, match="the kernel refuses the value 'nonsense'"):
        sysctl.set_live("vm.swappiness", "nonsense")
    assert sysctl.sysctl_drift({"kernel.ostype": "Hurd"}, {})[0] in ({}, {"kernel.ostype": ("Linux", "Hurd")})
    assert sysctl.set_live("kernel.ostype", "Hurd") is False
