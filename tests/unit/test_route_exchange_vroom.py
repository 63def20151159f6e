"""VROOM's JSON becomes a problem, or is refused with the place and the reason."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.evaluate import evaluate
from routing.exchange.vroom import open_vroom, read_vroom
from routing.exchange.vroom_travel import UnreadableVroom
from routing.problem import Break, Load, Problem
from tests.routing_street import tour

SQUARE = {
    "durations": [[0, 100, 300], [120, 0, 50], [200, 70, 0]],
    "distances": [[0, 1000, 3000], [1200, 0, 500], [2000, 700, 0]],
}


def source(
    job: dict[str, Any] | None = None, vehicle: dict[str, Any] | None = None, **more: Any
) -> bytes:
    """Return an input of two jobs and a vehicle, with changes to the first job and the vehicle."""
    jobs = [
        {"id": 11, "location_index": 1, "service": 30, "delivery": [2]} | (job or {}),
        {"id": 12, "location_index": 2, "service": 40, "delivery": [1]},
    ]
    one = {"id": 7, "start_index": 0, "end_index": 0, "capacity": [5]} | (vehicle or {})
    whole = {"vehicles": [one], "jobs": jobs, "matrices": {"car": SQUARE}} | more
    return json.dumps(whole).encode()


def refused(data: bytes) -> tuple[str, str]:
    with pytest.raises(UnreadableVroom) as error:
        read_vroom(data)
    return error.value.where, error.value.reason


def cost_of(problem: Problem, *jobs: int) -> int:
    judged = evaluate(problem, ((tour(*jobs),),))
    assert judged.feasible
    return judged.cost.total - judged.cost.drops


def test_jobs_are_orders_and_vehicles_vehicles() -> None:
    problem = read_vroom(
        source(
            job={"time_windows": [[1000, 2000]], "skills": [3, 4], "priority": 9},
            vehicle={
                "time_window": [500, 9000],
                "skills": [4],
                "breaks": [
                    {"id": 1, "time_windows": [[4000, 5000]], "service": 900},
                    {"id": 2, "time_windows": [[3000, 3500]], "service": 60},
                ],
            },
        )
    )
    first, second = problem.orders
    assert (first.id, first.place, first.depots) == ("11", "1", ("depot0",))
    assert (first.not_before_s, first.due_s, first.latest_s) == (1000, 2000, 2000)
    assert (first.service_s, first.skills) == (30, {"3", "4"})
    assert first.drop_cost == 10 * second.drop_cost
    assert (second.not_before_s, second.latest_s) == (0, 1_000_000)
    [van] = problem.vehicles
    assert (van.id, van.depot, van.mode, van.returns) == ("7", "depot0", "car", True)
    assert (van.start_s, van.end_s, van.max_trips, van.skills) == (500, 9000, 1, {"4"})
    assert van.breaks == (
        Break(earliest_s=3000, latest_s=3500, duration_s=60),
        Break(earliest_s=4000, latest_s=5000, duration_s=900),
    )


def test_amounts_are_frozen_chilled_and_ambient_in_this_order() -> None:
    data = source(job={"delivery": [2, 3, 4]}, vehicle={"capacity": [5, 6, 7]})
    document = json.loads(data)
    del document["jobs"][1]["delivery"]
    problem = read_vroom(json.dumps(document).encode())
    assert problem.orders[0].load == Load(frozen_g=2, chilled_g=3, ambient_g=4)
    assert problem.orders[1].load == Load()
    assert problem.vehicles[0].capacity == Load(frozen_g=5, chilled_g=6, ambient_g=7)


def test_the_older_name_of_a_delivery_is_read() -> None:
    assert read_vroom(source(job={"delivery": [], "amount": [4]})).orders[0].load.frozen_g == 4


def test_a_number_of_tasks_is_a_kind_of_load() -> None:
    """The first kind is the delivery's, the second counts."""
    problem = read_vroom(source(vehicle={"max_tasks": 1}))
    assert problem.vehicles[0].capacity == Load(frozen_g=5, chilled_g=1)
    assert [order.load.chilled_g for order in problem.orders] == [1, 1]
    assert not evaluate(problem, ((tour(0, 1),),)).feasible
    assert evaluate(problem, ((tour(0),),)).feasible
    vehicles = json.loads(source(vehicle={"max_tasks": 1}))["vehicles"]
    two = [*vehicles, {"id": 8, "start_index": 0, "capacity": [5]}]
    assert read_vroom(source(vehicles=two)).vehicles[1].capacity.chilled_g == 2


