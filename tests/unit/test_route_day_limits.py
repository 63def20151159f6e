"""Each limit of an order and of a vehicle holds to the second, the gram and the metre."""

from typing import Any

import pytest

from routing.evaluate import evaluate
from routing.plan import Tour, Visit
from routing.problem import CurrentTrip, Load, Locker, Problem
from tests.routing_street import EIGHT, draft, order, street, tour, van


def reasons(problem: Problem, *tours: Tour) -> list[str]:
    return [violation.reason for violation in evaluate(problem, draft(*tours)).violations]


@pytest.mark.parametrize(("latest_s", "broken"), [(300, []), (299, ["promise"])])
def test_service_begins_no_later_than_the_latest(latest_s: int, broken: list[str]) -> None:
    """Km 3 is reached after 300 s. That its service takes longer doesn't matter."""
    problem = street(order(0, 3, latest_s=EIGHT + latest_s, service_s=60))
    assert reasons(problem, tour(0)) == broken


@pytest.mark.parametrize(("hold_s", "broken"), [(570, []), (569, ["cold"])])
def test_exposure_counts_doors_and_stays_within_the_hold_time(
    hold_s: int, broken: list[str]
) -> None:
    """Km 1, 60 s there, km 2, 60 s there, km 3: 420 s aboard, and 2 doors of 75 s: 570 s."""
    problem = street(
        order(0, 1, service_s=60),
        order(1, 2, service_s=60),
        order(2, 3, hold_s=hold_s),
        vehicles=(van(door_s=75),),
    )
    assert reasons(problem, tour(0, 1, 2)) == broken


def test_the_own_door_is_not_yet_open() -> None:
    """The only stop: 300 s aboard, and no door before."""
    problem = street(order(0, 3, hold_s=300), vehicles=(van(door_s=75),))
    assert reasons(problem, tour(0)) == []


@pytest.mark.parametrize("zone", ["frozen_g", "chilled_g", "ambient_g"])
@pytest.mark.parametrize(("capacity_g", "broken"), [(3000, []), (2999, ["capacity"])])
def test_a_compartment_carries_its_capacity(zone: str, capacity_g: int, broken: list[str]) -> None:
    """1,000 g and 2,000 g of a zone, whatever the others could carry."""
    roomy = {"frozen_g": 99_999, "chilled_g": 99_999, "ambient_g": 99_999}
    problem = street(
        order(0, 1, load=Load(**{zone: 1000})),
        order(1, 2, load=Load(**{zone: 2000})),
        vehicles=(van(capacity=Load(**(roomy | {zone: capacity_g}))),),
    )
    assert reasons(problem, tour(0, 1)) == broken


def test_each_trip_has_the_whole_capacity() -> None:
    problem = street(
        order(0, 1, load=Load(frozen_g=3000)),
        order(1, 2, load=Load(frozen_g=3000)),
        vehicles=(van(max_trips=2, capacity=Load(frozen_g=3000)),),
    )
    assert reasons(problem, tour(0), tour(1)) == []


def test_a_zone_without_a_compartment_is_not_a_full_one() -> None:
    problem = street(
        order(0, 1, load=Load(frozen_g=1)), vehicles=(van(capacity=Load(chilled_g=9)),)
    )
    assert reasons(problem, tour(0)) == ["compartment"]


@pytest.mark.parametrize(("range_m", "broken"), [(10_500, []), (10_499, ["range"])])
def test_the_range_bounds_the_whole_shift(range_m: int, broken: list[str]) -> None:
    """2,500 m driven before, 2 x 1 km and 2 x 3 km: 10,500 m."""
    vehicle = van(max_trips=2, range_m=range_m, driven_m=2500)
    problem = street(order(0, 1), order(1, 3), vehicles=(vehicle,))
    assert reasons(problem, tour(0), tour(1)) == broken


@pytest.mark.parametrize(("end_s", "broken"), [(660, []), (659, ["shift"])])
def test_the_vehicle_is_home_by_the_end_of_its_shift(end_s: int, broken: list[str]) -> None:
    """300 s out, 60 s at the door, 300 s back."""
    problem = street(order(0, 3, service_s=60), vehicles=(van(end_s=EIGHT + end_s),))
    assert reasons(problem, tour(0)) == broken


