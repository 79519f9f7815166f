"""Filter that says what is wrong with a domain name."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

LONGEST_NAME = 253
LONGEST_LABEL = 63


def domain_problem(name: str) -> str:
    """Return why the name cannot be the service's, or an empty text. Rules: RFC 1123, section 2.1."""
    shown = f"'{name}' is no valid domain name: "
    for problem in (_foreign_parts(name), _address(name), _characters(name), _lengths(name)):
        if problem:
            return shown + problem
    return ""


def _foreign_parts(name: str) -> str:
    if not name:
        return "it is empty; give a name such as docs.example.com"
    if "://" in name or "/" in name:
        bare = re.sub(r"^\w+://", "", name).split("/")[0]
        return f"leave out the scheme and the path; {bare}"
    if re.fullmatch(r"[^:]+:\d+", name):
        return "leave out the port; ports are set by stack_https_port and stack_public_https_port"
    if name.endswith("."):
        return f"leave out the dot at the end; {name.rstrip('.')}"
    return ""


def _address(name: str) -> str:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        numeric = re.fullmatch(r"(.*\.)?[0-9]+", name)
        return "its last label is a number" if numeric else ""
    return "it is an IP address, for which no certificate is issued; give a name"


def _characters(name: str) -> str:
    if name != name.lower():
        return f"write it in lower case; {name.lower()}"
    if not name.isascii():
        try:
            return f"write it in its encoded form; {name.encode('idna').decode()}"
        except UnicodeError:
            return "it holds characters that no domain name can hold"
    odd = sorted(set(re.sub(r"[a-z0-9.-]", "", name)))
    if odd:
        return f"only letters, digits, '-' and '.' are possible, not {' '.join(map(repr, odd))}"
    return ""


def _lengths(name: str) -> str:
    if len(name) > LONGEST_NAME:
        return f"it has {len(name)} characters; {LONGEST_NAME} are possible"
    for label in name.split("."):
        if not label:
            return "it has an empty part between two dots"
        if len(label) > LONGEST_LABEL:
            return f"its part {label[:12]}... has {len(label)} characters; {LONGEST_LABEL} are possible"
        if label.startswith("-") or label.endswith("-"):
            return f"its part {label} begins or ends with '-'"
    return ""


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[[str], str]]:
        """Name the filters."""
        return {"domain_problem": domain_problem}
