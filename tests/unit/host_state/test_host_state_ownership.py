"""What an owner no longer lists goes; what others hold, or edited, does not get lost."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.module_utils.host_state.manifest import StateError
from tests.unit.host_state.sandbox import Sandbox


def file(box: Sandbox, name: str, content: str = "x", **further: Any) -> dict[str, Any]:
    """A file entry."""
    return {"path": box.path(name), "content": content, **further}


def test_files_and_links_no_longer_listed_are_removed(box: Sandbox) -> None:
    box.hold(files=[file(box, "a"), file(box, "b")], links=[{"path": box.path("c"), "target": "a"}])
    seen = box.hold(files=[file(box, "b")])
    assert seen["removed"] == [box.path("a"), box.path("c")]
    assert [path.name for path in box.root.iterdir()] == ["b"]


def test_check_mode_tells_what_would_be_removed(box: Sandbox) -> None:
    box.hold(files=[file(box, "a")])
    seen = box.compare()
    assert seen["removed"] == [box.path("a")]
    assert (box.root / "a").exists()


def test_a_file_edited_by_hand_is_kept_aside_when_it_is_removed(box: Sandbox) -> None:
    box.hold(files=[file(box, "a", "ours\n")])
    (box.root / "a").write_text("edited\n")
    box.hold()
    (kept,) = (box.state / "kept").rglob("a.*")
    assert kept.read_text() == "edited\n"
    assert not (box.root / "a").exists()


def test_a_sensitive_file_leaves_no_copy(box: Sandbox) -> None:
    box.hold(files=[file(box, "a", sensitive=True)])
    (box.root / "a").write_text("edited\n")
    box.hold(files=[file(box, "a", "new", sensitive=True)])
    (box.root / "a").write_text("edited\n")
    box.hold()
    assert not (box.state / "kept").exists()


def test_directories_go_only_when_they_were_made_here_and_are_empty(box: Sandbox) -> None:
    (box.root / "theirs").mkdir()
    names = ("theirs", "data", "empty", "empty/deeper")
    box.hold(directories=[{"path": box.path(name)} for name in names])
    (box.root / "data/document").write_text("precious")
    assert box.hold()["removed"] == [box.path("empty"), box.path("empty/deeper")]
    assert sorted(path.name for path in box.root.iterdir()) == ["data", "theirs"]
    assert box.hold()["needs_apply"] is False


def test_kept_entries_stay_on_the_host(box: Sandbox) -> None:
    box.hold(directories=[{"path": box.path("r1"), "keep": True}], files=[file(box, "r1/wheel", keep=True)])
    assert box.hold()["removed"] == []
    assert box.text("r1/wheel") == "x"


def test_two_owners_of_one_file_are_both_named(box: Sandbox) -> None:
    box.hold(name="nginx", files=[file(box, "a")])
    with pytest.raises(
        StateError, match="host_state nginx holds this path already: only one of nginx and app"
    ):
        box.hold(name="app", files=[file(box, "a")])


def test_absent_does_not_take_what_another_owner_holds(box: Sandbox) -> None:
    box.hold(name="nginx", files=[file(box, "a")])
    with pytest.raises(StateError, match="is held by host_state nginx, so app must not remove it"):
        box.hold(name="app", absent=[box.path("a")])


def test_a_shared_directory_stays_until_its_last_owner_leaves(box: Sandbox) -> None:
    shared = {"directories": [{"path": box.path("secrets")}]}
    box.hold(name="one", **shared)
    box.hold(name="two", **shared)
    assert box.hold(name="one")["removed"] == []
    assert (box.root / "secrets").is_dir()


def test_a_file_moves_to_another_owner_once_the_first_has_let_go(box: Sandbox) -> None:
    box.hold(name="one", files=[file(box, "a", "1")])
    box.hold(name="one")
    box.hold(name="two", files=[file(box, "a", "2")])
    assert box.text("a") == "2"


def test_a_damaged_record_is_named_with_what_mends_it(box: Sandbox) -> None:
    box.hold(files=[file(box, "a")])
    (box.state / "demo.json").write_text("{")
    with pytest.raises(StateError, match=r"the record .*demo.json is damaged .*: remove it"):
        box.hold(files=[file(box, "a")])


def test_a_newer_record_is_refused(box: Sandbox) -> None:
    box.hold(files=[file(box, "a")])
    record = json.loads((box.state / "demo.json").read_text())
    (box.state / "demo.json").write_text(json.dumps(dict(record, version=9)))
    with pytest.raises(StateError, match="has version 9, expected 1"):
        box.hold(files=[file(box, "a")])


NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "f/a"])
CONTENTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=40)
FILES = st.dictionaries(NAMES, st.tuples(CONTENTS, st.sampled_from(["0600", "0644", "0755"])))
LINKS = st.dictionaries(st.sampled_from(["l", "d/l"]), st.sampled_from(["a", "nowhere"]))


def manifest(box: Sandbox, files: dict[str, tuple[str, str]], links: dict[str, str]) -> dict[str, Any]:
    """A task's arguments for random files and links, with the directories that they need."""
    parents = {parent for name in [*files, *links] for parent in Path(name).parents if parent != Path()}
    return {
        "directories": [{"path": box.path(str(parent))} for parent in sorted(parents)],
        "files": [file(box, name, content, mode=mode) for name, (content, mode) in files.items()],
        "links": [{"path": box.path(name), "target": target} for name, target in links.items()],
    }


def found(box: Sandbox) -> dict[str, Any]:
    """What is on the sandbox's disk, in the form of the strategies."""
    files: dict[str, Any] = {}
    for path in box.root.rglob("*"):
        name = str(path.relative_to(box.root))
        if path.is_symlink():
            files[name] = str(path.readlink())
        elif path.is_file():
            files[name] = (path.read_bytes().decode(), f"{path.stat().st_mode & 0o7777:04o}")
    return files


@settings(max_examples=60, deadline=None)
@given(FILES, LINKS, FILES, LINKS)
def test_only_the_last_manifest_remains_and_a_repetition_changes_nothing(
    first: dict[str, Any], first_links: dict[str, str], second: dict[str, Any], second_links: dict[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        box = Sandbox(Path(folder))
        box.hold(**manifest(box, first, first_links))
        wanted = manifest(box, second, second_links)
        told = box.compare(**wanted)
        done = box.hold(**wanted)
        assert found(box) == {**second, **second_links}
        assert told["changed_paths"] == done["changed_paths"], "check mode and the run disagree"
        assert told["removed"] == done["removed"]
        assert box.hold(**wanted)["needs_apply"] is False
        assert not box.leftovers()
