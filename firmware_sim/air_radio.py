"""What does the air know of one connected radio, and what does it hand to it?

A radio's events come in order, as from a Bluetooth controller: delay never lets one overtake
another. A radio that does not read loses adverts (overrun); it never holds up the air.
"""

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

from firmware_sim import chance
from firmware_sim.air_wire import Advert, MalformedMessage, pack
from firmware_sim.channel import Channel
from firmware_sim.frame import Frame
from firmware_sim.ledger import Ledger, Measurement
from schemas.ids import GatewayId, LoggerId

# What may wait for a radio that does not read: about 3,000 adverts in the process, and so many
# that it was sent and never confirmed.
_MAX_UNSENT_BYTES: Final = 1 << 18
_MAX_UNSENT: Final = 4096
_MAX_UNCONFIRMED: Final = 20_000


@dataclass(slots=True)
class Beacon:
    """A logger as the air sees it: where it is and what it advertises now."""

    logger_id: LoggerId
    position_m: tuple[float, float]
    frame: Frame | None = None
    measurement: Measurement | None = None
    adverts: int = 0  # sent so far; numbers the chances


@dataclass(slots=True)
class Counts:
    """What happened to adverts so far; see air_wire.Statistics."""

    adverts_sent: int = 0
    in_range: int = 0
    lost: int = 0
    delivered: int = 0
    duplicated: int = 0
    overrun: int = 0
    faint: int = 0


class _Link(NamedTuple):
    chance_key: int
    mean_rssi_dbm: float
    is_hopeless: bool  # too far for any fading to help
    from_m: tuple[float, float]  # where the logger was


class _Unsent(NamedTuple):
    due_s: float
    message: bytes
    measurement: Measurement | None
    is_copy: bool


class _Unconfirmed(NamedTuple):
    message_number: int  # from 1
    measurement: Measurement
    sent_at_ms: int


@dataclass(slots=True, kw_only=True)
class World:
    """What all radios of one air share."""

    channel: Channel
    seed: int
    ledger: Ledger
    counts: Counts


class Radio:
    """One connection of an edge's scanner. `number` is unique for the life of the air."""

    def __init__(
        self,
        number: int,
        gateway_id: GatewayId,
        position_m: tuple[float, float],
        transport: asyncio.WriteTransport,
        world: World,
    ) -> None:
        self.number = number
        self.gateway_id = gateway_id
        self._position_m = position_m
        self._transport = transport
        self._world = world
        self._links: dict[LoggerId, _Link] = {}
        self._unsent: deque[_Unsent] = deque()
        self._unconfirmed: deque[_Unconfirmed] = deque()
        self._sent = 0
        self._confirmed = 0

    @property
    def waiting(self) -> bool:
        """Whether an advert has not left yet, or may have been heard without being confirmed."""
        return bool(self._unsent or self._unconfirmed)

    def move_to(self, position_m: tuple[float, float]) -> None:
        """Stand elsewhere from now on; metres."""
        self._position_m = position_m
        self._links.clear()

    def hear(self, beacon: Beacon, frame: Frame, now_s: float) -> bool:
        """Take one advert in, or not, as chance has it; return whether something is to be sent."""
        link = self._links.get(beacon.logger_id)
        if link is None or link.from_m != beacon.position_m:
            link = self._link_to(beacon)
        if link.is_hopeless:
            self._world.counts.faint += 1
            return False
        reception = self._world.channel.receive(
            link.mean_rssi_dbm, chance.bits(link.chance_key, beacon.adverts)
        )
        counts = self._world.counts
        if reception.faint:
            counts.faint += 1
            return False
        counts.in_range += 1
        if not reception.copies:
            counts.lost += 1
            return False
        if self._is_overrun():
            counts.overrun += 1
            return False
        message = pack(
            Advert(
                beacon.logger_id,
                frame.local_name,
                dict(frame.manufacturer_data),
                dict(frame.service_data),
                reception.rssi_dbm,
            )
        )
        due_s = now_s + reception.delay_s
        if self._unsent:
            due_s = max(due_s, self._unsent[-1].due_s)
        for copy in range(reception.copies):
            self._unsent.append(_Unsent(due_s, message, beacon.measurement, copy > 0))
        return True

    def flush(self, now_s: float, wall_ms: int) -> bool:
        """Send what is due; return whether more waits."""
        messages: list[bytes] = []
        unsent, counts = self._unsent, self._world.counts
        while unsent and unsent[0].due_s <= now_s:
            _, message, measurement, is_copy = unsent.popleft()
            messages.append(message)
            self._sent += 1
            if is_copy:
                counts.duplicated += 1
            else:
                counts.delivered += 1
            if measurement is not None and not measurement.measured:
                self._unconfirmed.append(_Unconfirmed(self._sent, measurement, wall_ms))
        if messages:
            self._transport.write(b"".join(messages))
        return bool(unsent)

    def confirm(self, count: int, now_s: float) -> None:
        """Enter in the ledger what the radio says it has heard; raise MalformedMessage."""
        if not self._confirmed <= count <= self._sent:
            raise MalformedMessage(f"confirms {count} adverts of {self._sent}")
        self._confirmed = count
        while self._unconfirmed and self._unconfirmed[0].message_number <= count:
            _, measurement, sent_at_ms = self._unconfirmed.popleft()
            self._world.ledger.delivered(
                measurement, self.number, confirmed_at_s=now_s, delivered_at_ms=sent_at_ms
            )

    def assume_heard(self, now_s: float) -> None:
        """Take what a living radio was given as heard, though it said nothing: it should have."""
        self.confirm(self._sent, now_s)

    def _link_to(self, beacon: Beacon) -> _Link:
        distance_m = math.dist(self._position_m, beacon.position_m)
        mean_rssi_dbm = self._world.channel.mean_rssi_dbm(distance_m)
        link = _Link(
            chance.key_of(self._world.seed, self.gateway_id, beacon.logger_id),
            mean_rssi_dbm,
            self._world.channel.is_hopeless(mean_rssi_dbm),
            beacon.position_m,
        )
        self._links[beacon.logger_id] = link
        return link

    def _is_overrun(self) -> bool:
        return (
            len(self._unsent) >= _MAX_UNSENT
            or self._sent - self._confirmed >= _MAX_UNCONFIRMED
            or self._transport.get_write_buffer_size() >= _MAX_UNSENT_BYTES
        )
