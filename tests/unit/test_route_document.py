"""A problem as JSON: what is written is read again, and what is no problem is refused by place."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.check import ImpossibleProblem
from routing.document import UnreadableProblem, read_problem, source_of, write_problem
from routing.document_shapes import ProblemDocument, strict
from routing.evaluate import evaluate
from routing.problem import Place, Problem
from routing.travel import GreatCircle, Leg, Matrices, Pace
from routing.travel_sources import GreatCircleSource, OsmSource, RoadRule
from routing.weather import Weathered
from tests.routing_street import order, street
from tests.routing_world import random_draft, random_problem

BEIJING: dict[str, Any] = {
    "travel": {"source": "great_circle", "modes": {"van": {"speed_kmh": [30]}}},
    "places": [
        {"id": "d", "lat_deg": 39.9, "lon_deg": 116.4},
        {"id": "p", "lat_deg": 39.95, "lon_deg": 116.45},
    ],
    "depots": [{"id": "depot", "place": "d"}],
    "vehicles": [
        {
            "id": "van",
            "depot": "depot",
            "mode": "van",
            "capacity": {"chilled_g": 9000},
            "start_s": 28800,
            "end_s": 82800,
        }
    ],
    "orders": [
        {
            "id": "o",
            "place": "p",
            "load": {"chilled_g": 1000},
            "depots": ["depot"],
            "due_s": 43200,
            "latest_s": 46800,
            "drop_cost": 5000,
        }
    ],
}


def edited(*steps: str | int, value: Any) -> bytes:
    """Return Beijing's document with one value set."""
    document = json.loads(json.dumps(BEIJING))
    part = document
    for step in steps[:-1]:
        part = part[step]
    part[steps[-1]] = value
    return json.dumps(document).encode()


def refused(data: bytes) -> tuple[str, str]:
    with pytest.raises(ImpossibleProblem) as error:
        read_problem(data)
    return error.value.where, error.value.reason


def apart_from_travel(problem: Problem) -> Problem:
    return replace(problem, travel=Matrices({}))


@pytest.mark.parametrize("seed", range(30))
def test_what_is_written_is_read_again(seed: int) -> None:
    problem = random_problem(seed)
    data = write_problem(problem)
    again = read_problem(data)
    assert apart_from_travel(again) == apart_from_travel(problem)
    assert write_problem(again) == data
    draft = random_draft(problem, seed)
    assert evaluate(again, draft) == evaluate(problem, draft)


def test_every_field_of_a_problem_is_in_its_document() -> None:
    assert set(ProblemDocument.__dataclass_fields__) == set(Problem.__dataclass_fields__)


def test_places_and_orders_stand_on_a_line_each_without_what_is_usual() -> None:
    lines = write_problem(street(order(0, 1))).decode().splitlines()
    assert '{"id":"km7"},' in lines
    assert (
        '{"id":"o0","place":"km1","load":{"chilled_g":1000},"depots":["depot"],'
        '"due_s":82800,"latest_s":82800,"drop_cost":10000}'
    ) in lines


def test_sets_are_written_in_order() -> None:
    skilled = street(order(0, 1, skills=frozenset({"stairs", "alcohol", "cash"})))
    assert b'"skills":["alcohol","cash","stairs"]' in write_problem(skilled)


def test_the_great_circle_is_read_and_written() -> None:
    problem = read_problem(json.dumps(BEIJING).encode())
    assert isinstance(problem.travel, GreatCircle)
    assert problem.travel.paces == {"van": Pace((30.0,))}
    assert json.loads(write_problem(problem)) == {**BEIJING, "now_s": 0} | {
        "travel": {
            "source": "great_circle",
            "modes": {
                "van": {"speed_kmh": [30.0], "starts_s": [0], "road_factor": 1.3, "stop_s": 0}
            },
            "weather": "dry",
        }
    }


def test_weather_is_read_and_written() -> None:
    """Rain takes 15 % longer."""
    dry = read_problem(json.dumps(BEIJING).encode())
    wet = read_problem(edited("travel", "weather", value="rain"))
    [dry_s], [wet_s] = (
        dry.travel.leg("van", 0, 1).durations_s,
        wet.travel.leg("van", 0, 1).durations_s,
    )
    assert dry_s * 1.15 <= wet_s < dry_s * 1.15 + 1
    assert isinstance(wet.travel, Weathered)
    assert json.loads(write_problem(wet))["travel"]["weather"] == "rain"


