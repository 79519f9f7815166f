"""Fixtures of the tests of monitoring."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.store import Store, open_store
from tests.support.monitoring_parts import SERVER_NAME, Engine, HealthServer, RedisServer, write_cpu


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with ca.pem and a server certificate for SERVER_NAME (server.pem, server.key)."""
    directory = tmp_path_factory.mktemp("authority")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    ca_usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA", *ca_usage)
    openssl("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={SERVER_NAME}")
    (directory / "san").write_text(f"subjectAltName=DNS:{SERVER_NAME},IP:127.0.0.1\n")
    signer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san", "-days", "90")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", *signer)
    return directory


@pytest.fixture
def health_server(authority: Path) -> Iterator[HealthServer]:
    server = HealthServer(authority)
    yield server
    server.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    served = Engine(tmp_path / "docker.sock")
    yield served
    served.close()


@pytest.fixture
def proc_root(tmp_path: Path) -> Path:
    """A /proc of a machine with two CPUs and 2 GB."""
    root = tmp_path / "proc"
    (root / "sys/kernel/random").mkdir(parents=True)
    (root / "net").mkdir()
    (root / "sys/kernel/random/boot_id").write_text("11111111-2222-3333-4444-555555555555\n")
    (root / "loadavg").write_text("0.50 0.25 0.10 1/200 4242\n")
    meminfo = {
        "MemTotal": 2048000,
        "MemFree": 512000,
        "MemAvailable": 1024000,
        "Buffers": 10000,
        "Cached": 500000,
    }
    meminfo.update({"Cached": 500000, "SReclaimable": 0, "Shmem": 0, "Active": 0, "Inactive": 0, "Slab": 0})
    (root / "meminfo").write_text("".join(f"{name}: {value} kB\n" for name, value in meminfo.items()))
    write_cpu(root, busy=1000, idle=9000)
    return root


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path))
    yield opened
    opened.connection.close()
