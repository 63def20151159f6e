"""What do the air and its guests say to each other on the socket?

Each message is 4 bytes of length, big-endian, and a MessagePack array whose first element names it.
The first message of a connection is a hello that says what it is: a radio, which then only listens
(and confirms), or a control, which asks and is answered in order.
"""

import os
from pathlib import Path
from typing import Final, TypeVar

import msgspec

MessageT = TypeVar("MessageT")

MAX_TO_AIR_BYTES: Final = 4096
MAX_FROM_AIR_BYTES: Final = 16 << 20
LENGTH_BYTES: Final = 4
_SOCKET_PATH_BYTES: Final = 107  # unix(7): 108 with the closing zero


class MalformedMessage(ValueError):
    """Bytes on the socket that are no message. The message says what is wrong."""


class AirPathTooLong(ValueError):
    """A path that no Unix socket can have."""


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True, forbid_unknown_fields=True):
    pass


class RadioHello(_Message, frozen=True):
    """I am a radio of this gateway, standing there; metres."""

    gateway_id: str
    x_m: float
    y_m: float


class Moved(_Message, frozen=True):
    """I stand there now."""

    x_m: float
    y_m: float


class Confirmed(_Message, frozen=True):
    """My callbacks have run for the first `count` adverts of this connection."""

    count: int


class ControlHello(_Message, frozen=True):
    """I am a control."""


class AskLedger(_Message, frozen=True):
    """Which measurements are there, from this row on?"""

    first: int


class AskStatistics(_Message, frozen=True):
    """How many of everything?"""


class Freeze(_Message, frozen=True):
    """Stop sampling and advertising; answer once the ledger is final."""


class StopLogger(_Message, frozen=True):
    """Take this logger's battery out."""

    logger_id: str


class RebootLogger(_Message, frozen=True):
    """Take this logger's battery out and put it back."""

    logger_id: str


class OpenLid(_Message, frozen=True):
    """Open the lid (or door) where this logger is, for so long."""

    logger_id: str
    seconds: float


class MoveRadio(_Message, frozen=True):
    """Put this gateway's radio there."""

    gateway_id: str
    x_m: float
    y_m: float


class Advert(_Message, frozen=True):
    """To a radio: you hear this."""

    logger_id: str
    local_name: str | None
    manufacturer_data: dict[int, bytes]
    service_data: dict[str, bytes]
    rssi_dbm: int


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One measurement, as in firmware_sim.ledger.Measurement."""

    logger_id: str
    frame_format: str
    boot: int
    sequence: int
    sampled_at_ms: int
    temperature_c: float
    delivered_at_ms: int | None

    @property
    def measured(self) -> bool:
        """Whether it must be found in the database; else it is unheard."""
        return self.delivered_at_ms is not None


class LedgerPage(_Message, frozen=True):
    """Some rows; `following` is None on the last page."""

    rows: tuple[Row, ...]
    following: int | None
    final: bool


class Statistics(_Message, frozen=True):
    """Counts since the air began; what an advert meets counts once for each radio in range."""

    loggers: int
    radios: int  # now connected
    adverts_sent: int
    in_range: int  # adverts times radios, not too faint
    lost: int  # of those, by collision
    delivered: int  # of those, handed to the radio's connection
    duplicated: int  # second copies of those
    overrun: int  # of those, dropped because the radio did not read
    faint: int  # adverts times radios below the sensitivity
    measurements: int
    measured: int
    forgotten: int  # measurements that no longer fit the ledger
    settling: int  # deliveries not yet judged
    malformed: int  # connections closed for what they sent
    final: bool

    @property
    def unheard(self) -> int:
        """Measurements that need not be in the database."""
        return self.measurements - self.measured

    @property
    def lost_share(self) -> float:
        """Share of the adverts in range that were lost, 0 to 1."""
        return self.lost / self.in_range if self.in_range else 0.0


class Done(_Message, frozen=True):
    """It was done."""


class Refused(_Message, frozen=True):
    """It was not done."""

    reason: str


Hello = RadioHello | ControlHello
FromRadio = Moved | Confirmed
Question = AskLedger | AskStatistics | Freeze | StopLogger | RebootLogger | OpenLid | MoveRadio
Answer = LedgerPage | Statistics | Done | Refused

encoder: Final = msgspec.msgpack.Encoder()
hello_decoder: Final = msgspec.msgpack.Decoder[Hello](Hello)
radio_decoder: Final = msgspec.msgpack.Decoder[FromRadio](FromRadio)
question_decoder: Final = msgspec.msgpack.Decoder[Question](Question)
answer_decoder: Final = msgspec.msgpack.Decoder[Answer](Answer)
advert_decoder: Final = msgspec.msgpack.Decoder(Advert)


def parse(decoder: msgspec.msgpack.Decoder[MessageT], body: bytes) -> MessageT:
    """Decode a body; raise MalformedMessage."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(str(error)) from error


def pack(message: _Message) -> bytes:
    """Return a message with its length before it."""
    body = encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def body_length(prefix: bytes, max_bytes: int) -> int:
    """Read the length before a message; raise MalformedMessage if it is too long."""
    length = int.from_bytes(prefix, "big")
    if length > max_bytes:
        raise MalformedMessage(f"{length} bytes; a message has at most {max_bytes}")
    return length


def socket_name(path: Path) -> str:
    """Return the path for the socket calls; raise AirPathTooLong."""
    if len(os.fsencode(path)) > _SOCKET_PATH_BYTES:
        raise AirPathTooLong(
            f"{path} is too long for a Unix socket, which has {_SOCKET_PATH_BYTES} bytes;"
            " choose a shorter air_path"
        )
    return str(path)


class Splitter:
    """Cuts a stream of bytes, as it comes, into the bodies of messages."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the bodies that are now complete; raise MalformedMessage if one is too long."""
        stream = self._rest + data
        bodies: list[bytes] = []
        at = 0
        while len(stream) - at >= LENGTH_BYTES:
            start = at + LENGTH_BYTES
            length = body_length(stream[at:start], self._max_bytes)
            if len(stream) < start + length:
                break
            bodies.append(stream[start : start + length])
            at = start + length
        self._rest = stream[at:]
        return bodies
