"""What may stand as the address of a webhook?

Its spelling is judged here; where it leads is judged by the notifier, at each attempt.
"""

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints

from api.refusals import WebhookUrlRefused

_NOT_IN_A_URL: Final = re.compile(r"[^\x21-\x7e]")  # RFC 3986 has ASCII without spaces only


def _read(url: str) -> str:
    if _NOT_IN_A_URL.search(url):
        raise ValueError("the URL is not plain ASCII; percent-encode it, and xn-- its name")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"the URL cannot be read: {error}") from error
    if parts.scheme not in {"https", "http"} or not parts.hostname or port == 0:
        raise ValueError("expected a URL such as https://host/path")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("the URL has a user name or a fragment; signatures say who we are")
    return url


WebhookUrl = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_read)]


def require_safe(url: str, *, allow_http: bool) -> None:
    """Raise WebhookUrlRefused where anyone on the way could read what is told."""
    if not allow_http and urlsplit(url).scheme != "https":
        raise WebhookUrlRefused(
            "The URL is not https; FROSTLINE_API_WEBHOOKS_ALLOW_HTTP would allow it."
        )
