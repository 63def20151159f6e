"""Travel that doesn't fit the problem, and places that no vehicle reaches, are refused."""

from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from routing.check import ImpossibleProblem, check
from routing.problem import CurrentTrip, Depot, Load, Locker, Place, Problem, Vehicle
from routing.travel import UNREACHABLE_S, GreatCircle, Matrices, ModeMatrix, Pace
from routing.weather import Weathered
from tests.routing_street import EIGHT, HOMES, order, street, van

Change = Callable[[Any], None]


def first_fault(problem: Problem) -> tuple[str, str]:
    with pytest.raises(ImpossibleProblem) as refused:
        check(problem)
    return refused.value.where, refused.value.reason


def changed(problem: Problem, **changes: Any) -> Problem:
    """Return the street with other matrices; a callable changes a copy of them."""
    travel = problem.travel
    assert isinstance(travel, Matrices)
    matrix = travel.by_mode["van"]
    for name, value in changes.items():
        made = value
        if callable(value):
            made = getattr(matrix, name).copy()
            value(made)
        matrix = replace(matrix, **{name: made})
    return replace(problem, travel=Matrices({"van": matrix}))


def put(index: tuple[int, ...], value: int) -> Change:
    def change(cells: Any) -> None:
        cells[index] = value

    return change


STREET = street(order(0, 1), order(1, 2))


def test_every_vehicle_moves_in_a_mode_that_travel_knows() -> None:
    vehicles = (van(), van("b", mode="trike"))
    assert first_fault(street(vehicles=vehicles)) == (
        "vehicles[1].mode",
        'travel knows no "trike"; its modes are van',
    )


@pytest.mark.parametrize(
    ("changes", "where", "reason"),
    [
        (
            {"distance_m": np.zeros((HOMES, HOMES - 1), np.int32)},
            "distance_m",
            "is 21 x 20; give 21 x 21, by place",
        ),
        (
            {"duration_s": np.zeros((1, HOMES + 1, HOMES), np.int32)},
            "duration_s",
            "is 1 x 22 x 21; give slices x 21 x 21",
        ),
        (
            {"duration_s": np.zeros((HOMES, HOMES), np.int32)},
            "duration_s",
            "is 21 x 21; give slices x 21 x 21",
        ),
        ({"distance_m": put((2, 3), -1)}, "distance_m[2][3]", "is -1; give 0 or more"),
        (
            {"distance_m": put((2, 3), 2_000_001)},
            "distance_m[2][3]",
            "is 2000001; give at most 2000000",
        ),
        (
            {"duration_s": put((0, 2, 3), -1)},
            "duration_s[0][2][3]",
            "is -1; give 0 or more, or null for no way",
        ),
        (
            {"duration_s": put((0, 2, 3), 1_000_001)},
            "duration_s[0][2][3]",
            "is 1000001; give at most 1000000, or null for no way",
        ),
        (
            {"distance_m": np.zeros((HOMES, HOMES))},
            "distance_m",
            "holds float64; give whole numbers",
        ),
        ({"starts_s": (0, 60)}, "starts_s", "has 2 slices, the durations 1; give as many"),
        (
            {"starts_s": (60,)},
            "starts_s",
            "doesn't begin at 0; the first slice begins at midnight",
        ),
        ({"starts_s": (0.0,)}, "starts_s", "gives other than whole numbers; give seconds"),
    ],
)
def test_matrices_fit_the_places(changes: dict[str, Any], where: str, reason: str) -> None:
    check(STREET)
    assert first_fault(changed(STREET, **changes)) == (f"travel.modes.van.{where}", reason)


@pytest.mark.parametrize("value", [0, 2_000_000])
def test_metres_up_to_2000_km_pass(value: int) -> None:
    check(changed(STREET, distance_m=put((2, 3), value)))


@pytest.mark.parametrize("value", [0, 1_000_000, UNREACHABLE_S])
def test_seconds_up_to_a_million_pass_and_so_does_no_way(value: int) -> None:
    check(changed(STREET, duration_s=put((0, 2, 3), value)))


