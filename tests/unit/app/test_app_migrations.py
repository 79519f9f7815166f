"""An older database under this release, and the older release beside it on the migrated one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import text

from app import documents, migrations
from app.accounts import Principal
from app.database import Database
from tests.unit.app.stack import Stack

# What release 0.1 wrote, with its columns and no others.
USER = "INSERT INTO users VALUES ('u{n}', 'user{n}', 'x', 'editor', 1, '2026-11-01 08:00:00')"
DOCUMENT = (
    "INSERT INTO documents (id, name, owner_id, current_version, created_at) "
    "VALUES ('d{n}', 'old{n}.xlsx', 'u1', 1, '2026-11-01 08:00:00')"
)
VERSION = (
    "INSERT INTO document_versions VALUES "
    "('v{n}', 'd{n}', 1, 5, '{sha}', 'aa/v{n}', 'u1', '2026-11-01 08:00:00')"
)
SESSION = "INSERT INTO sessions VALUES ('h{n}', 'u1', '2026-11-01 08:00:00', '2036-11-01 08:00:00', '')"
JOB = (
    "INSERT INTO jobs (id, kind, owner_id, status, progress, attempt, parameters, created_at, updated_at) "
    "VALUES ('j{n}', 'export', 'u1', 'queued', 0, 0, '{{}}', '2026-11-01 08:00:00', '2026-11-01 08:00:00')"
)


def write(database: Database, number: int) -> None:
    with database.write() as session:
        for statement in (DOCUMENT, VERSION, SESSION, JOB):
            session.execute(text(statement.format(n=number, sha="0" * 64)))


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    """At revision 0001, with what release 0.1 wrote."""
    found = Database(f"sqlite:///{stack.directory}/data/tencent_docs.db")
    with found.writer.begin() as connection:
        config = migrations.alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with found.write() as session:
        for number in (1, 2):
            session.execute(text(USER.format(n=number)))
    write(found, 1)
    yield found
    found.dispose()


def test_what_everybody_could_read_stays_readable(database: Database) -> None:
    assert migrations.up(database) == ("0001", migrations.HEAD)
    assert migrations.up(database) == (migrations.HEAD, migrations.HEAD)
    someone = Principal("u2", "user2", "viewer", "session")
    with database.read() as session:
        (found,), _ = documents.page(session, None, 10, someone)
    assert (found.document.name, found.document.shared, found.document.tags) == ("old1.xlsx", True, [])


def test_the_release_before_writes_on_beside_this_one(database: Database) -> None:
    migrations.up(database)
    write(database, 2)
    owner, someone = (Principal(f"u{n}", f"user{n}", "editor", "session") for n in (1, 2))
    with database.read() as session:
        assert [v.document.name for v in documents.page(session, None, 10, owner)[0]] == [
            "old2.xlsx",
            "old1.xlsx",
        ]
        assert [v.document.name for v in documents.page(session, None, 10, someone)[0]] == ["old1.xlsx"]
