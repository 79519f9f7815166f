"""The application of this process, from its environment: for gunicorn and the `flask` command."""

from __future__ import annotations

import os
import sys

from app import logs
from app.config import Config, ConfigError
from app.factory import Application, create_app

MISCONFIGURED = 2


def _application() -> Application:
    try:
        config = Config.from_environ()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(MISCONFIGURED) from None
    logs.set_up(
        config.log_level,
        config.log_dir,
        "app.log",
        config.secrets,
        # A command's own output is on standard output; Flask sets this variable for commands.
        sys.stderr if os.environ.get("FLASK_RUN_FROM_CLI") == "true" else sys.stdout,
        service="app",
        slot=config.slot,
        release=config.release,
    )
    return create_app(config)


app = _application()
