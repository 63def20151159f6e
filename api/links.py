"""May the bearer of this link look at an order, and at which?

A member's link names one order and its own end, signed. Nothing is stored: whoever holds a secret
can make and check links, and a secret that is dropped ends all links it signed.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from api.refusals import LinkRefused
from api.settings import ApiSettings
from schemas.ids import MalformedId, OrderId, parse_order_id

_SALT: Final = b"frostline.member-link.v1"


class LinkTooLong(ValueError):
    """A link that would be valid for longer than the settings allow, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLink:
    """What a valid link allows."""

    order_id: OrderId
    expires_at: datetime


def order_link(
    settings: ApiSettings, order_id: str, expires_at: datetime, *, now: datetime | None = None
) -> str:
    """Return the address of one order's page, valid until `expires_at`. Raises LinkTooLong."""
    at = now or datetime.now(UTC)
    if not at < expires_at <= at + timedelta(seconds=settings.link_max_age_s):
        raise LinkTooLong(
            f"expires_at must come within {settings.link_max_age_s} s from now; "
            "FROSTLINE_API_LINK_MAX_AGE_S allows longer"
        )
    end_s = int(expires_at.timestamp())
    link = _serializer(settings).dumps([parse_order_id(order_id), end_s])
    return f"{settings.public_url.rstrip('/')}/m/{link}"


def verify(settings: ApiSettings, link: str, *, now: datetime) -> MemberLink:
    """Return what a link allows; raise LinkRefused where it is wrong or expired."""
    try:
        _require_canonical(link)
        order_id, end_s = _serializer(settings).loads(link)
        expires_at = datetime.fromtimestamp(end_s, UTC)
        member_link = MemberLink(order_id=parse_order_id(order_id), expires_at=expires_at)
    except (BadData, MalformedId, ValueError, TypeError, OverflowError) as error:
        raise LinkRefused from error
    if not now < expires_at <= now + timedelta(seconds=settings.link_max_age_s):
        raise LinkRefused
    return member_link


def _require_canonical(link: str) -> None:
    """Raise ValueError where the signature has another spelling: base64 leaves bits unused."""
    signature = link.rpartition(".")[2]
    if base64_encode(base64_decode(signature)).decode() != signature:
        raise ValueError("the signature is not spelled as it was signed")


def _serializer(settings: ApiSettings) -> URLSafeSerializer:
    # itsdangerous signs with the last secret and tries each; our first one signs.
    return URLSafeSerializer(
        list(reversed(settings.link_secrets)),
        salt=_SALT,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
