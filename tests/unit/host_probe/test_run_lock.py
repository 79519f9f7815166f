"""Two runs never hold the lock at once; what a dead run left is taken over."""

from __future__ import annotations

import json
import multiprocessing
import time
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.host_probe import run_lock
from plugins.module_utils.host_probe.run_lock import look, release, take

ME = {
    "who": "ann@laptop",
    "controller": "c1",
    "boot": "b1",
    "pid": 10,
    "started": "100",
    "command": "site.yml",
}
OTHER = {**ME, "who": "bob@desk", "controller": "c2", "pid": 20}


@pytest.fixture
def lock(tmp_path: Path) -> str:
    return str(tmp_path / "stack.lock")


def test_a_free_lock_is_taken_with_its_owner_and_time(lock: str) -> None:
    assert take(lock, ME).free
    held = json.loads(Path(lock).read_text(encoding="utf-8"))
    assert {key: held[key] for key in ME} == ME
    assert abs(held["time"] - time.time()) < 5


def test_somebody_elses_lock_is_refused_with_the_holder_and_its_age(lock: str) -> None:
    take(lock, OTHER)
    text = json.loads(Path(lock).read_text(encoding="utf-8"))
    Path(lock).write_text(json.dumps({**text, "time": int(time.time()) - 1800}), encoding="utf-8")
    free, holder = take(lock, ME)
    assert not free
    assert holder is not None
    assert (holder["who"], holder["age_minutes"]) == ("bob@desk", 30)
    assert json.loads(Path(lock).read_text(encoding="utf-8"))["who"] == "bob@desk"


def test_the_same_run_takes_it_again_and_keeps_its_time(lock: str) -> None:
    take(lock, ME)
    Path(lock).write_text(json.dumps({**ME, "time": 1000}), encoding="utf-8")
    assert take(lock, ME).free
    assert json.loads(Path(lock).read_text(encoding="utf-8"))["time"] == 1000


def test_a_reused_process_number_is_another_run(lock: str) -> None:
    take(lock, ME)
    assert not take(lock, {**ME, "started": "999"}).free
    assert not take(lock, {**ME, "boot": "b2"}).free


def test_a_holder_known_to_be_gone_is_replaced_but_not_whoever_came_after_it(lock: str) -> None:
    take(lock, OTHER)
    assert take(lock, ME, instead_of=OTHER).free
    assert not take(lock, {**OTHER, "pid": 21}, instead_of=OTHER).free


def test_force_takes_it_from_anybody(lock: str) -> None:
    take(lock, OTHER)
    assert take(lock, ME, force=True).free
    assert json.loads(Path(lock).read_text(encoding="utf-8"))["who"] == "ann@laptop"


def test_looking_changes_nothing(lock: str) -> None:
    assert look(lock, ME).free
    assert not Path(lock).exists()
    take(lock, OTHER)
    before = Path(lock).read_bytes()
    assert not look(lock, ME).free
    assert look(lock, ME, instead_of=OTHER).free
    assert look(lock, ME, force=True).free
    assert Path(lock).read_bytes() == before


def test_only_the_holder_releases(lock: str) -> None:
    take(lock, OTHER)
    assert not release(lock, ME).free
    assert Path(lock).exists()
    assert release(lock, OTHER).free
    assert not Path(lock).exists()
    assert release(lock, OTHER).free, "releasing twice does no harm"
    assert not Path(lock).exists()


@pytest.mark.parametrize("torn", ["", '{"who": "bo', "[]", '{"who": "bob"}'])
def test_a_torn_file_is_nobodys(lock: str, torn: str) -> None:
    Path(lock).write_text(torn, encoding="utf-8")
    assert take(lock, ME).free


def test_a_link_in_the_place_of_the_lock_is_not_followed(lock: str, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious", encoding="utf-8")
    Path(lock).symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        take(lock, ME)
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "precious"


def contend(lock: str, number: int, rounds: int, results: Any) -> None:
    """Take and release again and again; count how often the lock was held and a rival was seen inside."""
    parse = run_lock._parse

    def parse_slowly(text: str) -> dict[str, Any] | None:
        time.sleep(0.002)
        return parse(text)

    # Between reading and writing is where rivals would slip in.
    run_lock._parse = parse_slowly
    mine = {**ME, "pid": number}
    held, clashes = 0, 0
    inside = Path(lock + ".inside")
    for _ in range(rounds):
        if take(lock, mine).free:
            held += 1
            try:
                inside.mkdir()
            except FileExistsError:
                clashes += 1
            else:
                time.sleep(0.003)
                inside.rmdir()
            release(lock, mine)
    results.put((held, clashes))


def test_rivals_never_hold_it_together(lock: str) -> None:
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    rivals = [context.Process(target=contend, args=(lock, number, 30, results)) for number in range(4)]
    for rival in rivals:
        rival.start()
    outcomes = [results.get(timeout=60) for _ in rivals]
    for rival in rivals:
        rival.join()
    assert sum(held for held, _ in outcomes) > 0
    assert [clashes for _, clashes in outcomes] == [0, 0, 0, 0]
