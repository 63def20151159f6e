"""What is sent to the ingestor: batches as edges make them after a while without a broker."""

import random
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from schemas.ids import GatewayId, LoggerId
from schemas.reading import Reading
from schemas.wire import BatchId, Sender, encode_batch

FIRST_MS: Final = 1_790_000_000_000  # 2026-09-21
_INTERVAL_MS: Final = 30_000
_FORMAT: Final = "ruuvi-df5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """So many gateways with so many loggers each; each message holds some readings of each."""

    gateways: int = 50
    loggers_per_gateway: int = 20
    readings_per_logger: int = 5  # in one message
    messages_per_gateway: int = 200
    repeat_one: bool = False  # each message but the first repeats one row of the one before

    @property
    def messages(self) -> int:
        """In all."""
        return self.gateways * self.messages_per_gateway

    @property
    def readings(self) -> int:
        """In all, with those that stand twice."""
        return self.messages * self.loggers_per_gateway * self.readings_per_logger

    @property
    def repeated(self) -> int:
        """How many stand twice."""
        return self.gateways * (self.messages_per_gateway - 1) * self.repeat_one


@dataclass(frozen=True, slots=True)
class Message:
    """One batch, encoded."""

    gateway_id: GatewayId
    batch_id: BatchId
    payload: bytes


def gateway_id_of(gateway: int) -> GatewayId:
    """Return the name of the n-th gateway."""
    return GatewayId(f"bench-{gateway:03d}")


def boot_id_of(gateway: int) -> UUID:
    """Return the boot of the n-th gateway."""
    return UUID(int=gateway + 1)


def logger_id_of(load: Load, gateway: int, logger: int) -> LoggerId:
    """Return a logger's address."""
    number = gateway * load.loggers_per_gateway + logger
    return LoggerId(f"C4:A5:E3:{number >> 16:02X}:{number >> 8 & 255:02X}:{number & 255:02X}")


def rows_of(load: Load, gateway: int, message: int, seed: random.Random) -> list[Reading]:
    """Return the readings of one message."""
    first = message * load.readings_per_logger
    rows = [
        _reading(load, gateway, logger, first + i, seed)
        for logger in range(load.loggers_per_gateway)
        for i in range(load.readings_per_logger)
    ]
    if load.repeat_one and message:
        rows[0] = _reading(load, gateway, 0, first - 1, seed)
    return rows


def encode(load: Load) -> list[Message]:
    """Return all messages in the order in which they are published: gateways take turns."""
    seed = random.Random(1)
    return [
        _encode(load, gateway, message, seed)
        for message in range(load.messages_per_gateway)
        for gateway in range(load.gateways)
    ]


def _encode(load: Load, gateway: int, message: int, seed: random.Random) -> Message:
    rows = rows_of(load, gateway, message, seed)
    batch_id = BatchId(
        outbox=UUID(int=gateway + 1),
        first_row=message * len(rows) + 1,
        last_row=(message + 1) * len(rows),
    )
    sender = Sender(
        gateway_id=gateway_id_of(gateway),
        boot_id=boot_id_of(gateway),
        sent_at_ms=FIRST_MS,
        sent_monotonic_ms=message,
    )
    return Message(sender.gateway_id, batch_id, encode_batch(batch_id, sender, rows))


def _reading(load: Load, gateway: int, logger: int, sample: int, seed: random.Random) -> Reading:
    # The phase within the interval is the logger's own, and stays with a repeated sample.
    phase_ms = (gateway * load.loggers_per_gateway + logger) * 7919 % _INTERVAL_MS
    return Reading(
        logger_id=logger_id_of(load, gateway, logger),
        frame_format=_FORMAT,
        measured_at_ms=FIRST_MS + phase_ms + sample * _INTERVAL_MS,
        temperature_c=round(3 + seed.gauss(0, 0.3), 2),
        humidity_pct=round(60 + seed.gauss(0, 2), 2),
        battery_mv=2970 - sample // 500,
        rssi_dbm=-60 - seed.randrange(25),
        sequence=sample,
    )