def test_slices_begin_one_after_another() -> None:
    twice = street(order(0, 1), paces={0: 10.0, EIGHT: 5.0})
    check(twice)
    assert first_fault(changed(twice, starts_s=(0, 0)))[0] == "travel.modes.van.starts_s[1]"
    check(changed(twice, starts_s=(0, 1)))


def test_a_road_is_open_in_every_slice_or_in_none() -> None:
    twice = street(order(0, 1), paces={0: 10.0, EIGHT: 5.0})
    where, _ = first_fault(changed(twice, duration_s=put((1, 4, 5), UNREACHABLE_S)))
    assert where == "travel.modes.van.duration_s[1][4][5]"

    def close(seconds: Any) -> None:
        seconds[:, 4, 5] = UNREACHABLE_S

    check(changed(twice, duration_s=close))


def test_travel_in_the_rain_is_looked_through() -> None:
    bad = changed(STREET, distance_m=put((2, 3), -1))
    wet = replace(bad, travel=Weathered(bad.travel, "rain"))
    assert first_fault(wet)[0] == "travel.modes.van.distance_m[2][3]"


def no_way(*pairs: tuple[int, int]) -> Change:
    def close(seconds: Any) -> None:
        for a, b in pairs:
            seconds[:, a, b] = UNREACHABLE_S

    return close


def test_a_place_that_no_vehicle_reaches_is_said() -> None:
    where, reason = first_fault(changed(STREET, duration_s=no_way((0, 2))))
    assert where == "orders[1].place"
    assert reason == (
        'no vehicle has a way to "km2" and back from depot; '
        "correct the place or the travel, or leave the order out"
    )


def test_a_way_without_a_way_back_is_none_unless_nobody_returns() -> None:
    one_way = changed(STREET, duration_s=no_way((2, 0)))
    assert first_fault(one_way)[0] == "orders[1].place"
    check(replace(one_way, vehicles=(van(returns=False),)))


def test_a_place_is_reached_from_another_depot_by_another_mode_or_at_its_locker() -> None:
    cut_off = changed(STREET, duration_s=no_way((0, 2)))
    there = replace(cut_off.orders[1], depots=("depot", "other"))
    depots = (*cut_off.depots, Depot(id="other", place="km9"))
    two = replace(cut_off, orders=(cut_off.orders[0], there), depots=depots)
    check(replace(two, vehicles=(van(), van("b", depot="other"))))

    assert isinstance(cut_off.travel, Matrices)
    assert isinstance(STREET.travel, Matrices)
    both = Matrices({**cut_off.travel.by_mode, "trike": STREET.travel.by_mode["van"]})
    assert first_fault(replace(cut_off, travel=both))[0] == "orders[1].place"
    check(replace(cut_off, travel=both, vehicles=(van(), van("b", mode="trike"))))

    locker = replace(cut_off.orders[1], locker=Locker(place="km3"))
    check(replace(cut_off, orders=(cut_off.orders[0], locker)))


def test_what_is_aboard_is_reached_from_where_its_vehicle_is() -> None:
    trip = CurrentTrip(departed_s=EIGHT, place="km5", free_s=EIGHT, aboard=("o1",))
    vehicles = (van(current=trip),)
    under_way = replace(STREET, vehicles=vehicles)
    check(changed(under_way, duration_s=no_way((0, 2))))
    where, reason = first_fault(changed(under_way, duration_s=no_way((5, 2))))
    assert where == "orders[1].place"
    assert reason.startswith('van carries it and has no way there from "km5"')


def round_earth(
    places: tuple[Place, ...] = (
        Place(id="d", lat_deg=39.9, lon_deg=116.4),
        Place(id="p", lat_deg=39.95, lon_deg=116.45),
    ),
    **changes: Any,
) -> Problem:
    """Return one order and one van in Beijing."""
    pace: dict[str, Any] = {"speed_kmh": (30.0,)}
    coordinates = [[getattr(p, name) or 0 for p in places] for name in ("lat_deg", "lon_deg")]
    return Problem(
        places=places,
        orders=(order(0, 0, place="p"),),
        depots=(Depot(id="depot", place="d"),),
        vehicles=(van(),),
        travel=GreatCircle(*coordinates, {"van": Pace(**(pace | changes))}),
    )


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("lat_deg", (90.1, -90.1, nan, inf, True), "give -90 to 90 degrees"),
        ("lon_deg", (180.1, -180.1, nan, -inf, "116"), "give -180 to 180 degrees"),
        ("lat_deg", (None,), "is absent; give degrees, WGS 84"),
        ("lon_deg", (None,), "is absent; give degrees, WGS 84"),
    ],
)
def test_coordinates_lie_on_earth(name: str, values: tuple[Any, ...], reason: str) -> None:
    good = round_earth()
    check(good)
    for value in values:
        bad = replace(good.places[1], **{name: value})
        where, said = first_fault(replace(good, places=(good.places[0], bad)))
        assert where == f"places[1].{name}"
        assert said.endswith(reason)


