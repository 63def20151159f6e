"""`stored` and `status`: read back, or refused by name."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.status import GatewayStatus, UnreadableStatus, decode_status, encode_status
from schemas.stored import Stored, UnreadableStored, decode_stored, encode_stored
from schemas.wire import BatchId

A = BatchId(outbox=UUID(int=1), first_row=1, last_row=9)
B = BatchId(outbox=UUID(int=1), first_row=10, last_row=10)


def test_an_answer_reads_back() -> None:
    answer = Stored(stored=(A,), dead_lettered=(B,))
    assert decode_stored(encode_stored(answer)) == answer


def test_a_status_reads_back() -> None:
    status = GatewayStatus(v=1, gateway_id="truck-17", state="online", outbox_readings=3)
    assert decode_status(encode_status(status)) == status


@given(st.binary(max_size=100))
def test_other_bytes_are_refused_by_name(payload: bytes) -> None:
    with pytest.raises(UnreadableStored):
        decode_stored(payload)
    with pytest.raises(UnreadableStatus):
        decode_status(payload)


def test_a_message_nested_without_end_is_refused_by_name() -> None:
    """It would come again after every restart of whoever it kills."""
    nested = b'{"v":1,"gateway_id":"a","state":"online","x":' + b"[" * 3000
    with pytest.raises(UnreadableStatus):
        decode_status(nested)
    with pytest.raises(UnreadableStored):
        decode_stored(b'{"v":1,"x":' + b"[" * 100_000)


def test_a_status_has_4096_bytes_at_most() -> None:
    status = b'{"v":1,"gateway_id":"a","state":"online"'
    assert decode_status(status + b" " * (4096 - len(status) - 1) + b"}")
    with pytest.raises(UnreadableStatus, match="4097 bytes; it has at most 4096"):
        decode_status(status + b" " * (4097 - len(status) - 1) + b"}")


@pytest.mark.parametrize("payload", [b'{"v":2}', b'{"v":1,"stored":["x"]}', b'{"v":1,"stored":3}'])
def test_a_stored_message_of_another_shape_is_refused(payload: bytes) -> None:
    with pytest.raises(UnreadableStored):
        decode_stored(payload)


@pytest.mark.parametrize(
    "payload",
    [b'{"v":2,"gateway_id":"a","state":"online"}', b'{"v":1,"gateway_id":"a","state":"dead"}'],
)
def test_a_status_of_another_shape_is_refused(payload: bytes) -> None:
    with pytest.raises(UnreadableStatus):
        decode_status(payload)
