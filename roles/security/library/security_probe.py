#!/usr/bin/python
"""Read what role security has to know of a host before it decides: one look, nothing changed."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import pwd
import re
import stat
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: security_probe
short_description: Read what role security decides on
description: ["sshd's configuration and abilities, keys of the connecting user, the loaded firewall."]
options:
  user: {description: "Who connects; empty: the one behind sudo, or the current.", type: str, default: ""}
  drop_in: {description: The role's own file in sshd_config.d., type: path, required: true}
  table: {description: Name of the role's nftables table., type: str, required: true}
  fingerprint: {description: File with the hash of the table as it was loaded., type: path, required: true}
  container_interfaces: {description: Their names or patterns., type: list, elements: str, required: true}
author: [tencent-doc-manager]
"""

SSHD = "/usr/sbin/sshd"
MAIN = Path("/etc/ssh/sshd_config")
DROP_INS = Path("/etc/ssh/sshd_config.d")
# Names that `ssh -Q` knows each list by, newest first: 20.04's has fewer.
QUERIES = {
    "kex": ("kex",),
    "ciphers": ("cipher",),
    "macs": ("mac",),
    "host_keys": ("HostKeyAlgorithms", "key-sig", "key"),
}


class ProbeError(Exception):
    """The host lacks something the role cannot do without."""


def output(*command: str) -> str:
    """Standard output of a command, or an empty string when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout if done.returncode == 0 else ""


def effective(user: str) -> dict[str, list[str]]:
    """sshd's merged configuration for a user: lower-case keyword -> values, one for each line."""
    # Made by the unit when it starts; without it sshd does not even check its configuration.
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    command = [SSHD, "-T", "-C", f"user={user},host=localhost,addr=127.0.0.1"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ProbeError("sshd rejects its present configuration: " + done.stderr.strip())
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        keyword, _, value = line.partition(" ")
        found.setdefault(keyword, []).append(value)
    return found


def version() -> list[int]:
    """OpenSSH's version, [8, 2]."""
    done = subprocess.run(["ssh", "-V"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    match = re.search(r"OpenSSH_(\d+)\.(\d+)", done.stdout)
    if not match:
        raise ProbeError("cannot tell OpenSSH's version from: " + done.stdout.strip())
    return [int(match.group(1)), int(match.group(2))]


def supported() -> dict[str, list[str]]:
    """Algorithms that the installed OpenSSH knows."""
    return {name: next((found for found in (output("ssh", "-Q", q).split() for q in queries) if found), [])
            for name, queries in QUERIES.items()}  # fmt: skip


def directives(text: str) -> list[tuple[str, str]]:
    """(keyword in lower case, value) of a configuration, up to its first Match."""
    found = []
    for line in text.splitlines():
        match = re.match(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*?)\s*$", line)
        if match:
            if match.group(1).lower() == "match":
                break
            found.append((match.group(1).lower(), match.group(2)))
    return found


def includes_drop_ins(text: str) -> bool:
    """Whether the main file reads sshd_config.d before it says anything itself: the first value counts."""
    found = directives(text)
    return bool(found) and found[0][0] == "include" and "sshd_config.d/" in found[0][1]


def foreign_ports(own: Path) -> dict[str, list[str]]:
    """Files, other than our own, that set ports: {"port": [files], "listenaddress": [values with a port]}."""
    files: list[str] = []
    addresses: list[str] = []
    for path in [MAIN, *sorted(DROP_INS.glob("*.conf"))]:
        if path == own or not path.exists():
            continue
        found = directives(path.read_text())
        if any(keyword == "port" for keyword, _ in found):
            files.append(str(path))
        addresses += [
            value for keyword, value in found
            if keyword == "listenaddress" and re.search(r"(^[^:\s]+|\]):\d+(\s|$)", value)
        ]  # fmt: skip
    return {"port": files, "listenaddress": addresses}


def unsafe(path: Path, owner: int, home: Path) -> str:
    """Why sshd (StrictModes) would ignore a key file; empty when it would not."""
    for place in [path, *path.parents]:
        found = place.stat()
        if found.st_uid not in (0, owner):
            return f"{place} belongs to another user"
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return f"{place} is writable for others"
        if place == home:
            break
    return ""


def login_keys(user: str, config: dict[str, list[str]]) -> dict[str, object]:
    """How many keys sshd accepts for a user, and why there are none."""
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        return {"count": 0, "problem": f"the host has no user {user}"}
    if config.get("pubkeyauthentication") == ["no"]:
        return {"count": 0, "problem": "sshd does not accept public keys (PubkeyAuthentication no)"}
    problem = "{} has no key in {}".format(user, " or ".join(config.get("authorizedkeysfile", ["none"])))
    home = Path(account.pw_dir)
    for pattern in config.get("authorizedkeysfile", [""])[0].split():
        name = pattern.replace("%h", account.pw_dir).replace("%u", user).replace("%%", "%")
        path = Path(name) if name.startswith("/") else home / name
        if not path.is_file():
            continue
        count = len(output("ssh-keygen", "-l", "-f", str(path)).splitlines())
        reason = unsafe(path, account.pw_uid, home)
        if count and not reason:
            return {"count": count, "problem": ""}
        problem = reason or f"{path} holds no valid key"
    return {"count": 0, "problem": problem}


def firewall(table: str, fingerprint: Path) -> str:
    """absent, changed (not as the unit loaded it), or loaded."""
    listing = output("nft", "-s", "list", "table", "inet", table) if Path("/usr/sbin/nft").exists() else ""
    if not listing:
        return "absent"
    if not fingerprint.exists():
        return "changed"
    return "loaded" if hashlib.sha256(listing.encode()).hexdigest() in fingerprint.read_text() else "changed"


def behind_socket() -> bool:
    """Whether systemd listens for sshd, now or from the next boot on."""
    states = [output("systemctl", verb, "ssh.socket").strip() for verb in ("is-active", "is-enabled")]
    return "active" in states or "enabled" in states


def misread_outside(patterns: list[str]) -> list[str]:
    """Interfaces of default routes that one of the container patterns matches."""
    routes = output("ip", "-o", "route", "show", "default") + output(
        "ip", "-o", "-6", "route", "show", "default"
    )
    names = sorted(set(re.findall(r"\bdev (\S+)", routes)))
    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(
        argument_spec={
            "user": {"type": "str", "default": ""},
            "drop_in": {"type": "path", "required": True},
            "table": {"type": "str", "required": True},
            "fingerprint": {"type": "path", "required": True},
            "container_interfaces": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    user = given["user"] or os.environ.get("SUDO_USER", "") or pwd.getpwuid(os.getuid()).pw_name
    if not os.access(SSHD, os.X_OK):
        module.fail_json(msg=f"There is no OpenSSH server ({SSHD}) on this host: apt install openssh-server.")
    try:
        config = effective(user)
        module.exit_json(
            changed=False,
            user=user,
            version=version(),
            ports=sorted({int(port) for port in config["port"]}),
            supported=supported(),
            includes_drop_ins=includes_drop_ins(MAIN.read_text()),
            foreign_ports=foreign_ports(Path(given["drop_in"])),
            socket=behind_socket(),
            login_keys=login_keys(user, config),
            firewall=firewall(given["table"], Path(given["fingerprint"])),
            misread_outside=misread_outside(given["container_interfaces"]),
        )
    except ProbeError as error:
        module.fail_json(msg=f"SSH server: {error}.")


if __name__ == "__main__":
    main()
