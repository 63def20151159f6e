"""How does a receiver know that a message is ours, and unchanged?

By the Standard Webhooks convention, with its own library. While a secret is rotated a message has
two signatures, and the receiver accepts it by either.
"""

import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook


class UnusableSecret(Exception):
    """A secret is not `whsec_` and base64. The message never shows it."""


def valid_secrets(
    secrets: Sequence[str], old_secret_until: datetime | None, *, now: datetime
) -> list[str]:
    """Return those that sign now: the newest, and the one before until its time is over."""
    if old_secret_until is not None and now < old_secret_until:
        return list(secrets[:2])
    return list(secrets[:1])


def signed_headers(
    message_id: str, body: str, secrets: Sequence[str], *, now: datetime
) -> dict[str, str]:
    """Return the convention's three headers for an attempt that is made now."""
    at = now.astimezone(UTC)
    try:
        signatures = [Webhook(secret).sign(message_id, at, body) for secret in secrets]
    except (binascii.Error, ValueError, EmptyWebhookSecretError) as error:
        raise UnusableSecret("the endpoint's secret is not whsec_ and base64; renew it") from error
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
