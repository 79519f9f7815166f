"""Which hosts and addresses may be reached."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass

Resolve = Callable[[str, int], list[str]]
WEB_PORTS = (80, 443)


class Forbidden(Exception):  # noqa: N818
    """This must not be reached. The message names it."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address is one of the open Internet: not private, local, reserved or for groups."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        # Addresses that carry another one inside are judged by that one.
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found.teredo is not None:
            return False
        if inner is None and found in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast and not found.is_reserved


@dataclass(frozen=True, slots=True)
class Guard:
    """`hosts`: names such as `docs.qq.com` and `*.docs.qq.com` (every name below it)."""

    hosts: tuple[str, ...]
    resolve: Resolve = resolve

    def allows(self, host: str, port: int) -> bool:
        """Whether the list names this host, at one of the web's ports."""
        name = host.lower().rstrip(".")
        return port in WEB_PORTS and any(
            name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:]))
            for pattern in self.hosts
        )

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses to connect to, all of them checked. Raises Forbidden, OSError."""
        if not self.allows(host, port):
            raise Forbidden(f"{host}:{port} is not on the list of hosts")
        found = self.resolve(host, port)
        bad = [address for address in found if not is_public(address)]
        if bad or not found:
            raise Forbidden(f"{host} leads to {', '.join(bad) or 'nowhere'}, which is no public address")
        return found
