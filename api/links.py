"""May the bearer of this link look at an order, or at a city, and at which?

A member's link names one order, a dispatcher's one city, each with its own end, signed. One by
which commands are given names the person, too, and ends with a shift. Nothing is stored: whoever
holds a secret can make and check links, and a secret that is dropped ends all links it signed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from api.refusals import LinkRefused
from api.settings import ApiSettings
from schemas.ids import CityId, MalformedId, OrderId, parse_city_id, parse_order_id

NameT = TypeVar("NameT")

# A link of one kind is none of the other.
_MEMBER_SALT: Final = b"frostline.member-link.v1"
_CONSOLE_SALT: Final = b"frostline.console-link.v1"
_COMMAND_SALT: Final = b"frostline.command-link.v1"
_LOOKS: Final = "FROSTLINE_API_LINK_MAX_AGE_S"
_COMMANDS: Final = "FROSTLINE_API_COMMAND_LINK_MAX_AGE_S"


class LinkTooLong(ValueError):
    """A link that would be valid for longer than the settings allow, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLink:
    """What a valid member's link allows."""

    order_id: OrderId
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLink:
    """What a valid dispatcher's link allows: to look, and to command where it says who does."""

    city_id: CityId
    expires_at: datetime
    by: str | None


def order_link(
    settings: ApiSettings, order_id: str, expires_at: datetime, *, now: datetime | None = None
) -> str:
    """Return the address of one order's page, valid until `expires_at`. Raises LinkTooLong."""
    _require_end(_LOOKS, settings.link_max_age_s, expires_at, now=now)
    link = _sign(settings, _MEMBER_SALT, parse_order_id(order_id), expires_at)
    return f"{settings.public_url.rstrip('/')}/m/{link}"


def console_link(
    settings: ApiSettings,
    city_id: str,
    expires_at: datetime,
    *,
    by: str | None = None,
    now: datetime | None = None,
) -> str:
    """Return the address of a city's console, valid until `expires_at`; `by` may command there.

    Raises LinkTooLong.
    """
    if by is None:
        _require_end(_LOOKS, settings.link_max_age_s, expires_at, now=now)
        link = _sign(settings, _CONSOLE_SALT, parse_city_id(city_id), expires_at)
    else:
        _require_end(_COMMANDS, settings.command_link_max_age_s, expires_at, now=now)
        link = _sign(settings, _COMMAND_SALT, [parse_city_id(city_id), by], expires_at)
    return f"{settings.public_url.rstrip('/')}/cities/{city_id}/console?link={link}"


def verify(settings: ApiSettings, link: str, *, now: datetime) -> MemberLink:
    """Return what a member's link allows; raise LinkRefused where it is wrong or expired."""
    name, expires_at = _read(settings, _MEMBER_SALT, link)
    _require_good(expires_at, settings.link_max_age_s, now=now)
    return MemberLink(order_id=_checked(parse_order_id, name), expires_at=expires_at)


def verify_console(settings: ApiSettings, link: str, *, now: datetime) -> ConsoleLink:
    """Return what a dispatcher's link allows; raise LinkRefused where it is wrong or expired."""
    try:
        named, expires_at = _read(settings, _COMMAND_SALT, link)
    except LinkRefused:
        name, expires_at = _read(settings, _CONSOLE_SALT, link)
        _require_good(expires_at, settings.link_max_age_s, now=now)
        return ConsoleLink(city_id=_checked(parse_city_id, name), expires_at=expires_at, by=None)
    _require_good(expires_at, settings.command_link_max_age_s, now=now)
    city_id, by = named if isinstance(named, list) and len(named) == 2 else ("", "")
    return ConsoleLink(city_id=_checked(parse_city_id, city_id), expires_at=expires_at, by=str(by))


def _require_end(
    setting: str, max_age_s: int, expires_at: datetime, *, now: datetime | None
) -> None:
    now = now or datetime.now(UTC)
    if not now < expires_at <= now + timedelta(seconds=max_age_s):
        raise LinkTooLong(
            f"expires_at must come within {max_age_s} s from now; {setting} allows longer"
        )


def _require_good(expires_at: datetime, max_age_s: int, *, now: datetime) -> None:
    """Raise LinkRefused for a link that has ended, or that today's settings would not sign."""
    if not now < expires_at <= now + timedelta(seconds=max_age_s):
        raise LinkRefused


def _sign(settings: ApiSettings, salt: bytes, name: str | list[str], expires_at: datetime) -> str:
    return _serializer(settings, salt).dumps([name, int(expires_at.timestamp())])


def _read(settings: ApiSettings, salt: bytes, link: str) -> tuple[object, datetime]:
    """Return what a link names, and its end, which may be over; raise LinkRefused."""
    try:
        _require_canonical(link)
        name, end_s = _serializer(settings, salt).loads(link)
        expires_at = datetime.fromtimestamp(end_s, UTC)
    except (BadData, ValueError, TypeError, OverflowError) as error:
        raise LinkRefused from error
    return name, expires_at


def _checked(parse: Callable[[str], NameT], name: object) -> NameT:
    try:
        return parse(str(name))
    except MalformedId as error:
        raise LinkRefused from error


def _require_canonical(link: str) -> None:
    """Raise ValueError where the signature has another spelling: base64 leaves bits unused."""
    signature = link.rpartition(".")[2]
    if base64_encode(base64_decode(signature)).decode() != signature:
        raise ValueError("the signature is not spelled as it was signed")


def _serializer(settings: ApiSettings, salt: bytes) -> URLSafeSerializer:
    # itsdangerous signs with the last secret and tries each; our first one signs.
    return URLSafeSerializer(
        list(reversed(settings.link_secrets)),
        salt=salt,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
