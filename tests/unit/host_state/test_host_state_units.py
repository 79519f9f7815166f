"""What has to be done to a unit follows from what systemd says of it."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.host_state.manifest import StateError, Unit
from plugins.module_utils.host_state.units import is_unit_file, read_shown, unit_action

NEW, OLD = {"restart": "new"}, {"restart": "old"}


def unit(**wanted: Any) -> Unit:
    """A unit entry."""
    return Unit(label="units[0]", name="x.service", **wanted)


def shown(
    file_state: str = "enabled", active: str = "active", load: str = "loaded", sub: str = ""
) -> dict[str, str]:
    """What `systemctl show` says."""
    return {"LoadState": load, "ActiveState": active, "SubState": sub, "UnitFileState": file_state}


def act(wanted: Unit, said: dict[str, str], **further: Any) -> dict[str, Any] | None:
    """The action without the name."""
    action = unit_action(wanted, said, further.pop("seen", {}), further.pop("now", {}), **further)
    if action is not None:
        assert action.pop("name") == "x.service"
    return action


@pytest.mark.parametrize("state", ["enabled", "static", "generated", "alias", "indirect", "transient"])
def test_these_count_as_enabled(state: str) -> None:
    assert act(unit(enabled=True), shown(state)) is None


@pytest.mark.parametrize("state", ["disabled", "enabled-runtime"])
def test_these_have_to_be_enabled(state: str) -> None:
    assert act(unit(enabled=True), shown(state)) == {"enabled": True}


@pytest.mark.parametrize(
    ("state", "action"), [("enabled", {"enabled": False}), ("static", None), ("masked", None)]
)
def test_disabling(state: str, action: dict[str, Any] | None) -> None:
    assert act(unit(enabled=False), shown(state)) == action


@pytest.mark.parametrize(
    ("active", "sub", "action"),
    [
        ("active", "running", None),
        ("activating", "start", None),
        ("reloading", "", None),
        ("inactive", "dead", {"state": "started"}),
        ("failed", "failed", {"state": "started"}),
        ("activating", "auto-restart", {"state": "started"}),
    ],
)
def test_starting(active: str, sub: str, action: dict[str, Any] | None) -> None:
    assert act(unit(state="started"), shown(active=active, sub=sub)) == action


@pytest.mark.parametrize(
    ("active", "action"), [("active", {"state": "stopped"}), ("inactive", None), ("failed", None)]
)
def test_stopping(active: str, action: dict[str, Any] | None) -> None:
    assert act(unit(state="stopped"), shown(active=active)) == action


def test_masking() -> None:
    assert act(unit(masked=True), shown("masked", load="masked")) is None
    assert act(unit(masked=True), shown()) == {"masked": True}
    assert act(unit(masked=False, state="started"), shown("masked", "inactive", "masked")) == {
        "masked": False,
        "state": "started",
    }


def test_a_masked_unit_that_shall_run_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(StateError, match=r"x\.service is masked: add `masked: false`"):
        act(unit(state="started"), shown("masked", "inactive", "masked"))


def test_an_unknown_unit_is_an_error_unless_its_file_is_to_come() -> None:
    gone = shown("", "inactive", "not-found")
    with pytest.raises(StateError, match=r"systemd knows no unit x\.service: list the package or file"):
        act(unit(enabled=True, state="started"), gone)
    assert act(unit(enabled=True, state="started"), gone, to_come=True) == {
        "enabled": True,
        "state": "started",
    }
    assert act(unit(enabled=False, state="stopped"), gone) is None
    assert act(unit(masked=True), gone) == {"masked": True}


@pytest.mark.parametrize(
    ("active", "seen", "now", "state"),
    [
        ("active", NEW, NEW, None),
        ("active", OLD, NEW, "restarted"),
        ("active", {}, NEW, "restarted"),
        ("active", {}, {"restart": ""}, None),
        ("inactive", OLD, NEW, "started"),
        ("active", {"restart": "1", "reload": "1"}, {"restart": "1", "reload": "2"}, "reloaded"),
        ("active", {"restart": "1", "reload": "1"}, {"restart": "2", "reload": "2"}, "restarted"),
        ("active", OLD, {}, None),
    ],
)
def test_a_running_unit_reads_its_changed_files(
    active: str, seen: dict[str, str], now: dict[str, str], state: str | None
) -> None:
    action = act(unit(state="started"), shown(active=active), seen=seen, now=now)
    assert action == ({"state": state} if state else None)


def test_a_stopped_unit_without_a_wanted_state_is_left_alone() -> None:
    assert act(unit(), shown(active="inactive"), seen=OLD, now=NEW) is None


def test_the_answer_for_several_units_is_taken_apart_in_order() -> None:
    text = "Id=ssh.service\nLoadState=loaded\n\nId=no.service\nLoadState=not-found\n"
    assert read_shown(["sshd.service", "no.service"], text) == {
        "sshd.service": {"Id": "ssh.service", "LoadState": "loaded"},
        "no.service": {"Id": "no.service", "LoadState": "not-found"},
    }
    with pytest.raises(StateError, match="answered for 2 of 3"):
        read_shown(["a", "b", "c"], text)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/etc/systemd/system/a.service", True),
        ("/etc/systemd/system/a.service.d/limits.conf", True),
        ("/etc/systemd/journald.conf", False),
    ],
)
def test_unit_files_are_recognised(path: str, told: bool) -> None:
    assert is_unit_file(path) is told
