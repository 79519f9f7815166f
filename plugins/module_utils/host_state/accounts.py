"""Users and groups: what differs from the wanted accounts, and the numbers behind names."""

from __future__ import annotations

import grp
import pwd
from typing import Any, Sequence

from .manifest import Id


def group_drift(wanted: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups (arguments of ansible.builtin.group) that are missing or have another number."""
    drift = []
    for group in wanted:
        try:
            found = grp.getgrnam(group["name"])
        except KeyError:
            drift.append(group)
            continue
        if group.get("gid") not in (None, found.gr_gid):
            drift.append(group)
    return drift


def user_drift(wanted: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the users (arguments of ansible.builtin.user) that are missing or differ."""
    return [user for user in wanted if _differs(user)]


def _differs(user: dict[str, Any]) -> bool:
    try:
        found = pwd.getpwnam(user["name"])
    except KeyError:
        return True
    plain = (
        ("uid", found.pw_uid),
        ("home", found.pw_dir),
        ("shell", found.pw_shell),
        ("comment", found.pw_gecos),
    )
    if any(user.get(key) not in (None, value) for key, value in plain):
        return True
    if user.get("group") is not None and Ids().gid(user["group"]) != found.pw_gid:
        return True
    return any(not _is_member(user["name"], found.pw_gid, name) for name in user.get("groups") or [])


def _is_member(user: str, primary: int, group: str) -> bool:
    try:
        found = grp.getgrnam(group)
    except KeyError:
        return False
    return found.gr_gid == primary or user in found.gr_mem


class Ids:
    """The numbers of user and group names, each looked up once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Id], int | None] = {}

    def uid(self, owner: Id) -> int | None:
        """Return the number of a user, None when there is no such user."""
        return self._number("user", owner)

    def gid(self, group: Id) -> int | None:
        """Return the number of a group, None when there is no such group."""
        return self._number("group", group)

    def _number(self, kind: str, name: Id) -> int | None:
        if isinstance(name, int):
            return name
        if name.isdigit():
            return int(name)
        key = (kind, name)
        if key not in self._known:
            try:
                number = pwd.getpwnam(name).pw_uid if kind == "user" else grp.getgrnam(name).gr_gid
                self._known[key] = number
            except KeyError:
                self._known[key] = None
        return self._known[key]
