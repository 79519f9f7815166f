"""Sharing, tags, search, activity, idempotency keys, timed tasks, cancelling jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None

_ID = sa.String(36)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Expand only: see app/migrations/__init__.py."""
    _columns()
    _tags()
    _search()
    _activity()
    _idempotency_keys()
    _timed_tasks()


def _columns() -> None:
    op.add_column("users", sa.Column("last_login_at", _MOMENT))
    op.add_column("api_tokens", sa.Column("last_used_at", _MOMENT))
    op.add_column("documents", sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("documents", sa.Column("indexed_version", sa.Integer))
    op.add_column(
        "jobs", sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false())
    )
    # Until now every account could read every document: what is there stays readable.
    op.execute(sa.text("UPDATE documents SET shared = :yes").bindparams(yes=True))


def _tags() -> None:
    op.create_table(
        "document_tags",
        sa.Column("document_id", _ID, sa.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
    )
    op.create_index("ix_document_tags_name", "document_tags", ["name"])


def _search() -> None:
    op.create_table(
        "search_rows",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document_id", _ID, sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sheet", sa.String(255), nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("ix_search_rows_document_id", "search_rows", ["document_id"])
    if op.get_context().dialect.name == "sqlite":
        # Without content: the text is in search_rows, and app/search.py writes both.
        op.execute("CREATE VIRTUAL TABLE search_index USING fts5(text, content='', tokenize='unicode61')")


def _activity() -> None:
    op.create_table(
        "activity",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("user_id", _ID),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("object_id", _ID),
        sa.Column("object_name", sa.String(255)),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(64)),
    )
    op.create_index("ix_activity_at", "activity", ["at"])
    op.create_index("ix_activity_user", "activity", ["user_id", "id"])
    op.create_index("ix_activity_username", "activity", ["username", "id"])
    op.create_index("ix_activity_action", "activity", ["action", "id"])


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", _ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def _timed_tasks() -> None:
    op.create_table(
        "timed_tasks",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("last_run", _MOMENT),
        sa.Column("status", sa.String(16)),
        sa.Column("message", sa.String(2000)),
        sa.Column("next_run", _MOMENT),
    )
