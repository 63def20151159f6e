"""A value has one way to be written, whoever writes it."""

import json
import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rules.canonical import NotCanonical, canonical_json, canonical_sha256


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Box:
    warm: float
    colour: Colour
    at: tuple[int, ...]


def test_keys_are_sorted_and_nothing_is_padded() -> None:
    assert canonical_json({"b": 1, "a": {"d": None, "c": True}}) == (
        b'{"a":{"c":true,"d":null},"b":1}'
    )


def test_fields_of_a_dataclass_are_sorted_like_keys() -> None:
    box = Box(warm=4.25, colour=Colour.RED, at=(1, 2))
    assert canonical_json(box) == b'{"at":[1,2],"colour":"red","warm":4.25}'


def test_text_is_utf8() -> None:
    assert canonical_json("冷藏") == '"冷藏"'.encode()


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (8.000_04, b"8.0"),
        (8.000_06, b"8.0001"),
        (8.300000190734863, b"8.3"),  # 8.3 as a database's real has it
        (-0.0, b"0.0"),
        (-0.000_01, b"0.0"),
        (12, b"12"),
    ],
)
def test_floats_have_four_decimals(number: float, written: bytes) -> None:
    assert canonical_json(number) == written


def test_an_array_is_written_like_a_list() -> None:
    at_ms = np.array([1_700_000_000_000, 1], dtype=np.int64)
    readings_c = np.array([8.3, -0.0], dtype=np.float32)
    assert canonical_json([at_ms, readings_c]) == b"[[1700000000000,1],[8.3,0.0]]"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(NotCanonical, match="None says: not known"):
        canonical_json({"mean_c": [number]})


def test_a_value_of_unknown_kind_is_refused() -> None:
    with pytest.raises(NotCanonical, match="object has no canonical form"):
        canonical_json(object())


def test_the_hash_is_that_of_the_bytes() -> None:
    # printf '{"a":1}' | sha256sum
    assert canonical_sha256({"a": 1}).hex() == (
        "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    )


values = st.recursive(
    st.none() | st.booleans() | st.text() | st.floats(-1e9, 1e9) | st.integers(-(2**53), 2**53),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(values)
def test_written_twice_the_bytes_stay_the_same(value: object) -> None:
    once = canonical_json(value)
    assert canonical_json(json.loads(once)) == once