@pytest.mark.parametrize(
    ("costs", "vroom_cost"),
    [
        ({}, 350),
        ({"fixed": 25}, 375),
        ({"per_hour": 7200}, 700),
        ({"per_hour": 0, "per_km": 100}, 350),
        ({"per_hour": 3600, "per_km": 100}, 700),
        ({"per_hour": 1000, "per_km": 40, "fixed": 3}, 3 + 350 / 3.6 + 140),
        ({"per_hour": 7, "per_km": 3}, 350 * 7 / 3600 + 3.5 * 3),
        ({"per_hour": 0, "per_km": 0}, 0),
        ({"per_hour": 72_000, "per_km": 1_000}, 7000 + 3500),
        ({"per_hour": 999_984}, 350 * 999_984 / 3600),
    ],
)
def test_a_route_costs_its_travel_as_vroom_counts_it(
    costs: dict[str, int], vroom_cost: float
) -> None:
    """100 + 50 + 200 = 350 s and 1,000 + 500 + 2,000 = 3,500 m; service and waiting are free."""
    imported = open_vroom(source(job={"time_windows": [[5000, 6000]]}, vehicle={"costs": costs}))
    cost = cost_of(imported.problem, 0, 1)
    assert cost / (18_000 * imported.scale) == pytest.approx(vroom_cost, rel=1e-12)


def test_rates_without_a_common_step_are_right_to_a_millionth() -> None:
    """2,501 an hour and 37 a km: 350 s cost 243.15, 3,500 km cost 129,500."""
    far = {"distances": [[0, 1_000_000, 1], [1, 0, 500_000], [2_000_000, 1, 0]]}
    costs = {"per_hour": 2501, "per_km": 37}
    imported = open_vroom(source(matrices={"car": SQUARE | far}, vehicle={"costs": costs}))
    cost = cost_of(imported.problem, 0, 1) / (18_000 * imported.scale)
    assert cost == pytest.approx(350 * 2501 / 3600 + 37 * 3500, rel=1e-6)


def test_a_matrix_of_costs_is_the_cost() -> None:
    costs = {"costs": [[0, 5, 9], [9, 0, 6], [7, 9, 0]]}
    imported = open_vroom(source(matrices={"car": SQUARE | costs}))
    assert cost_of(imported.problem, 0, 1) == (5 + 6 + 7) * 18_000 * imported.scale


def test_vehicles_with_other_prices_or_speeds_have_modes_of_their_own() -> None:
    vehicles = [
        {"id": 1, "start_index": 0, "capacity": [5]},
        {"id": 2, "start_index": 1, "capacity": [5], "costs": {"per_hour": 7200}},
        {"id": 3, "start_index": 0, "capacity": [5], "costs": {"per_km": 1}},
        {"id": 4, "start_index": 0, "capacity": [5], "speed_factor": 2},
        {"id": 5, "start_index": 0, "capacity": [5], "profile": "bike"},
    ]
    problem = read_vroom(source(vehicles=vehicles, matrices={"car": SQUARE, "bike": SQUARE}))
    modes = [vehicle.mode for vehicle in problem.vehicles]
    assert modes == ["car", "car", "car/2", "car/3", "bike"]
    assert problem.travel.leg("car/3", 0, 1).durations_s == (50,)
    assert [vehicle.depot for vehicle in problem.vehicles][:3] == ["depot0", "depot1", "depot0"]
    assert all(order.depots == ("depot0", "depot1") for order in problem.orders)
    assert not problem.vehicles[0].returns


