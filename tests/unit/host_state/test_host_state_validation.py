"""Validators judge the new content before anything is replaced."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.host_state.manifest import StateError
from tests.unit.host_state.sandbox import Sandbox


def checked(box: Sandbox, content: str, **further: Any) -> dict[str, Any]:
    """A file with a validator, and one without that comes first."""
    return {
        "files": [
            {"path": box.path("first"), "content": content},
            {"path": box.path("a.conf"), "content": content, "validate": "grep -q good %s", **further},
        ]
    }


def script(tmp_path: Path, text: str) -> str:
    """Return the path of an executable shell script."""
    path = tmp_path / "validator"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def test_a_refused_file_leaves_all_old_content(box: Sandbox) -> None:
    box.hold(**checked(box, "good 1"))
    with pytest.raises(StateError, match=r"files\[1\] .*a.conf: `grep -q good %s` refuses"):
        box.hold(**checked(box, "bad"))
    assert (box.text("first"), box.text("a.conf")) == ("good 1", "good 1")
    assert not box.leftovers()


def test_a_refusal_is_told_in_check_mode(box: Sandbox) -> None:
    with pytest.raises(StateError, match="refuses the new content"):
        box.compare(**checked(box, "bad"))


def test_the_validators_words_are_in_the_message(box: Sandbox, tmp_path: Path) -> None:
    validator = script(tmp_path, 'echo "$1: line 3: unknown directive"; exit 4')
    with pytest.raises(StateError, match=r"\(exit status 4\).*\n.*a.conf: line 3: unknown directive"):
        box.hold(**checked(box, "x", validate=f"{validator} %s"))


def test_the_staged_file_has_its_name_owner_and_mode(box: Sandbox, tmp_path: Path) -> None:
    validator = script(tmp_path, 'test "$(basename $1) $(stat -c "%a %u" $1)" = "a.conf 640 12"')
    box.hold(**checked(box, "x", validate=f"{validator} %s", mode="0640", owner=12))


def test_an_unchanged_file_is_not_judged_again(box: Sandbox, tmp_path: Path) -> None:
    validator = script(tmp_path, f"echo . >> {tmp_path}/calls")
    for _ in range(2):
        box.hold(**checked(box, "x", validate=f"{validator} %s"))
    assert (tmp_path / "calls").read_text() == ".\n"


def test_a_missing_validator_is_named_but_passed_over_in_check_mode(box: Sandbox) -> None:
    state = checked(box, "x", validate="no-such-validator -t %s")
    assert box.compare(**state)["not_validated"] == [f"files[1] {box.path('a.conf')}"]
    with pytest.raises(StateError, match="its validator no-such-validator is not installed"):
        box.hold(**state)
    assert not (box.root / "first").exists()


def tree(box: Sandbox, command: str, **further: Any) -> dict[str, Any]:
    """A directory judged as a whole."""
    root = box.path("nginx")
    return {
        "directories": [{"path": root}, {"path": f"{root}/conf.d"}],
        "files": [{"path": f"{root}/nginx.conf", "content": "main"}, *further.pop("files", [])],
        "links": [{"path": f"{root}/current", "target": "nginx.conf"}],
        "secrets": [{"path": f"{root}/secret"}],
        "validations": [{"root": root, "command": command}],
        **further,
    }


def test_the_staged_directory_is_the_directory_as_it_will_be(box: Sandbox, tmp_path: Path) -> None:
    listing = tmp_path / "listing"
    validator = script(tmp_path, f"cd $1 && find . | sort > {listing}; cat current >> {listing}")
    (box.root / "nginx").mkdir()
    (box.root / "nginx/from-elsewhere").write_text("")
    old = {"path": box.path("nginx/conf.d/old"), "content": "x"}
    new = {"path": box.path("nginx/conf.d/new"), "content": "x"}
    box.hold(**tree(box, f"{validator} %s", files=[old]))
    box.hold(**tree(box, f"{validator} %s", files=[new], absent=[box.path("nginx/from-elsewhere")]))
    names = "./conf.d ./conf.d/new ./current ./nginx.conf ./secret main"
    assert listing.read_text().split() == [".", *names.split()]


def test_a_refused_directory_changes_nothing(box: Sandbox) -> None:
    box.hold(**tree(box, "true %s"))
    further = [{"path": box.path("nginx/conf.d/bad"), "content": "x"}]
    with pytest.raises(StateError, match=r"validations\[0\] .*/nginx: `false %s` refuses"):
        box.hold(**tree(box, "false %s", files=further))
    assert not (box.root / "nginx/conf.d/bad").exists()
    assert not box.leftovers()


def test_a_directory_with_no_change_is_not_judged(box: Sandbox) -> None:
    box.hold(**tree(box, "true %s"))
    state = tree(box, "false %s", files=[])
    state["files"].append({"path": box.path("elsewhere"), "content": "x"})
    box.hold(**state)
    assert box.text("elsewhere") == "x"


def test_the_staged_copy_is_nobody_elses_to_read(box: Sandbox, tmp_path: Path) -> None:
    validator = script(tmp_path, f"stat -c %a {box.state}/stage > {tmp_path}/mode")
    box.hold(**tree(box, f"{validator} %s"))
    assert (tmp_path / "mode").read_text() == "700\n"
    assert stat.S_IMODE(box.state.stat().st_mode) == 0o700


def test_a_validator_that_shows_a_secret_does_not_get_it_into_the_message(
    box: Sandbox, tmp_path: Path
) -> None:
    validator = script(tmp_path, "cat $1; exit 1")
    state = checked(box, "password: hunter-two-22\n", validate=f"{validator} %s", sensitive=True)
    with pytest.raises(StateError) as refusal:
        box.hold(**state)
    assert "hunter-two-22" not in str(refusal.value)
    assert "********" in str(refusal.value)
