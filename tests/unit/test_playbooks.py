"""The playbooks agree with one another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]


def plays(name: str) -> list[dict[str, Any]]:
    """The plays of a playbook, imports followed."""
    found: list[dict[str, Any]] = []
    for play in yaml.safe_load((PROJECT / name).read_text()):
        imported = play.get("ansible.builtin.import_playbook")
        found.extend(plays(imported) if imported else [play])
    return found


def roles(name: str) -> list[tuple[str, str | None]]:
    return [(role["role"], role.get("when")) for play in plays(name) for role in play.get("roles", [])]


def test_drift_looks_at_the_roles_of_the_site_in_their_order() -> None:
    assert roles("playbooks/drift.yml") == roles("site.yml")


def test_drift_never_changes_anything() -> None:
    assert all(play["check_mode"] is True for play in plays("playbooks/drift.yml"))


def test_the_site_uses_every_role_but_the_one_they_all_depend_on() -> None:
    there = {path.name for path in (PROJECT / "roles").iterdir() if (path / "tasks").is_dir()}
    assert {name for name, _ in roles("site.yml")} == there - {"stack"}
