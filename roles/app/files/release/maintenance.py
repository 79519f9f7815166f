"""Maintenance: while a file is there, Nginx answers 503; who has a file of their address is let through."""

from __future__ import annotations

import ipaddress
import shutil
from pathlib import Path
from typing import Iterable

from .failure import ReleaseError
from .settings import Settings


def state_directory(settings: Settings) -> Path:
    """Where Nginx looks at every request; no reload is needed."""
    return settings.root / "maintenance" / ".state"


def turn_on(settings: Settings, allowed: Iterable[str]) -> bool:
    """Begins maintenance for all but the addresses in `allowed`; whether anything changed."""
    addresses = {_canonical(address) for address in allowed}
    directory = state_directory(settings)
    allow = directory / "allow"
    allow.mkdir(parents=True, exist_ok=True)
    for path in (directory, allow):
        path.chmod(0o755)
    there = {path.name for path in allow.iterdir()}
    for address in addresses - there:
        (allow / address).touch(0o644)
    for address in there - addresses:
        (allow / address).unlink()
    changed = there != addresses or not (directory / "on").exists()
    (directory / "on").touch(0o644)
    return changed


def turn_off(settings: Settings) -> bool:
    """Ends maintenance; whether there was any."""
    directory = state_directory(settings)
    if not directory.exists():
        return False
    on = (directory / "on").exists()
    if on:
        (directory / "on").unlink()
    shutil.rmtree(directory)
    return on


def is_on(settings: Settings) -> bool:
    return (state_directory(settings) / "on").exists()


def _canonical(address: str) -> str:
    """The address as Nginx writes it."""
    try:
        return ipaddress.ip_address(address.strip()).compressed
    except ValueError as error:
        raise ReleaseError(f"{address!r} is no address; give one such as 203.0.113.7") from error
