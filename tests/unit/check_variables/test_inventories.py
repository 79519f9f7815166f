"""What our own inventories and test hosts set, or show in a comment, are variables that a role defines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plugins.action.check_variables import defined_variables, unknown_variables

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted(
    [*ROOT.glob("inventories/*/group_vars/*.yml"), *ROOT.glob("molecule/shared/group_vars/*/*.yml")]
)


def test_there_are_inventories() -> None:
    assert len(FILES) >= 3


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_their_variables_are_known(file: Path) -> None:
    names = re.findall(r"^(?:# ?)?([a-z]\w+):(?: |$)", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert names
    assert unknown_variables(names, defined_variables(ROOT / "roles")) == []