def test_null_in_a_matrix_is_no_way_and_stays_null() -> None:
    document = {
        **BEIJING,
        "places": [{"id": "d"}, {"id": "p"}, {"id": "q"}],
        "travel": {
            "source": "matrices",
            "modes": {
                "van": {
                    "distance_m": [[0, 700, 900], [800, 0, None], [900, 300, 0]],
                    "duration_s": [[[0, 70, 90], [80, 0, None], [90, 30, 0]]],
                }
            },
        },
    }
    problem = read_problem(json.dumps(document).encode())
    assert problem.travel.leg("van", 1, 0) == Leg(800, (80,))
    assert problem.travel.leg("van", 1, 2).durations_s == (10_000_000,)
    written = json.loads(write_problem(problem))["travel"]["modes"]["van"]
    assert written["duration_s"] == document["travel"]["modes"]["van"]["duration_s"]


def test_travel_of_another_kind_is_written_as_its_matrices() -> None:
    class Steps:
        """One metre and one second a place, whatever the mode."""

        modes = ("foot",)

        def starts_s(self, _mode: str) -> tuple[int, ...]:
            return (0,)

        def leg(self, _mode: str, origin: int, destination: int) -> Leg:
            return Leg(abs(origin - destination), (abs(origin - destination),))

        def matrix(self, _mode: str, origins: Any, destinations: Any) -> Any:
            steps = np.abs(np.subtract.outer(np.array(origins), np.array(destinations)))
            return steps.astype(np.int32), steps[None].astype(np.int32)

    problem = replace(street(), vehicles=(), travel=Steps())
    again = read_problem(write_problem(problem))
    assert again.travel.leg("foot", 3, 7) == Leg(4, (4,))
    with pytest.raises(ValueError, match="travel between 2001 places is too large to write"):
        source_of(Steps(), 2001)
    named = OsmSource(file="beijing.osm.pbf", modes={"foot": RoadRule(kind="foot")})
    written = json.loads(write_problem(problem, source=named))["travel"]
    assert (written["source"], written["file"]) == ("osm", "beijing.osm.pbf")


@pytest.mark.parametrize(
    ("data", "where", "reason"),
    [
        (edited("ordres", value=[]), "ordres", "is not known here; did you mean orders?"),
        (
            edited("orders", 0, "late_cost", value=1),
            "orders[0].late_cost",
            "is not known here; did you mean late_cost_per_min?",
        ),
        (
            edited("orders", 0, "load", "bytes", value=1),
            "orders[0].load.bytes",
            "is not known here; known are ambient_g, chilled_g, frozen_g",
        ),
        (
            edited("travel", "modes", "van", "speed_mph", value=[1]),
            "travel.modes.van.speed_mph",
            "is not known here; did you mean speed_kmh?",
        ),
        (edited("orders", 0, value={}), "orders[0].id", "is missing; give it"),
        (
            edited("orders", 0, "due_s", value="9:00"),
            "orders[0].due_s",
            "is a text; give a whole number",
        ),
        (
            edited("orders", 0, "due_s", value=3.5),
            "orders[0].due_s",
            "is a fraction; give a whole number",
        ),
        (
            edited("orders", 0, "hold_s", value=[1]),
            "orders[0].hold_s",
            "is a list; give a whole number or null",
        ),
        (edited("orders", value={}), "orders", "is an object; give a list"),
        (
            edited("vehicles", 0, "kind", value="vna"),
            "vehicles[0].kind",
            "is 'vna'; did you mean van?",
        ),
        (
            edited("travel", "source", value="matrix"),
            "travel.source",
            "is 'matrix'; did you mean matrices?",
        ),
        (
            edited("travel", "modes", "van", "speed_kmh", value=[-1]),
            "travel.modes.van.speed_kmh[0]",
            "is out of bounds; give a number >= 1.0",
        ),
        (edited("now_s", value=None), "now_s", "is null; give a whole number"),
        (b"[]", "document", "is a list; give an object"),
        (b"", "document", "is no JSON: Input data was truncated"),
        (b"\n  {,", "line 2, byte 4", "is no JSON: malformed: object keys must be strings"),
        (b"\xff", "line 1, byte 1", "is no JSON: malformed: invalid character"),
    ],
)
def test_what_is_no_problem_is_refused_with_its_place(data: bytes, where: str, reason: str) -> None:
    with pytest.raises(UnreadableProblem) as error:
        read_problem(data)
    assert (error.value.where, error.value.reason) == (where, reason)


@pytest.mark.parametrize(
    ("once", "twice", "where"),
    [
        ('"now_s": 1', '"now_s": 1, "now_s": 1', "now_s"),
        ('"orders": [', '"orders": [], "orders": [', "orders"),
        ('"due_s": ', '"due_s": 1, "due_s": ', "orders[0].due_s"),
        ('"van": {', '"van": {"speed_kmh": [9]}, "van": {', "travel.modes.van"),
    ],
)
def test_a_field_that_stands_twice_is_refused(once: str, twice: str, where: str) -> None:
    """A reader of JSON would take one of the two: all orders of the other could be lost."""
    text = json.dumps(BEIJING | {"now_s": 1})
    assert read_problem(text.encode()).now_s == 1
    with pytest.raises(UnreadableProblem) as error:
        read_problem(text.replace(once, twice, 1).encode())
    assert (error.value.where, error.value.reason) == (where, "stands here twice; give it once")


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_is_no_number_in_json_is_refused_by_line(word: bytes) -> None:
    data = json.dumps(BEIJING, indent=1).encode().replace(b"39.95", word)
    line = data[: data.index(word)].count(b"\n") + 1
    where, reason = refused(data)
    assert where.startswith(f"line {line}, byte ")
    assert reason == "is no JSON: there is no NaN and no Infinity; leave out what has no limit"


