"""From a task's arguments to a manifest: every entry is checked before anything is sent to the host."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from plugins.plugin_utils.host_state.checks import (
    ArgumentError,
    command,
    flag,
    id_of,
    known_keys,
    mapping,
    mode_of,
    number,
    path_of,
    scalar,
    text_of,
    texts,
)
from plugins.plugin_utils.host_state.contents import Contents

OPTIONS = [
    "name",
    "packages",
    "packages_absent",
    "install_recommends",
    "groups",
    "users",
    "directories",
    "files",
    "trees",
    "links",
    "secrets",
    "absent",
    "sysctl",
    "validations",
    "units",
    "containers",
    "triggers",
    "acknowledge",
    "sysctl_prefix",
    "sysctl_dir",
    "state_dir",
]
_ATTRIBUTES = ["path", "owner", "group", "mode", "keep"]
_KEYS = {
    "groups": ["name", "gid", "system"],
    "users": ["name", "uid", "group", "groups", "system", "home", "shell", "comment", "create_home"],
    "directories": _ATTRIBUTES,
    "files": [
        *_ATTRIBUTES,
        *("template", "content", "src", "validate", "sensitive", "substitute", "vars", "force"),
    ],
    "links": ["path", "target", "keep"],
    "secrets": ["path", "owner", "group", "mode", "length"],
    "validations": ["root", "command"],
    "units": ["name", "enabled", "masked", "state", "restart_on", "reload_on"],
}
_OWNER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass
class Wanted:
    """What a task wants: the manifest as JSON can carry it, and the local files behind its checksums."""

    manifest: dict[str, Any]
    sources: dict[str, str] = field(default_factory=dict)
    acknowledge: list[str] = field(default_factory=list)
    only_acknowledges: bool = False  # even with an empty list: the task is about nothing else


def read_arguments(arguments: Mapping[str, Any], contents: Contents, prefix: str) -> Wanted:
    """Return what the task wants. `prefix` names the sysctl file. Raises ArgumentError."""
    known_keys("host_state", arguments, OPTIONS)
    name = text_of("host_state", arguments, "name")
    if not _OWNER_NAME.fullmatch(name):
        raise ArgumentError(f"name: expected letters, digits, - and _, found {name!r}")
    wanted = Wanted({"name": name}, acknowledge=texts("acknowledge", arguments.get("acknowledge")))
    if "acknowledge" in arguments:
        wanted.only_acknowledges = True
        further = sorted(set(arguments) - {"name", "acknowledge", "state_dir"})
        if further:
            raise ArgumentError(f"acknowledge stands alone with name; also given: {', '.join(further)}")
        return wanted
    manifest = wanted.manifest
    for key in ("packages", "packages_absent", "containers"):
        manifest[key] = texts(key, arguments.get(key))
    manifest["absent"] = [path_of("absent", path) for path in texts("absent", arguments.get("absent"))]
    for path in manifest["absent"]:
        if path.count("/") < 2:
            raise ArgumentError(f"absent: {path} is a top-level directory: refused")
    manifest["groups"] = [_account(label, entry) for label, entry in _entries("groups", arguments)]
    manifest["users"] = [_account(label, entry) for label, entry in _entries("users", arguments)]
    manifest["directories"] = [
        _directory(label, entry) for label, entry in _entries("directories", arguments)
    ]
    manifest["files"] = [_file(label, entry, contents) for label, entry in _entries("files", arguments)]
    manifest["links"] = [_link(label, entry) for label, entry in _entries("links", arguments)]
    manifest["secrets"] = [_secret(label, entry) for label, entry in _entries("secrets", arguments)]
    manifest["validations"] = [
        _validation(label, entry) for label, entry in _entries("validations", arguments)
    ]
    manifest["units"] = [_unit(label, entry) for label, entry in _entries("units", arguments)]
    manifest["triggers"] = {
        str(trigger): [path_of(f"triggers {trigger}", path) for path in texts(f"triggers {trigger}", paths)]
        for trigger, paths in mapping("triggers", arguments.get("triggers")).items()
    }
    for label, tree in _listed("trees", arguments):
        directories, files = contents.tree(label, tree)
        manifest["directories"] += [_directory(entry.pop("label"), entry) for entry in directories]
        manifest["files"] += [_file(entry.pop("label"), entry, contents) for entry in files]
    _add_sysctl(arguments, contents, manifest, prefix)
    _refuse_twice(manifest)
    wanted.sources = contents.sources
    return wanted


def _add_sysctl(
    arguments: Mapping[str, Any], contents: Contents, manifest: dict[str, Any], prefix: str
) -> None:
    values = {
        str(key): scalar(f"sysctl {key}", value)
        for key, value in mapping("sysctl", arguments.get("sysctl")).items()
    }
    manifest["sysctl"] = values
    if not values:
        return
    text = f"# Managed by Ansible: sysctl of host_state {manifest['name']}.\n"
    text += "".join(f"{key} = {value}\n" for key, value in sorted(values.items()))
    folder = path_of("sysctl_dir", arguments.get("sysctl_dir") or "/etc/sysctl.d")
    path = f"{folder}/60-{arguments.get('sysctl_prefix') or prefix}-{manifest['name']}.conf"
    manifest["files"].append(_file("sysctl", {"path": path, "content": text}, contents))


def _refuse_twice(manifest: dict[str, Any]) -> None:
    seen: dict[str, str] = {}
    for section in ("directories", "files", "links", "secrets"):
        for entry in manifest[section]:
            other = seen.setdefault(entry["path"], entry["label"])
            if other != entry["label"]:
                raise ArgumentError(f"{entry['label']}: {entry['path']} is already listed in {other}")
    for path in manifest["absent"]:
        for other, label in seen.items():
            if other == path or other.startswith(path + "/"):
                raise ArgumentError(f"absent: {path} would remove {other}, which {label} holds")


def _entries(section: str, arguments: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    for label, entry in _listed(section, arguments):
        known_keys(label, entry, _KEYS[section])
        yield label, entry


def _listed(section: str, arguments: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    entries = arguments.get(section) or []
    if isinstance(entries, (str, Mapping)) or not isinstance(entries, Iterable):
        raise ArgumentError(f"{section}: expected a list, found {type(entries).__name__}")
    for position, entry in enumerate(entries):
        label = f"{section}[{position}]"
        if not isinstance(entry, Mapping):
            raise ArgumentError(f"{label}: expected a mapping, found {type(entry).__name__}")
        yield label, dict(entry)


def _account(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    text_of(label, entry, "name")
    account = {key: value for key, value in entry.items() if value is not None}
    for key in ("uid", "gid"):
        if key in account:
            account[key] = number(label, key, account[key])
    for key in ("system", "create_home"):
        if key in account:
            account[key] = flag(label, key, account[key])
    if "groups" in account:
        account["groups"] = texts(f"{label} groups", account["groups"])
    return account


def _attributes(label: str, entry: dict[str, Any], mode: str) -> dict[str, Any]:
    return {
        "label": label,
        "path": path_of(label, entry.get("path")),
        "owner": id_of(label, "owner", entry.get("owner", "root")),
        "group": id_of(label, "group", entry.get("group", "root")),
        "mode": mode_of(label, entry, mode),
    }


def _directory(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    return dict(_attributes(label, entry, "0755"), keep=flag(label, "keep", entry.get("keep", False)))


def _file(label: str, entry: dict[str, Any], contents: Contents) -> dict[str, Any]:
    substitute = flag(label, "substitute", entry.get("substitute", False))
    sensitive = substitute or flag(label, "sensitive", entry.get("sensitive", False))
    ways = [key for key in ("template", "content", "src") if entry.get(key) is not None]
    if len(ways) != 1:
        found = " and ".join(ways) or "none"
        raise ArgumentError(
            f"{label} {entry.get('path')}: expected one of template, content, src; found {found}"
        )
    file = dict(
        _attributes(label, entry, "0600" if sensitive else "0644"),
        keep=flag(label, "keep", entry.get("keep", False)),
        sensitive=sensitive,
        substitute=substitute,
        force=flag(label, "force", entry.get("force", True)),
        validate=command(label, "validate", entry["validate"]) if entry.get("validate") else "",
    )
    content, digest = contents.of(ways[0], entry, label)
    if substitute and content is None:
        raise ArgumentError(f"{label} {file['path']}: substitute needs text, not {ways[0]} {entry[ways[0]]}")
    return dict(file, content=content, sha256=digest)


def _link(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    path = path_of(label, entry.get("path"))
    keep = flag(label, "keep", entry.get("keep", False))
    return {"label": label, "path": path, "target": text_of(label, entry, "target"), "keep": keep}


def _secret(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    length = number(label, "length", entry.get("length", 43))
    if length < 16:
        raise ArgumentError(
            f"{label} {entry.get('path')}: length {length} is too short for a secret: at least 16"
        )
    return dict(_attributes(label, entry, "0400"), length=length)


def _validation(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    root = path_of(label, entry.get("root"))
    return {"label": label, "root": root, "command": command(label, "command", entry.get("command"))}


def _unit(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    name = text_of(label, entry, "name")
    if "." not in name:
        raise ArgumentError(f"{label}: expected a full unit name such as {name}.service, found {name}")
    state = entry.get("state")
    if state not in (None, "started", "stopped"):
        raise ArgumentError(f"{label} {name}: state is started or stopped, found {state!r}")
    unit: dict[str, Any] = {"label": label, "name": name, "state": state}
    for key in ("enabled", "masked"):
        unit[key] = None if entry.get(key) is None else flag(label, key, entry[key])
    for key in ("restart_on", "reload_on"):
        unit[key] = [path_of(f"{label} {key}", path) for path in texts(f"{label} {key}", entry.get(key))]
    return unit
