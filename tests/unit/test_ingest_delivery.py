"""What a message brought, whatever its bytes."""

import json
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.delivery import DeadLetter, Delivery, StatusWord, read
from schemas.columns import ParsedBatch
from schemas.topics import Kind, topic_of
from schemas.wire import BATCH_ID_PROPERTY, MAX_PAYLOAD_BYTES
from tests.ingest_world import OTHER, TRUCK, batch_id, payload_of, reading

READINGS = topic_of(TRUCK, Kind.READINGS)
STATUS = topic_of(TRUCK, Kind.STATUS)
ID_BESIDE = [("other", "x"), (BATCH_ID_PROPERTY, str(batch_id(3)))]


def letter(topic: str, payload: bytes, **changes: object) -> DeadLetter:
    content = read(Delivery(topic=topic, payload=payload, **changes))  # type: ignore[arg-type]
    assert isinstance(content, DeadLetter)
    return content


def test_a_batch_is_read() -> None:
    content = read(Delivery(topic=READINGS, payload=payload_of(1, [reading()])))
    assert isinstance(content, ParsedBatch)
    assert content.batch_id == batch_id(1)


def test_an_unreadable_batch_is_answered_by_the_id_beside_it() -> None:
    content = letter(READINGS, b"\x00", user_properties=ID_BESIDE)
    assert (content.answer, content.batch_id) == (batch_id(3), str(batch_id(3)))
    assert content.payload == b"\x00"
    assert content.gateway_id == TRUCK


@pytest.mark.parametrize("beside", [[], [(BATCH_ID_PROPERTY, "7")]])
def test_an_unreadable_batch_without_an_id_is_kept_unanswered(
    beside: list[tuple[str, str]],
) -> None:
    content = letter(READINGS, b"\x00", user_properties=beside)
    assert content.answer is None


def test_a_batch_of_another_gateway_is_refused_and_its_sender_told() -> None:
    content = letter(READINGS, payload_of(4, [reading()], OTHER))
    assert content.reason == "gateway_id is 'depot-3', but the topic is truck-17's"
    assert (content.gateway_id, content.answer) == (TRUCK, batch_id(4))


def test_a_topic_under_the_wrong_shard_is_kept_without_an_answer() -> None:
    content = letter("frostline/v1/zz/truck-17/readings", b"x", user_properties=ID_BESIDE)
    assert (content.gateway_id, content.answer) == (None, None)


def test_of_a_payload_past_the_limit_the_beginning_is_kept() -> None:
    content = letter(READINGS, b"{" + bytes(MAX_PAYLOAD_BYTES))
    assert len(content.payload) == MAX_PAYLOAD_BYTES
    assert content.reason.endswith(f"; the first {MAX_PAYLOAD_BYTES} bytes are kept")


def test_a_status_nested_without_end_is_a_dead_letter() -> None:
    """Unacknowledged it would come again, and end every ingestor that reads it."""
    nested = b'{"v":1,"gateway_id":"truck-17","state":"online","x":' + b"[" * 100_000
    assert isinstance(read(Delivery(topic=STATUS, payload=nested)), DeadLetter)


def test_a_status_is_read() -> None:
    payload = json.dumps({"v": 1, "gateway_id": TRUCK, "state": "online"}).encode()
    content = read(Delivery(topic=STATUS, payload=payload))
    assert isinstance(content, StatusWord)
    assert msgspec.json.decode(content.payload)["state"] == "online"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"gateway_id": OTHER}, "gateway_id is 'depot-3', but the topic is truck-17's"),
        ({"software": "a\0b"}, "a NUL in a text"),
        ({"software": "x" * 5000}, "it has at most 4096"),
        ({"v": 2}, "v is 2"),
    ],
)
def test_a_status_that_cannot_be_kept_is_a_dead_letter(
    changes: dict[str, object], reason: str
) -> None:
    status = {"v": 1, "gateway_id": TRUCK, "state": "online"} | changes
    assert reason in letter(STATUS, json.dumps(status).encode()).reason


@given(
    st.sampled_from([READINGS, STATUS, topic_of(TRUCK, Kind.STORED), "a/b"]) | st.text(),
    st.binary(max_size=300),
    st.lists(st.tuples(st.just(BATCH_ID_PROPERTY) | st.text(), st.text()), max_size=3),
)
def test_nothing_that_is_sent_raises(
    topic: str, payload: bytes, user_properties: list[tuple[str, str]]
) -> None:
    delivery = Delivery(topic=topic, payload=payload, user_properties=user_properties)
    assert isinstance(read(delivery), ParsedBatch | StatusWord | DeadLetter)


def test_ids_in_the_helpers_are_what_they_seem() -> None:
    """So that a test that compares with batch_id(3) compares with row 301 to 400."""
    assert str(batch_id(3)) == f"{UUID(int=7)}/301/400"
