"""From a task's arguments to a manifest: every entry is checked before anything is sent to the host."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from plugins.plugin_utils.host_state.contents import Contents

OPTIONS = [
    "name",
    "packages",
    "packages_absent",
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
        *["template", "content", "src", "validate", "sensitive", "substitute", "vars", "force"],
    ],
    "links": ["path", "target", "keep"],
    "secrets": ["path", "owner", "group", "mode", "length"],
    "validations": ["root", "command"],
    "units": ["name", "enabled", "masked", "state", "restart_on", "reload_on"],
}
_MODE = re.compile(r"[0-7]{3,4}")
_OWNER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class ArgumentError(Exception):
    """An argument that is not as expected. The text names the entry and what was expected."""


@dataclass
class Wanted:
    """What a task wants: the manifest as JSON can carry it, and the local files behind its checksums."""

    manifest: dict[str, Any]
    sources: dict[str, str] = field(default_factory=dict)
    acknowledge: list[str] = field(default_factory=list)


def read_arguments(arguments: Mapping[str, Any], contents: Contents, prefix: str) -> Wanted:
    """Return what the task wants. `prefix` names the sysctl file. Raises ArgumentError."""
    known_keys("host_state", arguments, OPTIONS)
    name = _text("host_state", arguments, "name")
    if not _OWNER_NAME.fullmatch(name):
        raise ArgumentError(f"name: expected letters, digits, - and _, found {name!r}")
    wanted = Wanted({"name": name}, acknowledge=_texts("acknowledge", arguments.get("acknowledge")))
    if wanted.acknowledge:
        further = sorted(set(arguments) - {"name", "acknowledge", "state_dir"})
        if further:
            raise ArgumentError(f"acknowledge stands alone with name; also given: {', '.join(further)}")
        return wanted
    manifest = wanted.manifest
    for key in ("packages", "packages_absent", "containers"):
        manifest[key] = _texts(key, arguments.get(key))
    manifest["absent"] = [_path("absent", path) for path in _texts("absent", arguments.get("absent"))]
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
        str(trigger): [_path(f"triggers {trigger}", path) for path in _texts(f"triggers {trigger}", paths)]
        for trigger, paths in _mapping("triggers", arguments.get("triggers")).items()
    }
    for label, tree in _listed("trees", arguments):
        directories, files = contents.tree(label, tree)
        manifest["directories"] += [_directory(entry.pop("label"), entry) for entry in directories]
        manifest["files"] += [_file(entry.pop("label"), entry, contents) for entry in files]
    _add_sysctl(arguments, contents, manifest, prefix)
    _refuse_twice(manifest)
    wanted.sources = contents.sources
    return wanted


def known_keys(label: str, entry: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise ArgumentError, with the likely name, when an entry has a key that is not known."""
    known = list(known)
    for key in entry:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f": did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
            raise ArgumentError(f"{label}: unknown key {key}{hint}")


def _add_sysctl(
    arguments: Mapping[str, Any], contents: Contents, manifest: dict[str, Any], prefix: str
) -> None:
    values = {
        str(key): _scalar(f"sysctl {key}", value)
        for key, value in _mapping("sysctl", arguments.get("sysctl")).items()
    }
    manifest["sysctl"] = values
    if not values:
        return
    text = f"# Managed by Ansible: sysctl of host_state {manifest['name']}.\n"
    text += "".join(f"{key} = {value}\n" for key, value in sorted(values.items()))
    folder = _path("sysctl_dir", arguments.get("sysctl_dir") or "/etc/sysctl.d")
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
    for number, entry in enumerate(entries):
        label = f"{section}[{number}]"
        if not isinstance(entry, Mapping):
            raise ArgumentError(f"{label}: expected a mapping, found {entry!r}")
        yield label, dict(entry)


