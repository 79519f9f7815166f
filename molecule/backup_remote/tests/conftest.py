"""The two services, and the storage that both use."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

NAME = "tencent-doc-manager"
ROOT = f"/opt/{NAME}"
STATE = f"/var/lib/{NAME}-backup"
DATABASE = f"{ROOT}/data/tencent_docs.db"
STORAGE = "tdm-remote-storage"
SERVICES = ["ansible://tdm-remote-sftp", "ansible://tdm-remote-s3"]


@dataclass
class Service:
    """A host that is backed up."""

    host: Host
    name: str

    @property
    def is_s3(self) -> bool:
        return self.name.endswith("s3")

    @property
    def server(self) -> str:
        """The unit of the storage that this service depends on."""
        return "s3.service" if self.is_s3 else "ssh.service"

    def run(self, kind: str = "") -> int:
        return int(self.host.run(f"systemctl start {NAME}-backup{kind}.service").rc)

    def last(self, kind: str = "last") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.host.file(f"{STATE}/{kind}.json").content_string)
        return found

    def journal(self) -> str:
        return str(self.host.run(f"journalctl -u '{NAME}-*' -n 30 --no-pager").stdout)

    def stage(self, words: str = "") -> dict[str, Any]:
        plan: dict[str, Any] = json.loads(self.host.check_output(f"tdm-backup stage {words}"))
        return plan


@pytest.fixture
def service(host: Host) -> Service:
    return Service(host, str(host.backend.get_hostname()))


@pytest.fixture
def storage() -> Host:
    return testinfra.get_host(f"docker://{STORAGE}")


def docker(*words: str) -> str:
    """Runs docker on the machine that carries the hosts."""
    done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


UNIT = f"{NAME}-replication"
# Prints the number of each row as soon as its commit has returned.
WRITER = """
import sqlite3, sys, time
d = sqlite3.connect('DATABASE', timeout=30, isolation_level=None)
d.execute("PRAGMA synchronous = FULL")
d.execute("CREATE TABLE IF NOT EXISTS acknowledged (id INTEGER PRIMARY KEY, text TEXT)")
while True:
    print(d.execute("INSERT INTO acknowledged (text) VALUES (hex(randomblob(400)))").lastrowid, flush=True)
    time.sleep(0.005)
""".replace("DATABASE", DATABASE)
AS_SERVICE = ["setpriv", "--reuid=10001", "--regid=10001", "--clear-groups"]


@pytest.fixture
def replicating(service: Service) -> Iterator[Service]:
    service.host.check_output(f"systemctl start {UNIT}.service")
    yield service
    assert service.host.service(UNIT).is_running, service.journal()


def staged_rows(service: Service) -> int:
    code = f"import sqlite3; print(sqlite3.connect('{ROOT}/data/.restore/staged/tencent_docs.db')"
    code += ".execute('SELECT max(id) FROM acknowledged').fetchone()[0])"
    return int(service.host.check_output(f'python3 -c "{code}"'))
