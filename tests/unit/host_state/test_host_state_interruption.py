"""A run killed at any point leaves every file whole, and the next run finishes its work."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.host_state.sandbox import Sandbox

# Each is a step that changes the disk; the run dies before one of them.
STEPS = (
    "open",
    "rename",
    "unlink",
    "symlink",
    "mkdir",
    "rmdir",
    "chown",
    "chmod",
    "fchown",
    "fchmod",
    "fsync",
)


def state(box: Sandbox, version: int) -> dict[str, Any]:
    """Two versions of a state that touch every kind of thing; the second drops some of the first."""
    text = f"version {version}\n" * 50
    names = ["a", "b", "d/c", f"only{version}"]
    return {
        "directories": [{"path": box.path("d")}, {"path": box.path(f"d{version}")}],
        "files": [{"path": box.path(name), "content": text, "mode": f"06{version}0"} for name in names]
        + [
            {
                "path": box.path("token.env"),
                "content": "t=@@content:" + box.path("s") + "@@",
                "substitute": True,
            }
        ],
        "links": [{"path": box.path("current"), "target": f"only{version}"}],
        "secrets": [{"path": box.path("s")}],
        "triggers": {"reload": [box.path("a"), box.path("d")]},
    }


def killed_before(step: int, action: Callable[[], Any]) -> bool:
    """Run `action` in a child that dies before its `step`-th change of the disk; return whether it died."""
    child = os.fork()
    if child == 0:
        left = step

        def dying(function: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(*arguments: Any, **named: Any) -> Any:
                nonlocal left
                left -= 1
                if left == 0:
                    os._exit(9)
                return function(*arguments, **named)

            return wrapper

        for name in STEPS:
            setattr(os, name, dying(getattr(os, name)))
        try:
            action()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9), f"the run ended with {status} before step {step}"
    return status == 9


def whole(box: Sandbox, name: str, *, may_lack: bool) -> None:
    """Assert that a file is all of one version."""
    path = box.root / name
    if not path.exists():
        assert may_lack, f"{name} is gone"
        return
    assert path.read_text() in ("version 1\n" * 50, "version 2\n" * 50), f"{name} is half-written"


def run_until_done(folder: Path, first: bool, then: int) -> int:
    """Kill the change to version 2 before each step in turn, go on with version `then`; return the steps."""
    step = 0
    while True:
        step += 1
        box = Sandbox(folder / str(step))
        if not first:
            box.hold(**state(box, 1))
            box.acknowledge("reload")
        died = killed_before(step, lambda box=box: box.hold(**state(box, 2)))  # type: ignore[misc]
        secret = box.text("s") if (box.root / "s").exists() else None
        for name in ("a", "b", "d/c"):
            whole(box, name, may_lack=first)
        if secret is not None:
            assert len(secret) == 43, "half a secret"
        seen = box.hold(**state(box, then))
        assert secret in (None, box.text("s")), "an existing secret was replaced"
        assert box.text("token.env") == f"t={box.text('s')}"
        names = {str(path.relative_to(box.root)) for path in box.root.rglob("*")}
        held = {"a", "b", "current", "d", "d/c", f"d{then}", f"only{then}", "s", "token.env"}
        assert names == held, f"the death before step {step} left these, or lost them: {names ^ held}"
        texts = {box.text(name) for name in ("a", "b", "d/c", f"only{then}", "current")}
        assert texts == {f"version {then}\n" * 50}
        assert seen["triggered"] == ["reload"], f"the trigger was lost by the death before step {step}"
        assert box.call("compare", state(box, then))["needs_apply"] is False
        if not died:
            return step


@pytest.mark.parametrize(
    ("first", "then"),
    [(True, 2), (True, 3), (False, 2), (False, 3)],
    ids=["first run", "first run, then another state", "change", "change, then another state"],
)
def test_every_point_of_death_is_survived(tmp_path: Path, first: bool, then: int) -> None:
    steps = run_until_done(tmp_path, first, then)
    assert steps > 40, f"only {steps} steps were met: the test does not reach what it should"


def test_going_back_after_an_interruption_still_triggers(box: Sandbox) -> None:
    box.hold(**state(box, 1))
    box.acknowledge("reload")
    assert box.hold(**state(box, 2))["triggered"] == ["reload"]
    # The service may have read version 2 before its reload was acknowledged.
    assert box.hold(**state(box, 1))["triggered"] == ["reload"]
    box.acknowledge("reload")
    assert box.hold(**state(box, 1))["triggered"] == []


def test_a_full_disk_leaves_no_temporary_file(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.hold(**state(box, 1))
    syncs = iter(range(100))

    def full(descriptor: int) -> None:
        if next(syncs) == 5:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        box.hold(**state(box, 2))
    assert not box.leftovers()
    assert box.text("a") == "version 1\n" * 50
    monkeypatch.undo()
    box.hold(**state(box, 2))
    assert box.text("a") == "version 2\n" * 50


def test_a_second_run_waits_for_the_first_and_then_gives_up(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    from plugins.module_utils.host_state import run
    from plugins.module_utils.host_state.manifest import StateError

    box.hold(**state(box, 1))
    monkeypatch.setattr(run, "LOCK_WAIT_S", 0.3)
    with (box.state / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(StateError, match="another run has held"):
            box.hold(**state(box, 2))
    assert box.text("a") == "version 1\n" * 50
