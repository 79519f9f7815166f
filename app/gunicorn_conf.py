"""gunicorn's settings, from the environment: `gunicorn -c python:app.gunicorn_conf app.wsgi:app`."""

from __future__ import annotations

import gc
import os
from typing import Any

from app.logs import JsonFormatter


def _number(name: str, default: int) -> int:
    return int(os.environ.get(name, "").strip() or default)


bind = [part.strip() for part in os.environ.get("BIND", "0.0.0.0:5000").split(",") if part.strip()]
workers = _number("WEB_CONCURRENCY", 4)
threads = _number("GUNICORN_THREADS", 2)
worker_class = "gthread"
timeout = _number("GUNICORN_TIMEOUT", 60)
keepalive = _number("GUNICORN_KEEPALIVE", 2)
max_requests = _number("GUNICORN_MAX_REQUESTS", 1000)
max_requests_jitter = _number("GUNICORN_MAX_REQUESTS_JITTER", 100)
# Longer than the slowest request that a stopping slot should finish; below the container's stop_grace_period.
graceful_timeout = _number("GUNICORN_GRACEFUL_TIMEOUT", 30)
preload_app = True
worker_tmp_dir = "/dev/shm"  # noqa: S108 - heartbeats must not wait for a disk
control_socket_disable = True
# The group of the socket is Nginx's too.
umask = 0o007
# Peers on TCP are this deployment's own containers; the unix socket is Nginx's.
forwarded_allow_ips = "*"
accesslog = None

logconfig_dict: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter, "service": "app", "slot": os.environ.get("SLOT", "blue")}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}
    },
    "root": {"level": "INFO", "handlers": ["console"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
    },
}


def when_ready(_server: object) -> None:
    """Freezes what was loaded before the fork, so that collections do not copy the shared pages."""
    gc.collect()
    gc.freeze()