def test_numbers_too_large_for_any_machine_are_refused() -> None:
    assert refused(edited("orders", 0, "due_s", value=10**40))[0] == "orders[0].due_s"
    data = json.dumps(BEIJING).encode().replace(b"39.95", b"1e999")
    assert refused(data)[0] == "places[1].lat_deg"


def test_coordinates_are_asked_for_before_travel_is_opened() -> None:
    data = edited("places", 1, value={"id": "p"})
    assert refused(data) == ("places[1].lat_deg", "is absent; give degrees, WGS 84")


def matrices(rows: Any) -> bytes:
    rule = {"distance_m": [[0, 1], [1, 0]], "duration_s": [rows]}
    return edited("travel", value={"source": "matrices", "modes": {"van": rule}})


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        ([[0, 1]], "travel.modes.van.duration_s[0]"),
        ([[0, 1], [1]], "travel.modes.van.duration_s[0][1]"),
        ([[0, 1, 2], [1, 0, 2]], "travel.modes.van.duration_s[0][0]"),
        ([[0, -1], [1, 0]], "travel.modes.van.duration_s[0]"),
        ([[0, 1], [1, "0"]], "travel.modes.van.duration_s[0][1][1]"),
        ([[0, 1], [1, 0.5]], "travel.modes.van.duration_s[0][1][1]"),
    ],
)
def test_matrices_of_a_wrong_shape_are_refused(rows: Any, where: str) -> None:
    read_problem(matrices([[0, 1], [1, 0]]))
    assert refused(matrices(rows))[0].startswith(where)


def test_the_check_is_made_and_its_limit_can_be_set() -> None:
    assert refused(edited("orders", 0, "load", "chilled_g", value=-5)) == (
        "orders[0].load.chilled_g",
        "is -5; give 0 or more",
    )
    with pytest.raises(ImpossibleProblem, match="at most 0 are planned at once"):
        read_problem(json.dumps(BEIJING).encode(), max_orders=0)


def test_deep_nesting_is_refused() -> None:
    data = b'{"travel":' + b"[" * 200_000
    assert refused(data)[0] in {"document", "travel"}
    data = b'{"orders":[{"x":' + b'{"x":' * 200_000
    assert refused(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(ImpossibleProblem):
        read_problem(data)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def paths_of(part: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return where everything in a document stands."""
    steps = (
        part.items()
        if isinstance(part, dict)
        else enumerate(part)
        if isinstance(part, list)
        else ()
    )
    return [path, *(found for step, inner in steps for found in paths_of(inner, (*path, step)))]


def read_if_possible(data: bytes) -> Problem | None:
    """Return the problem, or nothing if it is refused with a place and a reason."""
    try:
        return read_problem(data)
    except ImpossibleProblem as refusal:
        if not refusal.where or not refusal.reason:
            raise
        return None


@given(st.sampled_from(paths_of(BEIJING)[1:]), ANY)
def test_any_value_anywhere_is_read_or_refused(path: tuple[str | int, ...], value: object) -> None:
    problem = read_if_possible(edited(*path, value=value))
    if problem is not None:
        data = write_problem(problem)
        assert write_problem(read_problem(data)) == data


@given(st.data())
def test_a_truncated_or_damaged_document_is_read_or_refused(data: st.DataObject) -> None:
    text = json.dumps(BEIJING).encode()
    at = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(UnreadableProblem):
        read_problem(text[:at])
    damaged = text[:at] + data.draw(st.binary(min_size=1, max_size=2)) + text[at + 1 :]
    read_if_possible(damaged)


def test_a_file_that_is_named_is_looked_for_in_the_folder(tmp_path: Path) -> None:
    """No such map: the great circle stands in, and a sentence says so."""
    travel = {"source": "osm", "file": "nowhere.osm.pbf", "modes": {"van": {}}}
    said: list[str] = []
    problem = read_problem(edited("travel", value=travel), folder=tmp_path, report=said.append)
    assert "nowhere.osm.pbf" in said[0]
    assert problem.travel.leg("van", 0, 1).distance_m > 0


def test_the_twins_know_the_same_fields() -> None:
    twin = strict(Place)
    assert twin.__struct_fields__ == ("id", "lat_deg", "lon_deg")
    assert GreatCircleSource.__struct_config__.forbid_unknown_fields