def test_a_profile_named_like_a_mode_of_another_keeps_its_own_matrix() -> None:
    slow = {"durations": [[0, 900, 900], [900, 0, 900], [900, 900, 0]]}
    vehicles = [
        {"id": 1, "start_index": 0, "capacity": [5], "profile": "car/2"},
        {"id": 2, "start_index": 0, "capacity": [5]},
        {"id": 3, "start_index": 0, "capacity": [5], "speed_factor": 2},
        {"id": 4, "start_index": 0, "capacity": [5], "speed_factor": 2.001},
    ]
    problem = read_vroom(source(vehicles=vehicles, matrices={"car": SQUARE, "car/2": slow}))
    modes = [vehicle.mode for vehicle in problem.vehicles]
    legs = [problem.travel.leg(mode, 0, 1).durations_s for mode in modes]
    assert legs == [(900,), (100,), (50,), (50,)]
    assert modes[2] == modes[3], "two decimals of a factor count"


def test_more_matrices_than_can_be_kept_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three places have nine legs: 27 are three modes."""
    monkeypatch.setattr("routing.exchange.vroom.MAX_LEGS", 27)
    one = {"start_index": 0, "capacity": [5]}
    vehicles = [one | {"id": k, "speed_factor": k} for k in (1, 2, 3)]
    assert len(read_vroom(source(vehicles=vehicles)).travel.modes) == 3
    where, reason = refused(source(vehicles=[*vehicles, one | {"id": 4, "speed_factor": 4}]))
    assert (where, reason[:23]) == ("vehicles", "take more than 27 legs;")


@pytest.mark.parametrize(("metres", "feasible"), [(3500, True), (3499, False)])
def test_a_way_is_bounded_where_it_alone_costs(metres: int, feasible: bool) -> None:
    limits = {"max_distance": metres, "costs": {"per_hour": 0, "per_km": 100}}
    problem = read_vroom(source(vehicle=limits))
    assert evaluate(problem, ((tour(0, 1),),)).feasible is feasible


@pytest.mark.parametrize(("seconds", "feasible"), [(350, True), (349, False)])
def test_a_travel_time_is_bounded_where_it_alone_costs(seconds: int, feasible: bool) -> None:
    problem = read_vroom(source(vehicle={"max_travel_time": seconds}))
    assert evaluate(problem, ((tour(0, 1),),)).feasible is feasible


def test_coordinates_alone_go_by_the_great_circle() -> None:
    """A hundredth of a degree of latitude is 1,112 m; times 1.3 and at 30 km/h: 173.5 s."""
    data = {
        "vehicles": [{"id": 1, "start": [116.4, 39.9], "end": [116.4, 39.9]}],
        "jobs": [{"id": 2, "location": [116.4, 39.91]}],
    }
    problem = read_vroom(json.dumps(data).encode())
    assert [(p.lat_deg, p.lon_deg) for p in problem.places] == [(39.91, 116.4), (39.9, 116.4)]
    assert problem.travel.leg("car", 1, 0).durations_s == (174,)


def test_timestamps_are_counted_from_their_midnight() -> None:
    """1,700,006,400 is a midnight of UTC: 19,676 days."""
    midnight = 19_676 * 86_400
    window = [midnight + 3600, midnight + 7200]
    imported = open_vroom(source(job={"time_windows": [window]}, vehicle={"time_window": window}))
    assert imported.base_s == midnight
    assert imported.problem.orders[0].latest_s == 7200
    assert imported.problem.vehicles[0].start_s == 3600


def test_windows_that_touch_are_one() -> None:
    problem = read_vroom(source(job={"time_windows": [[200, 300], [100, 199], [250, 400]]}))
    assert (problem.orders[0].not_before_s, problem.orders[0].latest_s) == (100, 400)
    data = source(job={"time_windows": [[200, 300], [100, 198]]})
    assert refused(data)[0] == "jobs[0].time_windows"


def test_a_window_without_end_lasts_as_long_as_anything_can_be_planned() -> None:
    problem = read_vroom(source(job={"time_windows": [[100, 4_294_967_295]]}))
    assert problem.orders[0].latest_s == 1_000_000


def test_setup_is_service_where_nothing_else_is_at_the_place() -> None:
    assert read_vroom(source(job={"setup": 5})).orders[0].service_s == 35
    where, reason = refused(source(job={"setup": 5, "location_index": 2}))
    assert where == "jobs[0].setup"
    assert reason.endswith("add it to service")
    assert refused(source(job={"setup": 5, "location_index": 0}))[0] == "jobs[0].setup"


@pytest.mark.parametrize(
    ("data", "where", "reason"),
    [
        (source(shipments=[{"amount": [1]}]), "shipments[0]", "can't be expressed"),
        (source(job={"pickup": [1]}), "jobs[0].pickup", "can't be expressed"),
        (source(job={"service_per_type": {"a": 1}}), "jobs[0].service_per_type", "can't be"),
        (source(job={"setup_per_type": {"a": 1}}), "jobs[0].setup_per_type", "can't be"),
        (source(job={"time_windows": [[9, 8]]}), "jobs[0].time_windows[0]", "closes at 8, before"),
        (source(job={"time_windows": [[-1, 8]]}), "jobs[0].time_windows[0][0]", "is out of bounds"),
        (
            source(job={"priority": 101}),
            "jobs[0].priority",
            "is out of bounds; give a whole number",
        ),
        (source(job={"delivery": [1, 2]}), "jobs[0].delivery", "has 2 numbers, a vehicle's"),
        (source(job={"delivery": [], "amount": [1, 2]}), "jobs[0].amount", "has 2 numbers"),
        (source(job={"id": 12}), "jobs[1].id", 'is "12" as of jobs[0]; ids differ'),
        (source(job={"location_index": 3}), "jobs[0].location_index", "is 3; the matrices have 3"),
        (source(job={"location_index": None}), "jobs[0].location_index", "is missing; matrices"),
        (source(job={"deliver": [1]}), "jobs[0].deliver", "is not known here; did you mean deliv"),
        (source(job={"service": 2_000_000}), "jobs[0].service", "is 2000000; give at most"),
        (source(vehicle={"end_index": 1}), "vehicles[0].end", "is elsewhere than start"),
        (
            source(vehicle={"start_index": None}),
            "vehicles[0].start",
            "is missing; give [lon, lat], or",
        ),
        (
            source(vehicle={"steps": [{"type": "start"}]}),
            "vehicles[0].steps",
            "is a route to start",
        ),
        (source(vehicle={"time_window": [9, 8]}), "vehicles[0].time_window", "closes before"),
        (
            source(vehicle={"costs": {"per_task_hour": 1}}),
            "vehicles[0].costs.per_task_hour",
            "can't be expressed",
        ),
        (
            source(vehicle={"breaks": [{"id": 1, "max_load": [1]}]}),
            "vehicles[0].breaks[0].max_load",
            "can't be expressed",
        ),
        (
            source(vehicle={"breaks": [{"id": 1, "time_windows": [[1, 2], [4, 5]]}]}),
            "vehicles[0].breaks[0].time_windows",
            "has windows apart",
        ),
        (source(vehicle={"max_distance": 9}), "vehicles[0].max_distance", "can only be kept where"),
        (
            source(vehicle={"max_travel_time": 9, "costs": {"per_km": 1}}),
            "vehicles[0].max_travel_time",
            "can only be kept where",
        ),
        (
            source(vehicle={"costs": {"per_hour": 1_000_001}}),
            "vehicles[0].costs.per_hour",
            "is out",
        ),
        (
            source(
                matrices={"car": {"durations": [[0, 1_000_000, 1], [1, 0, 1], [1, 1, 0]]}},
                vehicle={"costs": {"per_hour": 1_000_000}},
            ),
            "vehicles[0].costs",
            "are too high for so long a leg",
        ),
        (source(vehicle={"profile": "bus"}), "vehicles[0].profile", "no matrices are given for"),
        (source(vehicle={"speed_factor": 0}), "vehicles[0].speed_factor", "is out of bounds"),
        (
            source(
                job={"delivery": [1, 1, 1, 1]},
                vehicle={"capacity": [9, 9, 9, 9]},
            ),
            "vehicles[0].capacity",
            "of at most 3 kinds",
        ),
        (
            source(vehicle={"capacity": [9, 9, 9], "max_tasks": 3}),
            "vehicles[0].capacity",
            "of at most 3 kinds",
        ),
        (source(matrix=[[0]]), "matrix", "is VROOM's older form"),
        (
            source(matrices={"car": {"durations": [[0, 1], [1, 0], [2, 2]]}}),
            "matrices.car.durations[0]",
            "has 2 numbers; give 3",
        ),
        (
            source(matrices={"car": SQUARE | {"distances": [[0]]}}),
            "matrices.car.distances",
            "has 1 rows; give 3",
        ),
        (source(matrices={"car": {}}), "matrices.car.durations", "is missing; give seconds"),
        (
            source(
                matrices={"car": {"durations": SQUARE["durations"]}},
                vehicle={"costs": {"per_km": 1}},
            ),
            "vehicles[0].costs.per_km",
            "needs distances",
        ),
        (
            source(
                matrices={"car": SQUARE | {"costs": SQUARE["durations"]}},
                vehicle={"costs": {"per_hour": 1}},
            ),
            "vehicles[0].costs",
            "doesn't go with a matrix of costs",
        ),
        (
            source(matrices={}, vehicle={"start": [116, 40]}),
            "jobs[0].location",
            "is missing; give [lon, lat], or matrices and an index",
        ),
        (
            source(matrices={"car": {"durations": [[0, 1_000_001, 3], [1, 0, 1], [1, 1, 0]]}}),
            "matrices.car.durations[0][1]",
            "is 1000001; give at most 1000000",
        ),
        (
            source(vehicle={"costs": {"fixed": 100_000_001}}),
            "vehicles[0].costs.fixed",
            "is 100000001; give at most",
        ),
        (b"{}", "vehicles", "is missing; give it"),
        (b'{"vehicles": [], "jobs": [], "jobs": []}', "jobs", "stands here twice"),
        (b"", "document", "is no JSON"),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_place(data: bytes, where: str, reason: str) -> None:
    at, said = refused(data)
    assert at == where
    assert said.startswith(reason)


def test_without_matrices_only_some_profiles_are_known() -> None:
    at = [116.4, 39.9]
    data = {"vehicles": [{"id": 1, "profile": "tram", "start": at}], "jobs": []}
    assert refused(json.dumps(data).encode()) == (
        "vehicles[0].profile",
        'is "tram"; without matrices known are car, bike, foot',
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableVroom):
        read_vroom(data)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)


@given(
    st.sampled_from(["jobs", "vehicles", "matrices"]),
    st.sampled_from(
        [
            *("id", "location", "location_index", "setup", "service", "delivery", "skills"),
            *("priority", "time_windows", "start", "start_index", "end_index", "capacity", "costs"),
            *(
                "time_window",
                "breaks",
                "speed_factor",
                "max_tasks",
                "max_distance",
                "profile",
                "car",
            ),
        ]
    ),
    VALUES | st.lists(VALUES | st.lists(st.integers(0, 10**7), max_size=2), max_size=3),
)
def test_any_value_is_read_or_refused(part: str, name: str, value: object) -> None:
    document = json.loads(source())
    target = document[part] if part == "matrices" else document[part][0]
    target[name] = value
    with suppress(UnreadableVroom):
        assert len(read_vroom(json.dumps(document).encode()).orders) == 2
