"""The database's schema, step by step.

Habit: **expand only**. A step adds tables, columns with a default, indexes; it never renames, drops or
narrows what the release before it uses, because two releases run side by side during a deploy. What is
no longer used is dropped by a later release. Revisions are numbered 0001, 0002, ...
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

    from app.database import Database

HEAD = "0003"


class MigrationNeeded(Exception):  # noqa: N818 - a state
    """The database is older than this release. The message names the command that mends it."""

    def __init__(self, found: str | None) -> None:
        super().__init__(
            f"the schema is at {found or 'nothing'}, this release needs {HEAD}: run `flask migrate up`"
        )


def revision(connection: Connection) -> str | None:
    """The database's revision; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def require_current(connection: Connection) -> str:
    """The database's revision. A newer one is fine (expand only). Raises MigrationNeeded for an older one."""
    found = revision(connection)
    if found is None or found < HEAD:
        raise MigrationNeeded(found)
    return found


def alembic_config() -> AlembicConfig:
    """Alembic's configuration with our scripts, without any ini file."""
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def up(database: Database) -> tuple[str | None, str | None]:
    """Brings the database to this release's revision in one transaction; returns (before, after).

    A second process that migrates at the same time waits, and then finds nothing to do.
    """
    from alembic import command

    with database.writer.begin() as connection:
        before = revision(connection)
        if before is None or before < HEAD:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return before, revision(connection)