def _account(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    _text(label, entry, "name")
    account = {key: value for key, value in entry.items() if value is not None}
    for key in ("uid", "gid"):
        if key in account:
            account[key] = _number(label, key, account[key])
    for key in ("system", "create_home"):
        if key in account:
            account[key] = _flag(label, key, account[key])
    if "groups" in account:
        account["groups"] = _texts(f"{label} groups", account["groups"])
    return account


def _attributes(label: str, entry: dict[str, Any], mode: str) -> dict[str, Any]:
    return {
        "label": label,
        "path": _path(label, entry.get("path")),
        "owner": _id(label, "owner", entry.get("owner", "root")),
        "group": _id(label, "group", entry.get("group", "root")),
        "mode": _mode(label, entry, mode),
    }


def _directory(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    return dict(_attributes(label, entry, "0755"), keep=_flag(label, "keep", entry.get("keep", False)))


def _file(label: str, entry: dict[str, Any], contents: Contents) -> dict[str, Any]:
    substitute = _flag(label, "substitute", entry.get("substitute", False))
    sensitive = substitute or _flag(label, "sensitive", entry.get("sensitive", False))
    ways = [key for key in ("template", "content", "src") if entry.get(key) is not None]
    if len(ways) != 1:
        found = " and ".join(ways) or "none"
        raise ArgumentError(
            f"{label} {entry.get('path')}: expected one of template, content, src; found {found}"
        )
    file = dict(
        _attributes(label, entry, "0600" if sensitive else "0644"),
        keep=_flag(label, "keep", entry.get("keep", False)),
        sensitive=sensitive,
        substitute=substitute,
        force=_flag(label, "force", entry.get("force", True)),
        validate=_command(label, "validate", entry["validate"]) if entry.get("validate") else "",
    )
    content, digest = contents.of(ways[0], entry, label)
    if substitute and content is None:
        raise ArgumentError(f"{label} {file['path']}: substitute needs text, not {ways[0]} {entry[ways[0]]}")
    return dict(file, content=content, sha256=digest)


def _link(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    path = _path(label, entry.get("path"))
    keep = _flag(label, "keep", entry.get("keep", False))
    return {"label": label, "path": path, "target": _text(label, entry, "target"), "keep": keep}


def _secret(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    length = _number(label, "length", entry.get("length", 43))
    if length < 16:
        raise ArgumentError(
            f"{label} {entry.get('path')}: length {length} is too short for a secret: at least 16"
        )
    return dict(_attributes(label, entry, "0400"), length=length)


def _validation(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    root = _path(label, entry.get("root"))
    return {"label": label, "root": root, "command": _command(label, "command", entry.get("command"))}


def _unit(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    name = _text(label, entry, "name")
    if "." not in name:
        raise ArgumentError(f"{label}: expected a full unit name such as {name}.service, found {name}")
    state = entry.get("state")
    if state not in (None, "started", "stopped"):
        raise ArgumentError(f"{label} {name}: state is started or stopped, found {state!r}")
    unit: dict[str, Any] = {"label": label, "name": name, "state": state}
    for key in ("enabled", "masked"):
        unit[key] = None if entry.get(key) is None else _flag(label, key, entry[key])
    for key in ("restart_on", "reload_on"):
        unit[key] = [_path(f"{label} {key}", path) for path in _texts(f"{label} {key}", entry.get(key))]
    return unit


def _command(label: str, key: str, value: Any) -> str:
    if not isinstance(value, str) or "%s" not in value:
        raise ArgumentError(f"{label}: {key} needs %s where the staged path goes, found {value!r}")
    return str(value)


def _path(label: str, value: Any) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise ArgumentError(f"{label}: expected an absolute path, found {value!r}")
    parts = value.split("/")
    if ".." in parts or "." in parts or "\0" in value:
        raise ArgumentError(f"{label}: expected a path without . and .., found {value!r}")
    return "/" + "/".join(part for part in parts if part)


def _mode(label: str, entry: dict[str, Any], default: str) -> int:
    value = entry.get("mode", default)
    if isinstance(value, int):
        raise ArgumentError(
            f"{label} {entry.get('path')}: mode {value} is a number: quote it, as in mode: '0644'"
        )
    if not isinstance(value, str) or not _MODE.fullmatch(value):
        raise ArgumentError(
            f"{label} {entry.get('path')}: expected an octal mode such as '0644', found {value!r}"
        )
    return int(value, 8)


def _id(label: str, key: str, value: Any) -> int | str:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, str))
        or value == ""
        or (isinstance(value, int) and value < 0)
    ):
        raise ArgumentError(f"{label}: {key} is a name or a number, found {value!r}")
    return int(value) if isinstance(value, int) or value.isdigit() else str(value)


def _text(label: str, entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise ArgumentError(f"{label}: {key} is needed as text, found {value!r}")
    return str(value)


def _texts(label: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        raise ArgumentError(f"{label}: expected a list of texts, found {value!r}")
    texts = list(value)
    for text in texts:
        if not isinstance(text, str) or not text:
            raise ArgumentError(f"{label}: expected a list of texts, found {text!r} in it")
    return [str(text) for text in texts]


def _mapping(label: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ArgumentError(f"{label}: expected a mapping, found {value!r}")
    return value


def _scalar(label: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ArgumentError(f"{label}: expected a text or a number, found {value!r}")
    return str(value)


def _number(label: str, key: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.isdigit():
        return int(value)
    raise ArgumentError(f"{label}: {key} is a number, found {value!r}")


def _flag(label: str, key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return bool(value)
    raise ArgumentError(f"{label}: {key} is true or false, found {value!r}")
