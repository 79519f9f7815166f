"""Directories, files and links are brought to what is listed, and only what differs is touched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.host_state.manifest import StateError
from tests.unit.host_state.sandbox import Sandbox


def state_of(box: Sandbox) -> dict[str, Any]:
    """A directory with a file, a link and a private directory."""
    return {
        "directories": [{"path": box.path("etc")}, {"path": box.path("etc/private"), "mode": "0700"}],
        "files": [{"path": box.path("etc/a.conf"), "content": "a = 1\n"}],
        "links": [{"path": box.path("etc/current"), "target": "a.conf"}],
    }


def test_everything_listed_is_made(box: Sandbox) -> None:
    seen = box.hold(**state_of(box))
    assert seen["changed_paths"] == [
        box.path(name) for name in ("etc", "etc/a.conf", "etc/current", "etc/private")
    ]
    assert box.text("etc/current") == "a = 1\n"
    assert (box.root / "etc/private").stat().st_mode & 0o7777 == 0o700
    assert not box.leftovers()


def test_a_second_run_needs_one_call_and_touches_nothing(box: Sandbox) -> None:
    box.hold(**state_of(box))
    before = {path: path.lstat().st_ino for path in box.root.rglob("*")}
    record = (box.state / "demo.json").stat().st_ino
    seen = box.hold(**state_of(box))
    assert seen["needs_apply"] is False
    assert seen["changed_paths"] == []
    assert {path: path.lstat().st_ino for path in box.root.rglob("*")} == before
    assert (box.state / "demo.json").stat().st_ino == record


def test_what_is_already_as_wanted_is_adopted_without_a_change(box: Sandbox) -> None:
    (box.root / "etc/private").mkdir(parents=True, mode=0o700)
    (box.root / "etc/a.conf").write_text("a = 1\n")
    (box.root / "etc/current").symlink_to("a.conf")
    seen = box.hold(**state_of(box))
    assert seen["changed_paths"] == []
    assert box.call("compare", state_of(box))["needs_apply"] is False


def test_check_mode_names_the_altered_file_alone_and_shows_the_difference(box: Sandbox) -> None:
    box.hold(**state_of(box))
    (box.root / "etc/a.conf").write_text("a = 2\n")
    seen = box.compare(**state_of(box))
    assert seen["changed_paths"] == [box.path("etc/a.conf")]
    assert [(item["before"], item["after"]) for item in seen["diff"]] == [("a = 2\n", "a = 1\n")]
    assert box.text("etc/a.conf") == "a = 2\n"


@pytest.mark.parametrize("change", ["mode", "owner", "group"])
def test_mode_and_owner_are_held_and_shown(box: Sandbox, change: str) -> None:
    box.hold(**state_of(box))
    path = box.root / "etc/a.conf"
    inode = path.stat().st_ino
    if change == "mode":
        path.chmod(0o666)
    else:
        os.chown(path, 12 if change == "owner" else -1, 12 if change == "group" else -1)
    seen = box.compare(**state_of(box))
    assert seen["changed_paths"] == [str(path)]
    assert f"{change}: " in seen["diff"][0]["before"]
    assert seen["diff"][0]["before"] != seen["diff"][0]["after"]
    box.hold(**state_of(box))
    status = path.stat()
    assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (0o644, 0, 0)
    assert status.st_ino == inode, "the content was written again although it was right"


def test_a_link_is_turned_in_one_step(box: Sandbox) -> None:
    box.hold(**state_of(box))
    state = state_of(box)
    state["links"][0]["target"] = "b.conf"
    assert box.hold(**state)["changed_paths"] == [box.path("etc/current")]
    assert (box.root / "etc/current").readlink() == Path("b.conf")


def test_a_file_that_is_not_forced_is_made_and_then_left_alone(box: Sandbox) -> None:
    state = {"files": [{"path": box.path("local"), "content": "default\n", "force": False, "mode": "0600"}]}
    box.hold(**state)
    (box.root / "local").write_text("the operator's\n")
    assert box.hold(**state)["changed_paths"] == []
    assert box.text("local") == "the operator's\n"


def test_a_replaced_file_that_was_not_ours_is_put_aside(box: Sandbox) -> None:
    (box.root / "a").write_text("from the package\n")
    box.hold(files=[{"path": box.path("a"), "content": "ours\n"}])
    (kept,) = (box.state / "kept").rglob("a.*")
    assert kept.read_text() == "from the package\n"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_binary_content_is_asked_for_by_checksum_and_taken_from_the_transferred_file(
    box: Sandbox, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"\x7fELF\x00\xff" * 100)
    state = {"files": [{"path": box.path("tool"), "src": str(source), "mode": "0755"}]}
    seen = box.call("compare", state)
    assert len(seen["wanted_blobs"]) == 1
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"half")
    with pytest.raises(StateError, match="tool: its content was damaged on the way"):
        box.call("apply", state, blobs={seen["wanted_blobs"][0]: str(damaged)})
    box.call("apply", state, blobs={seen["wanted_blobs"][0]: str(source)})
    assert (box.root / "tool").read_bytes() == source.read_bytes()
    again = box.call("compare", state)
    assert again["wanted_blobs"] == []
    assert again["needs_apply"] is False


def test_a_tree_brings_files_and_takes_them_away_again(box: Sandbox, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "css").mkdir(parents=True)
    (tree / "index.html").write_text("<p>")
    (tree / "css/a.css").write_text("p {}")
    (tree / "notes.swp").write_text("x")
    state = {"trees": [{"src": str(tree), "path": box.path("www"), "exclude": ["*.swp"]}]}
    box.hold(**state)
    assert sorted(path.name for path in (box.root / "www").rglob("*")) == ["a.css", "css", "index.html"]
    (tree / "css/a.css").unlink()
    (tree / "css").rmdir()
    assert box.hold(**state)["removed"] == [box.path("www/css"), box.path("www/css/a.css")]
    assert not (box.root / "www/css").exists()


def test_absent_takes_files_and_directories_with_all_they_hold(box: Sandbox) -> None:
    (box.root / "old/deep").mkdir(parents=True)
    (box.root / "old/deep/file").write_text("x")
    (box.root / "one").write_text("x")
    state = {"absent": [box.path("old"), box.path("one"), box.path("never")]}
    assert box.hold(**state)["changed_paths"] == [box.path("old"), box.path("one")]
    assert list(box.root.iterdir()) == []


def what_stands_in_the_way(box: Sandbox, kind: str) -> None:
    """Put something of another kind where state_of wants a file."""
    (box.root / "etc").mkdir()
    path = box.root / "etc/a.conf"
    if kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("link", "a symbolic link to /etc/passwd"), ("directory", "a directory"), ("fifo", "a special file")],
)
def test_another_kind_in_the_way_is_refused_by_name(box: Sandbox, kind: str, words: str) -> None:
    what_stands_in_the_way(box, kind)
    with pytest.raises(StateError, match=f"files\\[0\\] .*a.conf: expected a file, found {words}"):
        box.hold(**state_of(box))
    assert not (box.root / "etc/private").exists(), "something was changed before the refusal"


def test_a_missing_parent_directory_is_named(box: Sandbox) -> None:
    with pytest.raises(StateError, match=r"files\[0\] .*no/a: its directory .*/no does not exist"):
        box.hold(files=[{"path": box.path("no/a"), "content": ""}])


def test_a_file_as_parent_is_named(box: Sandbox) -> None:
    (box.root / "no").write_text("")
    with pytest.raises(StateError, match="no/a: a part of the path is not a directory"):
        box.hold(files=[{"path": box.path("no/a"), "content": ""}])


@pytest.mark.parametrize("kind", ["owner", "group"])
def test_an_unknown_owner_is_named_and_no_error_in_check_mode(box: Sandbox, kind: str) -> None:
    state = {"files": [{"path": box.path("a"), "content": "", kind: "no-such-name"}]}
    assert box.compare(**state)["changed_paths"] == [box.path("a")]
    noun = "user" if kind == "owner" else "group"
    with pytest.raises(StateError, match=f"the host has no {noun} 'no-such-name': list it under `{noun}s`"):
        box.hold(**state)


def test_a_held_file_may_become_a_link_and_a_link_a_directory(box: Sandbox) -> None:
    box.hold(files=[{"path": box.path("a"), "content": "x"}, {"path": box.path("b"), "content": "y"}])
    box.hold(files=[{"path": box.path("b"), "content": "y"}], links=[{"path": box.path("a"), "target": "b"}])
    assert box.text("a") == "y"
    box.hold(directories=[{"path": box.path("a")}], files=[{"path": box.path("b"), "content": "y"}])
    assert (box.root / "a").is_dir()
    box.hold(files=[{"path": box.path("a"), "content": "again a file"}])
    assert box.text("a") == "again a file"
