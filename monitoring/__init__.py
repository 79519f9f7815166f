"""Monitoring of a host: one cycle a minute from a systemd timer, SQLite to keep, Redis for the app."""

from __future__ import annotations

__version__ = "0.1.0"
