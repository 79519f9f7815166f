"""The parts of `stack.py` as fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import accounts, migrations
from app.factory import Application, create_app
from app.services import Services
from tests.unit.app.stack import PASSWORD, USERS, RedisServer, Stack, WholeAnswers, close, log_in


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def stack(tmp_path: Path, redis_server: RedisServer) -> Iterator[Stack]:
    redis_server.flush()
    found = Stack(tmp_path, redis_server)
    found.prepare()
    yield found
    found.stop()


@pytest.fixture
def app(stack: Stack) -> Iterator[Application]:
    application = create_app(stack.config())
    application.test_client_class = WholeAnswers
    services: Services = application.extensions["services"]
    migrations.up(services.database)
    with services.database.write() as session:
        for name, role in USERS.items():
            accounts.add_user(session, name, PASSWORD, role)
    yield application
    close(services)


@pytest.fixture
def services(app: Application) -> Services:
    found: Services = app.extensions["services"]
    return found


@pytest.fixture
def client(app: Application) -> FlaskClient:
    """Logged in as an editor."""
    return log_in(app, "editor")
