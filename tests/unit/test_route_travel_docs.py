import re
from pathlib import Path

import msgspec
import pytest

from routing.roads.rules import KINDS
from routing.travel_sources import TravelSource
from routing.travel_values import FALLBACK_KMH
from routing.weather import FACTORS

TEXT = (Path(__file__).parents[2] / "docs" / "travel.md").read_text()
EXAMPLES = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)


def test_there_is_an_example_of_each_source():
    assert {msgspec.json.decode(example)["source"] for example in EXAMPLES} == {
        "great_circle",
        "matrices",
        "osm",
        "osrm",
    }


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_what_a_document_may_say(example):
    msgspec.json.decode(example, type=TravelSource)


def test_the_table_of_weather_is_the_program_s():
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|$", TEXT, re.MULTILINE)
    assert {name: float(factor) for name, factor in rows} == dict(FACTORS)


def test_every_kind_is_in_the_table_and_has_a_speed_to_fall_back_on():
    kinds = set(re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$", TEXT, re.MULTILINE))
    assert kinds == set(KINDS) == set(FALLBACK_KMH)
