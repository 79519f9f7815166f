"""The document manager's application: HTTP API, background worker, operator's commands.

Importing this package imports nothing else, so that the worker does not pay for Flask
and the web processes do not pay for Alembic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

__version__ = "0.1.0"


def create_app() -> Flask:
    """The application from this process's environment, for `flask --app app`."""
    from app.wsgi import app

    return app
