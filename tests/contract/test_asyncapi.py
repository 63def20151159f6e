"""docs/asyncapi.yaml says what the code does."""

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from schemas.columns import decode_batch
from schemas.ids import GatewayId
from schemas.position import (
    ACCURACY_RANGE_M,
    MAX_BYTES,
    MAX_FIXES,
    SPEED_RANGE_M_S,
    Fix,
    Positions,
    decode_positions,
)
from schemas.status import GatewayStatus, decode_status
from schemas.stored import Stored, decode_stored, encode_stored
from schemas.topics import Kind, topic_of
from schemas.wire import WireBatch

DOCUMENT: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "docs/asyncapi.yaml").read_text(encoding="utf-8")
)


def example_of(message: str) -> dict[str, Any]:
    payload: dict[str, Any] = DOCUMENT["components"]["messages"][message]["examples"][0]["payload"]
    return payload


def validate(schema: str, payload: object) -> None:
    root = {"components": DOCUMENT["components"], "$ref": f"#/components/schemas/{schema}"}
    jsonschema.Draft7Validator(root).validate(payload)


def test_every_kind_of_message_has_its_channel() -> None:
    assert set(DOCUMENT["channels"]) == set(Kind)
    for kind in Kind:
        address = DOCUMENT["channels"][kind]["address"]
        expected = topic_of(GatewayId("123456789"), kind)
        assert address.format(shard="26", gateway="123456789") == expected


@pytest.mark.parametrize(
    ("schema", "cls"),
    [
        ("WireBatch", WireBatch),
        ("GatewayStatus", GatewayStatus),
        ("Positions", Positions),
        ("Fix", Fix),
    ],
)
def test_a_schema_has_the_types_names_and_no_others(schema: str, cls: type) -> None:
    described = DOCUMENT["components"]["schemas"][schema]
    assert list(described["properties"]) == [field.name for field in fields(cls)]
    required = [
        field.name
        for field in fields(cls)
        if field.default is MISSING and field.default_factory is MISSING
    ]
    assert described["required"] == required


def test_the_batch_in_the_document_is_read() -> None:
    example = example_of("batch")
    validate("WireBatch", example)
    columns = decode_batch(json.dumps(example).encode()).columns
    assert columns.temperature_centi_c.tolist() == [425, 430]
    assert columns.measured_at_ms.tolist() == [1_790_000_000_000, 1_790_000_010_000]
    assert columns.sequence.tolist() == [205, 206]


def test_the_answer_in_the_document_is_read_and_written() -> None:
    example = example_of("stored")
    validate("WireStored", example)
    answer = decode_stored(json.dumps(example).encode())
    assert isinstance(answer, Stored)
    assert json.loads(encode_stored(answer)) == example


def test_the_status_in_the_document_is_read() -> None:
    example = example_of("status")
    validate("GatewayStatus", example)
    assert decode_status(json.dumps(example).encode()).outbox_readings == 3


def test_the_positions_in_the_document_are_read() -> None:
    example = example_of("positions")
    validate("Positions", example)
    first, second = decode_positions(json.dumps(example).encode()).fixes
    assert (second.at_ms - first.at_ms, first.speed_m_s, second.speed_m_s) == (10_000, 8.3, None)


def test_positions_are_as_many_and_as_large_as_the_document_says() -> None:
    described = DOCUMENT["components"]["schemas"]["Positions"]
    assert described["properties"]["fixes"]["maxItems"] == MAX_FIXES
    assert f"{MAX_BYTES:,}" in described["description"]
    fix = DOCUMENT["components"]["schemas"]["Fix"]["properties"]
    for name, limits in (("speed_m_s", SPEED_RANGE_M_S), ("accuracy_m", ACCURACY_RANGE_M)):
        assert (fix[name]["minimum"], fix[name]["maximum"]) == limits
