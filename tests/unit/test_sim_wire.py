"""Messages between the air and its guests."""

import itertools
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_sim import air_wire as wire


@given(
    bodies=st.lists(st.binary(max_size=60), max_size=8),
    cuts=st.lists(st.integers(0, 500), max_size=12),
)
def test_messages_come_out_whole_however_the_stream_is_cut(
    bodies: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(len(body).to_bytes(4, "big") + body for body in bodies)
    splitter = wire.Splitter(60)
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    out = [
        body
        for left, right in itertools.pairwise(edges)
        for body in splitter.feed(stream[left:right])
    ]

    assert out == bodies


def test_a_message_that_is_too_long_is_refused_by_its_length() -> None:
    splitter = wire.Splitter(100)
    assert splitter.feed(b"\0\0\0\x64" + bytes(100)) == [bytes(100)]
    with pytest.raises(wire.MalformedMessage):
        splitter.feed(b"\0\0\0\x65")


@given(st.binary(max_size=200))
@example(msgspec.msgpack.encode(["RadioHello", "truck-1", 0.0, 0.0]).replace(b"truck", b"tr\xffck"))
@example(b"\x91" * 10_000)
def test_any_bytes_are_a_message_or_malformed(body: bytes) -> None:
    for decoder in (wire.hello_decoder, wire.radio_decoder, wire.question_decoder):
        try:
            wire.parse(decoder, body)
        except wire.MalformedMessage:
            continue


def test_a_socket_path_has_at_most_107_bytes() -> None:
    fits = Path("/" + "a" * 106)

    assert wire.socket_name(fits) == str(fits)
    with pytest.raises(wire.AirPathTooLong, match="air_path"):
        wire.socket_name(Path("/" + "a" * 107))
