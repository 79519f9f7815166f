"""Triggers tell that watched files changed since they were last acknowledged."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.host_state import watch
from plugins.module_utils.host_state.manifest import StateError
from tests.unit.host_state.sandbox import Sandbox


def state(box: Sandbox, content: str = "1") -> dict[str, Any]:
    """One held file; triggers on it, on its directory and on a file that somebody else writes."""
    return {
        "directories": [{"path": box.path("d")}],
        "files": [{"path": box.path("d/a"), "content": content}],
        "triggers": {"file": [box.path("d/a")], "folder": [box.path("d")], "other": [box.path("other")]},
    }


def acknowledged(box: Sandbox) -> None:
    """Hold the state and acknowledge everything."""
    box.hold(**state(box))
    box.acknowledge("file", "folder", "other")
    assert box.hold(**state(box))["triggered"] == []


def test_new_files_trigger_until_acknowledged(box: Sandbox) -> None:
    assert box.compare(**state(box))["triggered"] == ["file", "folder"]
    assert box.hold(**state(box))["triggered"] == ["file", "folder"]
    assert box.hold(**state(box))["triggered"] == ["file", "folder"]
    box.acknowledge("file")
    assert box.hold(**state(box))["triggered"] == ["folder"]


def test_check_mode_tells_which_triggers_a_change_sets_off(box: Sandbox) -> None:
    acknowledged(box)
    assert box.compare(**state(box, "2"))["triggered"] == ["file", "folder"]
    assert box.compare(**state(box))["triggered"] == []


def test_files_of_others_trigger_too(box: Sandbox) -> None:
    acknowledged(box)
    (box.root / "other").write_text("made elsewhere")
    assert box.hold(**state(box))["triggered"] == ["other"]
    (box.root / "d/new").write_text("in the folder")
    assert box.hold(**state(box))["triggered"] == ["folder", "other"]


@pytest.mark.parametrize("change", ["mode", "removal", "link"])
def test_more_than_content_counts(box: Sandbox, change: str) -> None:
    (box.root / "other").write_text("x")
    acknowledged(box)
    if change == "mode":
        (box.root / "other").chmod(0o600)
    else:
        (box.root / "other").unlink()
    if change == "link":
        (box.root / "other").symlink_to("d/a")
    assert box.hold(**state(box))["triggered"] == ["other"]


def test_a_removed_file_triggers(box: Sandbox) -> None:
    acknowledged(box)
    gone = dict(state(box), files=[])
    assert box.compare(**gone)["triggered"] == ["file", "folder"]
    assert box.hold(**gone)["triggered"] == ["file", "folder"]


def test_acknowledging_an_unknown_trigger_names_those_there_are(box: Sandbox) -> None:
    box.hold(**state(box))
    with pytest.raises(StateError, match="has no trigger reload; it has: file, folder, other"):
        box.acknowledge("reload")


def test_watching_too_much_is_refused(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "MOST_ENTRIES", 3)
    (box.root / "d").mkdir()
    for number in range(5):
        (box.root / f"d/{number}").write_text("")
    with pytest.raises(StateError, match="more than 3 files are watched"):
        box.compare(**state(box))
