"""The rules file as the role renders it is read without a word, whatever the operator changes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from monitoring import rulebook
from monitoring.section import Section

ROOT = Path(__file__).parents[3]

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.template:
        src: {template}
        dest: {dest}
      vars:
        monitoring_repeat_minutes: 60
        __monitoring_build: {{rules: {rules}}}
        __monitoring_overrides: {overrides}
"""


def rendered(tmp_path: Path, overrides: dict[str, Any]) -> dict[str, rulebook.Rule]:
    rules = {name: rule._asdict() for name, rule in rulebook.DEFAULTS.items()}
    play = PLAY.format(
        template=ROOT / "roles/monitoring/templates/rules.yml.j2",
        dest=tmp_path / "rules.yml",
        rules=json.dumps(rules),
        overrides=json.dumps(overrides),
    )
    (tmp_path / "play.yml").write_text(play)
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", str(tmp_path / "play.yml")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    section = Section(rulebook.read_file(str(tmp_path / "rules.yml"), "/nonexistent"), "rules")
    found = rulebook.read(section, 1)
    section.finish()
    return found


def test_without_a_change_it_says_the_defaults(tmp_path: Path) -> None:
    assert rendered(tmp_path, {}) == rulebook.read(Section({}, "rules"), 60)


def test_with_changes_it_says_them(tmp_path: Path) -> None:
    found = rendered(
        tmp_path,
        {
            "high_cpu_usage": {"above": 60},
            "high_disk_usage": {"above": 80, "clear": 70, "severity": "critical"},
            "certificate_expiring": {"below": 30, "for_minutes": 5, "repeat_minutes": 0},
            "reboot_required": {"enabled": False},
        },
    )
    assert (found["high_cpu_usage"].above, found["high_cpu_usage"].clear) == (60, 60)
    disk = found["high_disk_usage"]
    assert (disk.above, disk.clear, disk.severity) == (80, 70, "critical")
    certificate = found["certificate_expiring"]
    assert (certificate.below, certificate.clear, certificate.for_minutes) == (30, 30, 5)
    assert certificate.repeat_minutes == 0
    assert not found["reboot_required"].enabled


@pytest.mark.parametrize("name", sorted(rulebook.DEFAULTS))
def test_each_rule_is_explained(name: str) -> None:
    assert len(rulebook.DEFAULTS[name].meaning) > 10
