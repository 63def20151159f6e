"""A million random and damaged messages: columns or a named error, never anything else."""

import random
from contextlib import suppress
from uuid import UUID

import pytest

from schemas.columns import decode_batch, split_out_of_range
from schemas.ids import GatewayId, LoggerId
from schemas.reading import Reading
from schemas.wire import BatchId, Sender, UnreadableBatch, encode_batch

MESSAGES = 1_000_000


def a_batch(chance: random.Random) -> bytes:
    readings = [
        Reading(
            logger_id=LoggerId(f"C4:A5:E3:00:00:{chance.randrange(4):02X}"),
            frame_format="ruuvi-df5",
            measured_at_ms=1_790_000_000_000 + chance.randrange(100_000),
            temperature_c=chance.uniform(-30, 30),
            sequence=chance.randrange(65_535),
        )
        for _ in range(chance.randint(1, 8))
    ]
    sender = Sender(
        gateway_id=GatewayId("truck-17"), boot_id=UUID(int=8), sent_at_ms=1, sent_monotonic_ms=1
    )
    batch_id = BatchId(outbox=UUID(int=7), first_row=1, last_row=len(readings))
    return encode_batch(batch_id, sender, readings, compress=chance.random() < 0.5)


def damaged(chance: random.Random, payload: bytes) -> bytes:
    """Change some bytes, cut the end off, or repeat a piece."""
    damage = bytearray(payload)
    for _ in range(chance.randint(1, 6)):
        damage[chance.randrange(len(damage))] = chance.randrange(256)
    if chance.random() < 0.2:
        del damage[chance.randrange(len(damage)) :]
    if chance.random() < 0.1:
        start = chance.randrange(len(damage) + 1)
        damage += damage[start : start + 40]
    return bytes(damage)


@pytest.mark.soak
def test_a_million_messages_are_columns_or_a_named_error() -> None:
    chance = random.Random(20_261_121)
    read = 0
    for number in range(MESSAGES):
        payload = (
            chance.randbytes(chance.randrange(200))
            if number % 4 == 0
            else damaged(chance, a_batch(chance))
        )
        with suppress(UnreadableBatch):
            columns = decode_batch(payload).columns
            good, bad = split_out_of_range(columns)
            assert len(good) == len(columns)
            assert good.all() == (not bad)
            read += 1
    assert 0 < read < MESSAGES
