"""How may the address of a webhook be spelled? One reading, for whoever takes it and whoever calls.

Two programs that read one URL differently are how a request ends elsewhere than was judged. So what
is not plain is refused. Where a good URL leads is judged by the notifier, at each attempt.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final, Literal, cast
from urllib.parse import SplitResult, urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_NOT_IN_A_URL: Final = re.compile(r"[^\x21-\x7e]")  # RFC 3986 has ASCII without spaces only
# A name, or an IPv4 address in any spelling: labels of letters, digits, hyphens; some have `_`.
_NAME: Final = re.compile(r"(?!.{254})[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_AUTHORITY: Final = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(:[0-9]*)?")


class BadWebhookUrl(ValueError):
    """A URL that no webhook goes to. The message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a URL leads: `host` is a name or an address without brackets, in ASCII."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str  # and query

    @property
    def host_header(self) -> str:
        """What RFC 9110, 7.2 wants in Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_webhook_url(url: str) -> Target:
    """Take a URL apart; raises BadWebhookUrl."""
    if _NOT_IN_A_URL.search(url):
        raise BadWebhookUrl("the URL is not plain ASCII; percent-encode it, and xn-- its name")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadWebhookUrl(f"the URL cannot be read: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise BadWebhookUrl("the URL is not like https://host/path")
    if "@" in parts.netloc or parts.fragment:
        raise BadWebhookUrl("the URL has a user name or a fragment; signatures say who we are")
    if not _is_plain_host(parts):
        raise BadWebhookUrl("the URL's host is neither a plain name nor a plain address")
    path = parts.path or "/"
    return Target(
        scheme=cast("Literal['http', 'https']", parts.scheme),
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        path=f"{path}?{parts.query}" if parts.query else path,
    )


def _is_plain_host(parts: SplitResult) -> bool:
    """Whether a host is a name, or an address without a zone, and nothing stands beside it."""
    host = parts.hostname or ""
    if not _AUTHORITY.fullmatch(parts.netloc):
        return False
    if not parts.netloc.startswith("["):
        return _NAME.fullmatch(host) is not None
    try:
        return IPv6Address(host).scope_id is None
    except ValueError:
        return False