@pytest.mark.parametrize(("lat_deg", "lon_deg"), [(90, 180), (-90, -180), (0, 0)])
def test_coordinates_reach_poles_and_date_line(lat_deg: float, lon_deg: float) -> None:
    places = (*street().places[1:], Place(id="km0", lat_deg=lat_deg, lon_deg=lon_deg))
    check(replace(STREET, places=places))


def test_the_great_circle_needs_coordinates_and_matrices_do_not() -> None:
    check(STREET)
    bare = (Place(id="d"), Place(id="p"))
    assert first_fault(replace(round_earth(), places=bare)) == (
        "places[0].lat_deg",
        "is absent; give degrees, WGS 84",
    )


def test_the_great_circle_knows_every_place() -> None:
    good = round_earth()
    more = (*good.places, Place(id="q", lat_deg=39.9, lon_deg=116.5))
    assert first_fault(replace(good, places=more)) == (
        "travel",
        "doesn't know places[2]; make it of all places",
    )


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"speed_kmh": (0.5,)}, "speed_kmh[0]"),
        ({"speed_kmh": (1001,)}, "speed_kmh[0]"),
        ({"speed_kmh": (nan,)}, "speed_kmh[0]"),
        ({"speed_kmh": (30.0, 20.0)}, "starts_s"),
        ({"road_factor": 0.9}, "road_factor"),
        ({"road_factor": inf}, "road_factor"),
        ({"stop_s": -1}, "stop_s"),
        ({"stop_s": 3601}, "stop_s"),
    ],
)
def test_a_pace_is_one_that_can_be_driven(changes: dict[str, Any], where: str) -> None:
    assert first_fault(round_earth(**changes))[0] == f"travel.modes.van.{where}"


def test_twenty_thousand_orders_are_checked_without_looking_at_every_pair() -> None:
    """All pairs of 20,020 places would be 400 million cells; twenty depots' rows are 400,000."""
    cells = 0

    class Counted(GreatCircle):
        def matrix(self, mode: str, origins: Any, destinations: Any) -> Any:
            nonlocal cells
            cells += len(origins) * len(destinations)
            return super().matrix(mode, origins, destinations)

    homes, depots = 20_000, 20
    lat_deg = np.linspace(39.8, 40.1, homes + depots).tolist()
    places = tuple(Place(id=f"p{k}", lat_deg=lat, lon_deg=116.4) for k, lat in enumerate(lat_deg))
    paces = {"van": Pace((30.0,))}
    check(
        Problem(
            places=places,
            orders=tuple(
                order(k, 0, place=f"p{k}", depots=(f"d{k % depots}",)) for k in range(homes)
            ),
            depots=tuple(Depot(id=f"d{k}", place=f"p{homes + k}") for k in range(depots)),
            vehicles=tuple(_vehicle(k) for k in range(depots)),
            travel=Counted(lat_deg, [116.4] * len(places), paces),
        )
    )
    assert cells <= depots * len(places)


def _vehicle(k: int) -> Vehicle:
    load = Load(chilled_g=1)
    return Vehicle(id=f"v{k}", depot=f"d{k}", mode="van", capacity=load, start_s=0, end_s=1)


def test_matrix_of_no_places_passes() -> None:
    empty = ModeMatrix(np.zeros((0, 0), np.int32), np.zeros((1, 0, 0), np.int32))
    check(Problem(places=(), orders=(), depots=(), vehicles=(), travel=Matrices({"van": empty})))
