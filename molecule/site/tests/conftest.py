from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import Service
from tests.support.site import NAME, ROOT


@pytest.fixture(scope="module")
def address(host: Any) -> str:
    name = host.backend.get_hostname()
    answer = subprocess.run(
        ["docker", "inspect", "--format", "{{.NetworkSettings.IPAddress}}", name],
        check=True,
        capture_output=True,
        text=True,
    )
    return answer.stdout.strip()


@pytest.fixture(scope="module")
def ca(host: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_text(host.file(f"{ROOT}/tls/ca.pem").content_string)
    return path


@pytest.fixture(scope="module")
def password(host: Any) -> str:
    return str(host.file(f"{ROOT}/secrets/admin_password").content_string.strip())


@pytest.fixture
def service(address: str, ca: Path) -> Service:
    return Service(NAME, address, ca)


@pytest.fixture
def admin(service: Service, password: str) -> Service:
    answer = service.login("admin", password)
    assert answer.status_code == 200, answer.text
    return service
