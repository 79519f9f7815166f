"""What counts as the right answer of a release."""

from __future__ import annotations

import json
import re

import pytest

from roles.app.files.release.smoke import Answer, health_problem, parse, until_none


def body(release: str = "r1", slot: str = "blue", **checks: str) -> str:
    found = {name: {"status": status} for name, status in checks.items()}
    return json.dumps({"status": "ok", "release": release, "slot": slot, "checks": found})


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(200, body()), None),
        (Answer(200, body(release="r0")), "answered for r0 in slot blue"),
        (Answer(200, body(slot="green")), "answered for r1 in slot green"),
        (Answer(503, body(database="failed", disk="ok")), r"answered 503 \(database\)"),
        (Answer(200, "<html>"), "answered for None"),
        (Answer(0, ""), "answered nothing"),
        (Answer(200, "[]"), "no health document"),
    ],
)
def test_health_is_that_of_the_release_in_its_slot(answer: Answer, problem: str | None) -> None:
    found = health_problem(answer, "r1", "blue")
    if problem is None:
        assert found is None
    else:
        assert re.search(problem, found or "nothing"), found


@pytest.mark.parametrize(
    ("text", "status", "content"),
    [
        ("HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\r\nmore", 200, "body\nmore"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", 502, ""),
        ("", 0, ""),
        ("garbage here", 0, ""),
    ],
)
def test_an_answer_is_read_as_it_came(text: str, status: int, content: str) -> None:
    assert parse(text) == Answer(status, content)


def test_a_question_is_repeated_until_nothing_is_wrong() -> None:
    problems = iter(["one", "two", None])
    assert until_none(lambda: next(problems), 5, 0) is None
    assert until_none(lambda: "still", 0.05, 0.01) == "still"
