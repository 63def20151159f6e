"""Public instances: tenths of their unit are metres, seconds and fen."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.check import ImpossibleProblem
from routing.evaluate import evaluate
from routing.exchange.solomon import UnreadableInstance, read_best_known, read_solomon
from routing.plan import Draft
from tests.routing_street import tour

DATA = Path(__file__).parents[1] / "data/vrptw"
INSTANCES = sorted(DATA.glob("*.vrp"))

COLUMNS = """\
TINY

VEHICLE
NUMBER     CAPACITY
  2         30

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE TIME

    0       0         0          0          0        100          0
    1       3         4         10         20         40          7
    2       1         1         20          0         30.5        7
"""

LAST_ROW = COLUMNS.splitlines(keepends=True)[-1]

SECTIONS = """\
NAME : TINY
TYPE : CVRPTW
DIMENSION : 3
VEHICLES : 2
CAPACITY : 30
SERVICE_TIME : 7
EDGE_WEIGHT_TYPE : EUC_2D
NODE_COORD_SECTION
1 0 0
2 3 4
3 1 1
DEMAND_SECTION
1 0
2 10
3 20
TIME_WINDOW_SECTION
1 0 100
2 20 40
3 0 30.5
DEPOT_SECTION
1
-1
EOF
"""


def with_line(old: str, new: str) -> bytes:
    assert old in SECTIONS
    return SECTIONS.replace(old, new).encode()


def first_vehicle(*order: int) -> Draft:
    return ((tour(*order),), ())


@pytest.mark.parametrize("text", [COLUMNS, SECTIONS], ids=["columns", "sections"])
def test_a_route_costs_its_way_with_each_leg_truncated(text: str) -> None:
    """5.0 to (3, 4); sqrt 13 = 3.60555 is 3.6; sqrt 2 = 1.41421 is 1.4: 10.0 in all.

    5.0 + 7 of service at 20, when it opens, + 3.6: at 30.6 the other has closed at 30.5. The other
    way round: 1.4 + 7 + 3.6 = 12.0, waits until 20.
    """
    problem = read_solomon(text.encode())
    there = evaluate(problem, first_vehicle(1, 0))
    assert there.feasible
    assert there.cost.total_minor == 100
    assert there.totals.distance_m == 100
    [trip] = there.routes[0].trips
    assert [(stop.arrives_s, stop.starts_s, stop.leaves_s) for stop in trip.stops] == [
        (14, 14, 84),
        (120, 200, 270),
    ]
    assert trip.ends_s == 320
    late = evaluate(problem, first_vehicle(0, 1))
    assert [(v.reason, v.order) for v in late.violations] == [("promise", problem.orders[1].id)]
    assert late.routes[0].trips[0].stops[1].starts_s == 306


def test_both_forms_say_the_same() -> None:
    a, b = read_solomon(COLUMNS.encode()), read_solomon(SECTIONS.encode())
    assert [order.id for order in a.orders] == ["1", "2"]
    assert [order.id for order in b.orders] == ["2", "3"]
    assert [order.load for order in a.orders] == [order.load for order in b.orders]
    assert a.vehicles == b.vehicles
    assert a.travel.leg("van", 1, 2) == b.travel.leg("van", 1, 2) == (36, (36,))


def test_a_window_takes_its_very_end() -> None:
    """The door at sqrt 2 is reached at 1.4."""
    for closes, feasible in (("1.4", True), ("1.3", False)):
        problem = read_solomon(with_line("3 0 30.5", f"3 0 {closes}"))
        assert evaluate(problem, first_vehicle(1)).feasible is feasible


def test_a_vehicle_is_home_when_the_depot_closes() -> None:
    """(3, 4) opens at 20, takes 7, and is 5.0 from home."""
    for closes, feasible in (("32", True), ("31.9", False)):
        problem = read_solomon(with_line("1 0 100", f"1 0 {closes}"))
        assert evaluate(problem, first_vehicle(0)).feasible is feasible


def test_a_vehicle_carries_its_capacity() -> None:
    for capacity, feasible in ((30, True), (29, False)):
        problem = read_solomon(with_line("CAPACITY : 30", f"CAPACITY : {capacity}"))
        assert evaluate(problem, first_vehicle(1, 0)).feasible is feasible


def test_services_may_differ() -> None:
    section = "SERVICE_TIME_SECTION\n1 0\n2 8\n3 9.5\nDEPOT_SECTION"
    problem = read_solomon(with_line("DEPOT_SECTION", section))
    assert [order.service_s for order in problem.orders] == [80, 95]


def test_coordinates_may_have_decimals() -> None:
    """(0.30, 0.40) is 0.5 from (0, 0); (0.29, 0.40) is 0.494, truncated 0.4."""
    for x, tenths in (("0.30", 5), ("0.29", 4)):
        problem = read_solomon(with_line("2 3 4", f"2 {x} 0.40"))
        assert problem.travel.leg("van", 0, 1).distance_m == tenths


def test_without_a_number_there_is_a_vehicle_for_each_node() -> None:
    assert len(read_solomon(with_line("VEHICLES : 2\n", "")).vehicles) == 3


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_the_instances_are_read_whole(path: Path) -> None:
    known = read_best_known((DATA / "best-known.json").read_bytes())[path.stem]
    problem = read_solomon(path.read_bytes())
    assert len(problem.orders) == known.customers
    assert len(problem.vehicles) == known.vehicles_available
    assert known.bks > 0
    demand_g = sum(order.load.ambient_g for order in problem.orders)
    assert demand_g <= known.bks_vehicles * problem.vehicles[0].capacity.ambient_g


def test_all_that_is_best_known_is_there() -> None:
    known = read_best_known((DATA / "best-known.json").read_bytes())
    assert sorted(known) == [path.stem for path in INSTANCES]
    assert (known["R104"].bks, known["R104"].bks_vehicles) == (971.5, 11)
    with pytest.raises(UnreadableInstance, match=r"best-known\.json"):
        read_best_known(b'{"R104": {"bks": "971"}}')


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "file: has no numbers below VEHICLE"),
        (b"\xff\xfe", "file: is no text"),
        (COLUMNS.replace("  2         30", "  2").encode(), "line 5: gives no two numbers"),
        (COLUMNS.replace("  2         30", "  -2  30").encode(), "line 5: is -2; give 0 to 20000"),
        (COLUMNS.replace("40          7", "40").encode(), "line 11: has 6 of 7 columns"),
        (COLUMNS.replace("30.5", "30.55").encode(), "line 12: 30.55 is finer than 1/10"),
        (COLUMNS.replace("30.5", "soon").encode(), "line 12: soon is no number"),
        (COLUMNS.replace("30.5", "nan").encode(), "line 12: nan is too large"),
        (COLUMNS.replace("30.5", "9e999999").encode(), "line 12: 9e999999 is too large"),
        (COLUMNS.replace("30.5", "-9e999999").encode(), "line 12: -9e999999 is too large"),
        (COLUMNS.replace("30.5", "9e-999999").encode(), "line 12: 9e-999999 is finer than 1/10"),
        ((COLUMNS + LAST_ROW * 4998).encode(), "file: has 5001 nodes; at most 5000"),
        ((COLUMNS + LAST_ROW).encode(), 'places[3].id: is "2" as of places[2]'),
        (
            with_line("3 1 1\n", "3 1 1\n3 2 2\n"),
            "line 12: gives node 3 of NODE_COORD_SECTION again",
        ),
        (with_line("3 20\n", "3 20\n2 9\n"), "line 16: gives node 2 of DEMAND_SECTION again"),
        (COLUMNS.replace("  10   ", " -10   ").encode(), "orders[0].load.ambient_g: is -10"),
        (with_line("EUC_2D", "EXPLICIT"), "line 7: is not EUC_2D"),
        (with_line("EDGE_WEIGHT_TYPE : EUC_2D\n", ""), "file: has no EDGE_WEIGHT_TYPE"),
        (with_line("CAPACITY : 30\n", ""), "file: has no CAPACITY"),
        (with_line("DIMENSION : 3\n", "").replace(b"3 1 1\n", b""), "line 13: node 3 has no coord"),
        (with_line("3 1 1\n", ""), "line 3: is not 2, the nodes with coordinates"),
        (with_line("3 20\n", ""), "file: DEMAND_SECTION leaves out node 3"),
        (with_line("3 0 30.5\n", ""), "file: TIME_WINDOW_SECTION leaves out node 3"),
        (with_line("3 1 1\n", "3 1\n"), "line 11: has 2 numbers; give 3 in NODE_COORD_SECTION"),
        (with_line("3 1 1\n", "3 1 100001\n"), "line 11: coordinate 100001 lies beyond 100000"),
        (with_line("\n1\n-1", "\n1\n2\n-1"), "file: has 2 depots; give one"),
        (
            with_line("TIME_WINDOW_SECTION\n1 0 100\n2 20 40\n3 0 30.5\n", ""),
            "file: has no TIME_WINDOW_SECTION",
        ),
        (with_line("2 20 40", "2 40 20"), "orders[0].latest_s: is 200, before not_before_s, 400"),
    ],
)
def test_what_is_no_instance_is_refused_by_line(data: bytes, message: str) -> None:
    with pytest.raises(ImpossibleProblem) as error:
        read_solomon(data)
    assert str(error.value).startswith(message)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableInstance):
        read_solomon(data)


@given(st.sampled_from([COLUMNS, SECTIONS]), st.data())
def test_a_damaged_instance_is_read_or_refused(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(st.text(max_size=3) | st.sampled_from(["\n", " ", ":", "-", "9" * 12, "EOF"]))
    cut = data.draw(st.integers(0, 20))
    with suppress(ImpossibleProblem):
        assert read_solomon((text[:at] + put + text[at + cut :]).encode()).orders is not None
