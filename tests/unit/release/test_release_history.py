"""Audit log, notes, the list, and what is pruned."""

from __future__ import annotations

import json
import time

import pytest

from roles.app.files.release import history, host
from roles.app.files.release.engine import Engine
from roles.app.files.release.history import Run
from roles.app.files.release.host import Live
from roles.app.files.release.settings import Settings
from tests.unit.release.conftest import MakeRelease


def entries(settings: Settings) -> list[dict[str, object]]:
    return [json.loads(line) for line in settings.audit.read_text().splitlines()]


def test_every_run_is_a_line_of_the_audit_log(settings: Settings) -> None:
    run = Run("me@desk", "deploy", "old", "new", time.time() - 2)
    history.begin(settings, run)
    history.end(settings, run, "ok")
    history.begin(settings, run._replace(what="rollback", origin=None))
    history.end(settings, run._replace(what="rollback", origin=None), "failed", "it did not start")
    first, second = entries(settings)
    assert (first["who"], first["what"], first["from"], first["to"], first["result"]) == (
        "me@desk",
        "deploy",
        "old",
        "new",
        "ok",
    )
    assert 1.5 < float(str(first["seconds"])) < 10
    assert (second["result"], second["reason"]) == ("failed", "it did not start")


def test_a_killed_run_is_written_down_by_the_next(settings: Settings) -> None:
    history.begin(settings, Run("me@desk", "deploy", "old", "new", time.time()))
    found = history.note_interrupted(settings)
    assert found is not None
    assert found.target == "new"
    assert [entry["result"] for entry in entries(settings)] == ["interrupted"]
    assert history.note_interrupted(settings) is None


def test_a_torn_note_of_a_run_is_nobodys(settings: Settings) -> None:
    (settings.releases / ".under-way.json").write_text("{")
    assert history.note_interrupted(settings) is None
    assert not (settings.releases / ".under-way.json").exists()


def test_the_list_shows_the_newest_first_and_marks_live_and_previous(
    settings: Settings, make_release: MakeRelease
) -> None:
    for number, name in enumerate(("a", "b", "c")):
        make_release(name)
        note = {"who": "me", "commit": "c0ffee", "dirty": name == "c", "source": "checkout"}
        history.write_note(settings, name, note)
        path = settings.release(name) / "release.json"
        path.write_text(path.read_text().replace("20", f"2{number}", 1))
    host.align(settings, Live("blue", "b"))
    host.align(settings, Live("green", "c"))
    rows = history.listing(settings, Live("green", "c"))
    assert [row["release"] for row in rows] == ["c", "b", "a"]
    assert [row["live"] for row in rows] == [True, False, False]
    assert [row["previous"] for row in rows] == [False, True, False]
    assert rows[0]["dirty"] is True
    assert rows[0]["slot"] == "green"


@pytest.mark.parametrize(
    ("keep", "live", "previous", "left"),
    [
        (3, "e", "d", ["c", "d", "e"]),
        (2, "e", "a", ["a", "e"]),
        (2, "a", "b", ["a", "b"]),
        (3, "b", "a", ["a", "b", "e"]),
        (9, "c", "b", ["a", "b", "c", "d", "e"]),
    ],
)
def test_pruning_keeps_live_previous_and_the_newest(
    settings: Settings, make_release: MakeRelease, keep: int, live: str, previous: str, left: list[str]
) -> None:
    for number, name in enumerate("abcde"):
        release = f"1-{name}-s"
        make_release(release)
        settings.pages(release).mkdir()
        note = settings.release(release) / "release.json"
        note.write_text(json.dumps({"deployed": f"2026-01-0{number + 1}"}))
    host.align(settings, Live("blue", f"1-{previous}-s"))
    now = Live("green", f"1-{live}-s")
    host.align(settings, now)
    settings = settings._replace(keep=keep)
    history.prune(settings, Engine(settings), now)
    assert sorted(path.name for path in settings.releases.iterdir()) == [f"1-{name}-s" for name in left]
    pages = {path.name for path in (settings.root / "www").iterdir() if not path.is_symlink()}
    assert pages == {f"1-{name}-s" for name in left}
