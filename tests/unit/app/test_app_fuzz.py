"""Schemathesis against the running application, with every check it has, as each role."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import accounts, documents, migrations, search
from app.accounts import Credentials
from app.services import Services
from tests.unit.app.stack import PASSWORD, USERS, RedisServer, Stack, close, free_port, wait_until

EXAMPLES = 6
SEED = 20261124


@dataclass(frozen=True)
class Served:
    stack: Stack
    address: str
    tokens: dict[str, str]


def seed(services: Services) -> dict[str, str]:
    """Users, a token for each, and documents so that lists are not empty."""
    migrations.up(services.database)
    credentials = Credentials(services.config.secret_key, services.config.session_hours)
    tokens = {}
    with services.database.write() as session:
        for name, role in USERS.items():
            user = accounts.add_user(session, name, PASSWORD, role)
            session.flush()
            tokens[name] = credentials.issue_token(session, user.id, "fuzz")[1]
            for number in range(3):
                with services.files.stage() as staged:
                    staged.write(f"a,b\n{name},{number}\n".encode())
                    stored = documents.StoredFile(services.files.keep(staged), staged.size, staged.sha256)
                version = documents.add(session, f"{name}-{number}.csv", user.id, stored)
                version.document.shared = number == 0
                documents.set_tags(version.document, ["季度", "a b"])
                if number == 2:
                    documents.delete(session, version.document_id)
                search.index_document(session, version.document_id, 1, [("Sheet1", 1, ["a", name, number])])
    return tokens


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("fuzz")
    port = free_port()
    stack = Stack(directory, redis_server, extra={"GUNICORN_THREADS": "4", "MAX_UPLOAD_MB": "1"})
    stack.prepare()
    services = Services.from_config(stack.config())
    tokens = seed(services)
    close(services)
    stack.run(
        "-m", "gunicorn", "--config", "python:app.gunicorn_conf", "app.wsgi:app",
        env={"BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "2", "GUNICORN_MAX_REQUESTS": "0"},
        # Thousands of log lines would fill a pipe that nobody reads.
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{address}/api/health/live", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(answers, 60, lambda: stack.log("app.log"))
    yield Served(stack, address, tokens)
    stack.stop()


# The administrator last: as it, accounts are locked and renamed.
# One worker: Hypothesis calls `ast`, where two threads at once are an error of Python 3.11.
@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_no_request_breaks_what_the_document_says(served: Served, role: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file", str(Path(__file__).with_name("schemathesis.toml")),
            "run", f"{served.address}/api/openapi.json",
            "--checks", "all", "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES),
            "--seed", str(SEED), "--no-color", "--no-shrink", "--workers", "1", "--request-timeout", "30",
            "--generation-database", "none",
        ],
        env={**os.environ, "TDM_TOKEN": served.tokens[role]},
        capture_output=True, text=True, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-12_000:] + run.stderr[-2_000:]
    counted = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert counted, run.stdout[-3_000:]
    assert counted[1] == counted[2]
    assert int(counted[1]) > 500, "so few requests prove nothing"


def test_none_of_these_requests_met_an_unexpected_error(served: Served) -> None:
    lines = [json.loads(line) for line in served.stack.log("app.log").splitlines()]
    assert [line for line in lines if line["level"] in ("ERROR", "CRITICAL")] == []
    assert sum(line["event"] == "request" for line in lines) > 1500
