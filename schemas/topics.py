"""Where on MQTT does each message go?

`frostline/v1/<shard>/<gateway>/<kind>`: sharded by gateway from the start, for ever, so that
ingestors can share the load without shared subscriptions.
"""

import re
import zlib
from enum import StrEnum
from typing import Final

from schemas.ids import GatewayId, MalformedId, parse_gateway_id

SHARD_COUNT: Final = 64
_ROOT: Final = "frostline/v1"
_SHARD = re.compile(r"[0-3][0-9a-f]")


class Kind(StrEnum):
    """The last level of a topic."""

    READINGS = "readings"  # edge -> ingest: batches of readings (schemas.wire)
    STATUS = "status"  # edge -> everyone, retained, also its last will (schemas.status)
    STORED = "stored"  # ingest -> edge: what became of batches (schemas.stored)
    CONFIG = "config"  # reserved: settings for an edge
    POSITION = "position"  # edge -> ingest: where it is (schemas.position)


class MalformedTopic(ValueError):
    """A topic outside `frostline/v1/<shard>/<gateway>/<kind>`, or under the wrong shard."""


class MalformedShards(ValueError):
    """A range of shards that cannot be read."""


def shard_of(gateway_id: GatewayId) -> int:
    """Return a gateway's shard, 0 to 63."""
    return zlib.crc32(gateway_id.encode()) % SHARD_COUNT


def topic_of(gateway_id: GatewayId, kind: Kind) -> str:
    """Return the topic for one kind of message of one gateway."""
    return f"{_ROOT}/{shard_of(gateway_id):02x}/{gateway_id}/{kind}"


def subscription(shard: int, kind: Kind) -> str:
    """Return the filter for one kind of message of every gateway in a shard."""
    return f"{_ROOT}/{shard:02x}/+/{kind}"


def parse_topic(topic: str) -> tuple[GatewayId, Kind]:
    """Return whose message it is and of what kind; raise MalformedTopic."""
    root, _, rest = topic.partition(f"{_ROOT}/")
    levels = rest.split("/")
    if root or len(levels) != 3:
        raise MalformedTopic(f"{topic[:120]!r} is not {_ROOT}/<shard>/<gateway>/<kind>")
    shard, name, kind = levels
    try:
        gateway_id = parse_gateway_id(name)
        parsed = gateway_id, Kind(kind)
    except (MalformedId, ValueError) as error:
        raise MalformedTopic(f"{topic[:120]!r}: {error}") from error
    if shard != f"{shard_of(gateway_id):02x}":
        expected = topic_of(gateway_id, parsed[1])
        raise MalformedTopic(f"{topic[:120]!r} is under the wrong shard; use {expected!r}")
    return parsed


def parse_shards(text: str) -> range:
    """Read `00-1f` (or `0a`) as a range of shards; raise MalformedShards."""
    first, dash, last = text.strip().lower().partition("-")
    last = last if dash else first
    if not (_SHARD.fullmatch(first) and _SHARD.fullmatch(last)) or int(first, 16) > int(last, 16):
        raise MalformedShards(f"{text!r} is not a range of shards; expected such as 00-3f or 0a")
    return range(int(first, 16), int(last, 16) + 1)
