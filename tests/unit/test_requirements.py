"""Those who install ansible-core alone get the collections that the `ansible` package carries."""

from __future__ import annotations

import json
from importlib.metadata import distribution
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]


def test_requirements_name_the_versions_of_the_ansible_package() -> None:
    wanted = {
        item["name"]: item["version"]
        for item in yaml.safe_load((PROJECT / "requirements.yml").read_text())["collections"]
    }
    carried = {}
    for name in wanted:
        manifest = distribution("ansible").locate_file(
            f"ansible_collections/{name.replace('.', '/')}/MANIFEST.json"
        )
        carried[name] = json.loads(Path(str(manifest)).read_text())["collection_info"]["version"]
    assert wanted == carried