@pytest.mark.parametrize(("end_s", "broken"), [(360, []), (359, ["shift"])])
def test_without_return_the_last_service_ends_within_the_shift(
    end_s: int, broken: list[str]
) -> None:
    vehicle = van(end_s=EIGHT + end_s, returns=False)
    assert reasons(street(order(0, 3, service_s=60), vehicles=(vehicle,)), tour(0)) == broken


@pytest.mark.parametrize(("max_trips", "broken"), [(2, []), (1, ["shift"])])
def test_no_more_trips_start_than_may(max_trips: int, broken: list[str]) -> None:
    problem = street(order(0, 1), order(1, 2), vehicles=(van(max_trips=max_trips),))
    assert reasons(problem, tour(0), tour(1)) == broken


@pytest.mark.parametrize(("returns", "broken"), [(True, []), (False, ["shift"])])
def test_who_does_not_return_makes_one_trip(returns: bool, broken: list[str]) -> None:
    """Its second trip would begin at a depot where it isn't."""
    problem = street(order(0, 1), order(1, 2), vehicles=(van(max_trips=2, returns=returns),))
    assert reasons(problem, tour(0), tour(1)) == broken


@pytest.mark.parametrize(("returns", "broken"), [(True, []), (False, ["shift"])])
def test_who_does_not_return_makes_none_after_the_one_under_way(
    returns: bool, broken: list[str]
) -> None:
    current = CurrentTrip(departed_s=EIGHT, place="km5", free_s=EIGHT + 500)
    problem = street(order(0, 1), vehicles=(van(current=current, returns=returns),))
    assert reasons(problem, tour(), tour(0)) == broken


STAIRS, LIFT = frozenset({"stairs"}), frozenset({"lift"})


@pytest.mark.parametrize(
    ("changes", "vehicle", "broken"),
    [
        ({"skills": STAIRS}, {"skills": STAIRS | LIFT}, []),
        ({"skills": STAIRS | LIFT}, {"skills": STAIRS}, ["skill"]),
        ({"only_vehicle": "van"}, {}, []),
        ({"only_vehicle": "other"}, {}, ["pin"]),
        ({"depots": ("elsewhere", "depot")}, {}, []),
        ({"depots": ("elsewhere",)}, {}, ["stock"]),
    ],
)
def test_who_may_bring_an_order(
    changes: dict[str, Any], vehicle: dict[str, Any], broken: list[str]
) -> None:
    problem = street(order(0, 1, **changes), vehicles=(van(**vehicle),))
    assert reasons(problem, tour(0)) == broken


def test_a_place_without_a_way_is_unreachable() -> None:
    """10,000,000 s stand for no road. Nobody is home by eleven then, either."""
    problem = street(order(0, 3))
    problem.travel.by_mode["van"].duration_s[0, 0, 3] = 10_000_000
    assert "unreachable" in reasons(problem, tour(0))


def test_a_locker_is_a_way_to_who_is_not_home() -> None:
    """The promise of 100 s holds at the locker at km 1, and not at the door at km 5."""
    problem = street(order(0, 5, latest_s=EIGHT + 100, locker=Locker(place="km1")))
    assert reasons(problem, tour(0)) == ["promise"]
    assert reasons(problem, tour(0)._replace(visits=(Visit(0, to_locker=True),))) == []


def test_each_rule_that_is_broken_is_named() -> None:
    """Late, warm and heavy: three rules, and whose they are."""
    problem = street(
        order(0, 3, latest_s=EIGHT + 1, hold_s=1), vehicles=(van(capacity=Load(chilled_g=1)),)
    )
    violations = evaluate(problem, draft(tour(0))).violations
    assert [(v.reason, v.vehicle, v.order) for v in violations] == [
        ("capacity", "van", None),
        ("promise", "van", "o0"),
        ("cold", "van", "o0"),
    ]
    assert all(v.sentence.startswith("van: ") for v in violations)
