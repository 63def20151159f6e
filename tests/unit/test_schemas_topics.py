"""Topics: sharded by gateway, for ever."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import GatewayId, MalformedId, parse_gateway_id, parse_logger_id
from schemas.topics import (
    Kind,
    MalformedShards,
    MalformedTopic,
    parse_shards,
    parse_topic,
    shard_of,
    subscription,
    topic_of,
)

TRUCK = GatewayId("truck-17")


def test_the_check_value_of_crc32_gives_the_shard() -> None:
    """CRC-32 of "123456789" is CBF43926 in its catalogue; its last six bits are 0x26."""
    assert zlib.crc32(b"123456789") == 0xCBF43926
    assert shard_of(GatewayId("123456789")) == 0x26
    assert topic_of(GatewayId("123456789"), Kind.READINGS) == "frostline/v1/26/123456789/readings"


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", fullmatch=True), st.sampled_from(Kind))
def test_a_topic_reads_back(name: str, kind: Kind) -> None:
    assert parse_topic(topic_of(GatewayId(name), kind)) == (name, kind)


@given(st.text(max_size=80))
def test_any_other_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(MalformedTopic):
        parse_topic(text)


@pytest.mark.parametrize(
    "topic",
    [
        "frostline/v1/26/123456789",
        "frostline/v1/26/123456789/readings/x",
        "x/frostline/v1/26/123456789/readings",
        "frostline/v2/26/123456789/readings",
        "frostline/v1/26/123456789/nothing",
    ],
)
def test_a_topic_of_another_shape_is_refused(topic: str) -> None:
    with pytest.raises(MalformedTopic):
        parse_topic(topic)


def test_a_topic_under_the_wrong_shard_says_the_right_one() -> None:
    with pytest.raises(MalformedTopic, match="use 'frostline/v1/26/123456789/readings'"):
        parse_topic("frostline/v1/27/123456789/readings")


def test_a_subscription_covers_its_shard() -> None:
    assert subscription(0x0A, Kind.STATUS) == "frostline/v1/0a/+/status"


def test_shards_are_read_as_a_range_with_both_ends() -> None:
    assert parse_shards("00-1f") == range(32)
    assert parse_shards("3f") == range(63, 64)


@pytest.mark.parametrize("text", ["", "40", "1f-00", "00-", "-", "0-1", "00-40", "zz"])
def test_other_ranges_are_refused(text: str) -> None:
    with pytest.raises(MalformedShards, match="expected such as 00-3f"):
        parse_shards(text)


@pytest.mark.parametrize("text", ["c4a5e3000001", "c4:a5:e3:00:00:01", "C4-A5-E3-00-00-01"])
def test_an_address_is_spelled_in_one_way(text: str) -> None:
    assert parse_logger_id(text) == "C4:A5:E3:00:00:01"


@pytest.mark.parametrize("text", ["", "c4a5e30000", "g4:a5:e3:00:00:01", "c4:a5:e3:00:00:01:02"])
def test_another_address_is_refused(text: str) -> None:
    with pytest.raises(MalformedId, match="a Bluetooth address such as"):
        parse_logger_id(text)


@pytest.mark.parametrize("text", ["", "-a", "a/b", "a+b", "#", "ü", "a" * 64, "a b", "a\n"])
def test_a_gateway_id_fits_one_topic_level(text: str) -> None:
    with pytest.raises(MalformedId, match="1 to 63 letters"):
        parse_gateway_id(text)


def test_63_characters_are_not_too_many() -> None:
    assert parse_gateway_id("a" * 63) == "a" * 63
    assert shard_of(TRUCK) < 64
