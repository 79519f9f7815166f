"""A clone whose commits are releases of their own, and releases that fail."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from tests.support.checkout import Checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("clone") / "checkout")


def commits(checkout: Checkout) -> list[str]:
    answer = subprocess.run(
        ["git", "log", "--format=%s"], cwd=checkout.path, capture_output=True, text=True, check=True
    )
    return answer.stdout.splitlines()


def test_each_commit_is_another_release(checkout: Checkout) -> None:
    assert len({checkout.commit(), checkout.commit(), checkout.commit()}) == 3
    state = subprocess.run(
        ["git", "status", "--porcelain", "app"], cwd=checkout.path, capture_output=True, text=True, check=True
    )
    assert state.stdout == "", "the release would be called dirty"


@pytest.mark.parametrize("how", ["crashing", "unhealthy", "smoke", "migration"])
def test_a_failing_release_is_taken_back_without_a_trace(checkout: Checkout, how: str) -> None:
    good, before = checkout.commit(), commits(checkout)
    assert checkout.commit_failing(how) != good
    for file in sorted(Path(checkout.path / "app").rglob("*.py")):
        ast.parse(file.read_text(), str(file))
    assert commits(checkout)[0].endswith(how)
    checkout.undo()
    assert commits(checkout) == before
    assert checkout.commit() != good
