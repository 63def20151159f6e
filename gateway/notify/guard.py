"""Where may a webhook go?

A URL is what a customer wrote; without a guard it makes us ask our own network for them. So a name
is looked up once, each address that it has is judged, and the connection goes to one of those
addresses, whatever the name means a moment later.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from schemas.webhook_url import BadWebhookUrl, Target, read_webhook_url

Address = IPv4Address | IPv6Address

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


def read_url(url: str, *, allow_http: bool) -> Target:
    """Take a URL apart; raises AddressRefused."""
    try:
        target = read_webhook_url(url)
    except BadWebhookUrl as error:
        raise AddressRefused(str(error)) from error
    if target.scheme == "http" and not allow_http:
        raise AddressRefused("the URL is not https; FROSTLINE_NOTIFY_ALLOW_HTTP would allow it")
    return target


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
