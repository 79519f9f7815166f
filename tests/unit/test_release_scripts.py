"""The app role's small programs on the host."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

FILES = Path(__file__).resolve().parents[2] / "roles/app/files"


def run(script: str, *arguments: object, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"PATH": f"{path}:{os.environ['PATH']}"} if path else {})}
    return subprocess.run(
        [sys.executable, str(FILES / script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def wheel(directory: Path, names: dict[str, str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(directory / "app-1-py3-none-any.whl", "w") as archive:
        for name, content in names.items():
            archive.writestr(name, content)


def test_static_files_appear_whole(tmp_path: Path) -> None:
    wheel(
        tmp_path / "r1", {"app/static/index.html": "page", "app/static/assets/a.js": "code", "app/x.py": ""}
    )
    target = tmp_path / "www" / "r1"
    target.parent.mkdir()
    answer = run("unpack-static", tmp_path / "r1", target)
    assert answer.returncode == 0, answer.stderr
    assert sorted(str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()) == [
        "assets/a.js",
        "index.html",
    ]
    assert [p.name for p in target.parent.iterdir()] == ["r1"]


@pytest.mark.parametrize(
    "names", [{"app/x.py": ""}, {"app/static/index.html": "", "app/static/../../evil": "x"}]
)
def test_a_wheel_without_pages_or_with_a_way_out_leaves_what_was_there(
    tmp_path: Path, names: dict[str, str]
) -> None:
    wheel(tmp_path / "r1", names)
    target = tmp_path / "www" / "r1"
    target.mkdir(parents=True)
    (target / "index.html").write_text("old")
    answer = run("unpack-static", tmp_path / "r1", target)
    assert answer.returncode == 1, answer.stdout
    assert (target / "index.html").read_text() == "old"
    assert not list(tmp_path.rglob("evil"))


def releases(root: Path, names: list[str], live: str) -> None:
    for age, name in enumerate(reversed(names)):
        (root / "releases" / name).mkdir(parents=True)
        (root / "www" / name).mkdir(parents=True)
        os.utime(root / "releases" / name, (1_000_000 - age, 1_000_000 - age))
    (root / "current").symlink_to(f"releases/{live}")


@pytest.mark.parametrize(
    ("keep", "live", "left"),
    [(3, "e", ["c", "d", "e"]), (1, "a", ["a"]), (2, "a", ["a", "e"]), (9, "c", ["a", "b", "c", "d", "e"])],
)
def test_pruning_keeps_the_live_release_and_the_newest(
    tmp_path: Path, keep: int, live: str, left: list[str]
) -> None:
    releases(tmp_path, ["a", "b", "c", "d", "e"], live)
    answer = run("prune-releases", tmp_path, keep, "unit-test-none/app")
    assert answer.returncode == 0, answer.stderr
    assert sorted(p.name for p in (tmp_path / "releases").iterdir()) == left
    assert sorted(p.name for p in (tmp_path / "www").iterdir()) == left
