"""What may stand as the address of a webhook?

`schemas/webhook_url.py` judges its spelling; where it leads is judged by the notifier, each time.
"""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from api.refusals import WebhookUrlRefused
from schemas.webhook_url import read_webhook_url


def _well_spelled(url: str) -> str:
    read_webhook_url(url)
    return url


WebhookUrl = Annotated[
    str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_well_spelled)
]


def require_safe(url: str, *, allow_http: bool) -> None:
    """Raise WebhookUrlRefused where anyone on the way could read what is told."""
    if not allow_http and read_webhook_url(url).scheme != "https":
        raise WebhookUrlRefused(
            "The URL is not https; FROSTLINE_API_WEBHOOKS_ALLOW_HTTP would allow it."
        )
