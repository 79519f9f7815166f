from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from roles.app.files.release.settings import Settings, SmokeTest

MakeRelease = Callable[..., Path]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("releases", "www", "sock", "maintenance"):
        (tmp_path / name).mkdir()
    return Settings(
        name="unit-test",
        root=tmp_path,
        sockets=tmp_path / "sock",
        database=tmp_path / "docs.db",
        audit=tmp_path / "releases.jsonl",
        image="unit-test-none/app",
        base_image="unit-test-none/base",
        domain="docs.company.com",
        https_port=443,
        certificate=tmp_path / "fullchain.pem",
        nginx_container="unit-test-nginx-1",
        nginx_local_port=8081,
        build_memory_mb=400,
        keep=3,
        start_timeout=1,
        stop_grace=1,
        worker_stop_grace=1,
        tries=1,
        delay=0,
        smoke_tests=(SmokeTest("/api/me", 401),),
    )


@pytest.fixture
def make_release(settings: Settings) -> MakeRelease:
    """Puts a release's directory there: wheel with these files, Compose file."""

    def make(name: str, *names: str) -> Path:
        directory = settings.release(name)
        directory.mkdir()
        (directory / "app.yaml").write_text("services: {}\n")
        with zipfile.ZipFile(directory / "app-1-py3-none-any.whl", "w") as archive:
            for path in names or ("app/static/index.html", "app/migrations/versions/0001_first.py"):
                archive.writestr(path, f"content of {path}")
        return directory

    return make
