"""What is live follows from the link and the container; the other links follow it."""

from __future__ import annotations

from pathlib import Path

import pytest

from roles.app.files.release import host, links
from roles.app.files.release.engine import Container
from roles.app.files.release.host import Live
from roles.app.files.release.settings import Settings
from tests.unit.release.conftest import MakeRelease


def container(slot: str, release: str, state: str = "running") -> dict[str, Container]:
    return {f"app-{slot}": Container(f"unit-test-app-{slot}-1", state, "Up 2 minutes", release)}


def test_a_link_is_replaced_and_never_missing(tmp_path: Path) -> None:
    link = tmp_path / "current"
    assert links.point(link, "a") is True
    assert links.point(link, "b") is True
    assert links.point(link, "b") is False
    assert links.target(link) == "b"
    assert [path.name for path in tmp_path.iterdir()] == ["current"]


def test_the_leftover_of_a_killed_switch_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".current.new").symlink_to("half")
    links.point(tmp_path / "current", "b")
    assert [path.name for path in tmp_path.iterdir()] == ["current"]


def test_nothing_is_live_on_a_new_host(settings: Settings) -> None:
    live = host.look(settings, {})
    assert live == Live(None, None)
    assert live.idle_slot == "blue"


@pytest.mark.parametrize(("slot", "idle"), [("blue", "green"), ("green", "blue")])
def test_the_socket_names_the_slot_and_its_container_the_release(
    settings: Settings, slot: str, idle: str
) -> None:
    host.switch(settings, slot)
    (settings.root / "current").symlink_to("releases/old")
    found = host.look(settings, container(slot, "new"))
    assert found == Live(slot, "new")
    assert found.idle_slot == idle


def test_without_its_container_the_link_names_the_release(settings: Settings) -> None:
    host.switch(settings, "blue")
    (settings.root / "current").symlink_to("releases/old")
    assert host.look(settings, {}) == Live("blue", "old")


def test_after_a_kill_behind_the_switch_the_links_follow(
    settings: Settings, make_release: MakeRelease
) -> None:
    make_release("old")
    make_release("new")
    host.align(settings, Live("blue", "old"))
    assert host.previous_release(settings) is None
    changed = host.align(settings, Live("green", "new"))
    assert len(changed) == 4
    assert (host.current_release(settings), host.previous_release(settings)) == ("new", "old")
    assert links.target(settings.root / "www" / "previous") == "old"
    assert host.align(settings, Live("green", "new")) == []


def test_a_release_without_a_directory_moves_no_link(settings: Settings, make_release: MakeRelease) -> None:
    make_release("old")
    host.align(settings, Live("blue", "old"))
    assert host.align(settings, Live("green", "gone")) == []
    assert host.current_release(settings) == "old"
