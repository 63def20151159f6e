"""Where may a webhook go?

A URL is what a customer wrote; without a guard it makes us ask our own network for them. So a name
is looked up once, each address that it has is judged, and the connection goes to one of those
addresses, whatever the name means a moment later.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address

_PORTS: Final = {"http": 80, "https": 443}
_NOT_IN_A_URL: Final = re.compile(r"[^\x21-\x7e]")  # RFC 3986 has ASCII without spaces only

# What is_global lets pass or knows only in newer versions of Python, and must not be reached.
# https://www.iana.org/assignments/iana-ipv4-special-registry
_REFUSED_V4: Final = tuple(
    map(
        ip_network,
        (
            "168.63.129.16/32",  # a public address that is Azure's own host, to its guests
            "192.0.0.0/24",  # IETF protocol assignments
            "192.88.99.0/24",  # 6to4 relays, deprecated
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# https://www.iana.org/assignments/iana-ipv6-special-registry. Forms that carry an IPv4 address lead
# to wherever a gateway takes them, so none is let pass.
_GLOBAL_UNICAST: Final = ip_network("2000::/3")
_REFUSED_V6: Final = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # IETF protocol assignments: Teredo, ORCHID and others
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
        ),
    )
)


class AddressRefused(Exception):
    """A webhook may not go there. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a URL leads: `host` is a name or an address without brackets, in ASCII."""

    scheme: str
    host: str
    port: int
    path: str  # and query

    @property
    def host_header(self) -> str:
        """What RFC 9110, 7.2 wants in Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_url(url: str, *, allow_http: bool) -> Target:
    """Take a URL apart; raises AddressRefused."""
    if _NOT_IN_A_URL.search(url):
        raise AddressRefused("the URL is not plain ASCII; percent-encode it, and xn-- its name")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(f"the URL cannot be read: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise AddressRefused("the URL is not https://host/path")
    if parts.scheme == "http" and not allow_http:
        raise AddressRefused("the URL is not https; FROSTLINE_NOTIFY_ALLOW_HTTP would allow it")
    if "@" in parts.netloc:
        raise AddressRefused("the URL has a user name; signatures say who we are")
    path = parts.path or "/"
    return Target(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        path=f"{path}?{parts.query}" if parts.query else path,
    )


def addresses_of(host: str, port: int, *, allow_private: bool) -> list[Address]:
    """Look a name up, once; raises AddressRefused if it has an address that may not be reached.

    One such address among good ones is enough: nobody has that by mistake.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"the name {host} has no address: {error}") from error
    addresses = [ip_address(str(sockaddr[0])) for *_, sockaddr in found]
    for address in addresses:
        require_allowed(address, allow_private=allow_private)
    return list(dict.fromkeys(addresses))


def require_allowed(address: Address, *, allow_private: bool) -> None:
    """Raise AddressRefused unless a webhook may go to this address."""
    if not allow_private and not is_public(address):
        raise AddressRefused(
            f"the address {address} is not a public one; "
            "FROSTLINE_NOTIFY_ALLOW_PRIVATE_ADDRESSES would allow it"
        )


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet's hosts, in its plain form."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _REFUSED_V4)
    return (
        address in _GLOBAL_UNICAST
        and address.is_global
        and not any(address in network for network in _REFUSED_V6)
    )
