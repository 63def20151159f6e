"""A plan is answered as VROOM would answer the same routes."""

import json
from typing import Any

from routing.evaluate import evaluate
from routing.exchange.vroom import Import, open_vroom
from routing.exchange.vroom_answer import answer_vroom
from routing.plan import Draft, Plan
from tests.routing_street import tour

SQUARE = {
    "durations": [[0, 100, 300], [120, 0, 50], [200, 70, 0]],
    "distances": [[0, 1000, 3000], [1200, 0, 500], [2000, 700, 0]],
}
FIRST = {"id": 11, "location_index": 1, "service": 30, "setup": 5, "delivery": [2], "priority": 3}
SECOND = {"id": 12, "location_index": 2, "service": 40, "delivery": [1], "description": "Mr Li"}
VAN = {"id": 7, "start_index": 0, "end_index": 0, "capacity": [5], "description": "red"}


def opened(**changes: Any) -> Import:
    whole = {"vehicles": [VAN], "jobs": [FIRST, SECOND], "matrices": {"car": SQUARE}}
    return open_vroom(json.dumps(whole | changes).encode())


def answered(source: Import, draft: Draft) -> dict[str, Any]:
    judged = evaluate(source.problem, draft)
    assert judged.feasible
    plan = Plan(
        draft=draft,
        routes=judged.routes,
        unserved=(),
        cost=judged.cost,
        totals=judged.totals,
        engine="search",
        seed=0,
        iterations=0,
    )
    answer: dict[str, Any] = json.loads(answer_vroom(plan, source))
    return answer


def columns(answer: dict[str, Any], *names: str) -> list[tuple[Any, ...]]:
    [route] = answer["routes"]
    return [tuple(step.get(name) for name in names) for step in route["steps"]]


def test_each_step_says_when_where_and_with_what() -> None:
    """100 s to the first, 35 s there, 50 s on, 40 s there, 200 s home."""
    answer = answered(opened(), ((tour(0, 1),),))
    assert columns(answer, "type", "id", "arrival", "duration", "distance", "load") == [
        ("start", None, 0, 0, 0, [3]),
        ("job", 11, 100, 100, 1000, [1]),
        ("job", 12, 185, 150, 1500, [0]),
        ("end", None, 425, 350, 3500, [0]),
    ]
    assert columns(answer, "setup", "service", "waiting_time", "location_index") == [
        (0, 0, 0, 0),
        (5, 30, 0, 1),
        (0, 40, 0, 2),
        (0, 0, 0, 0),
    ]
    assert columns(answer, "description")[2] == ("Mr Li",)


def test_routes_and_the_whole_add_up() -> None:
    answer = answered(opened(), ((tour(0, 1),),))
    sums = {
        "cost": 350,
        "setup": 5,
        "service": 70,
        "duration": 350,
        "waiting_time": 0,
        "priority": 3,
        "distance": 3500,
        "delivery": [3],
        "pickup": [0],
        "violations": [],
    }
    [route] = answer["routes"]
    assert {name: route[name] for name in sums} == sums
    assert (route["vehicle"], route["description"]) == (7, "red")
    assert answer["summary"] == sums | {"routes": 1, "unassigned": 0}
    assert answer["code"] == 0


def test_what_stays_behind_is_unassigned() -> None:
    answer = answered(opened(), ((tour(0),),))
    assert answer["unassigned"] == [
        {"id": 12, "type": "job", "description": "Mr Li", "location_index": 2}
    ]
    assert answer["summary"]["unassigned"] == 1
    nobody = answered(opened(), ((),))
    assert (nobody["routes"], nobody["summary"]["cost"]) == ([], 0)


def test_waiting_is_said_where_the_door_is_closed() -> None:
    """The vehicle leaves so that it needn't wait at its first door; the second opens at 1,000."""
    first = FIRST | {"time_windows": [[500, 600]]}
    second = SECOND | {"time_windows": [[1000, 1100]]}
    answer = answered(opened(jobs=[first, second]), ((tour(0, 1),),))
    assert columns(answer, "arrival", "waiting_time") == [(400, 0), (500, 0), (585, 415), (1240, 0)]


def test_a_break_stands_where_it_is_taken() -> None:
    """Before the start, after a job, and in the wait at a door."""
    second = SECOND | {"time_windows": [[3000, 3100]]}
    rests = [
        {"id": 1, "time_windows": [[0, 10]], "service": 60},
        {"id": 2, "time_windows": [[190, 300]], "service": 600},
        {"id": 3, "time_windows": [[1500, 1600]], "service": 300},
    ]
    source = opened(jobs=[FIRST, second], vehicles=[VAN | {"breaks": rests}])
    answer = answered(source, ((tour(0, 1),),))
    # 0-60 break, 160 at the door, 195 done; 195-795 break; 845 at the door; 1,500-1,800 break
    assert columns(answer, "type", "id", "arrival", "waiting_time", "service", "duration") == [
        ("start", None, 0, 0, 0, 0),
        ("break", 1, 0, 0, 60, 0),
        ("job", 11, 160, 0, 30, 100),
        ("break", 2, 195, 0, 600, 100),
        ("break", 3, 845, 655, 300, 150),
        ("job", 12, 1800, 1200, 40, 150),
        ("end", None, 3240, 0, 0, 350),
    ]
    [route] = answer["routes"]
    assert route["service"] == 30 + 40 + 960
    assert route["waiting_time"] == 655 + 1200


def test_a_route_without_return_ends_at_its_last_job() -> None:
    one_way = {key: value for key, value in VAN.items() if key != "end_index"}
    answer = answered(opened(vehicles=[one_way]), ((tour(0, 1),),))
    assert columns(answer, "type", "arrival", "location_index")[-1] == ("end", 225, 2)
    assert answer["summary"]["cost"] == 150


def test_times_are_those_of_the_input() -> None:
    midnight = 19_676 * 86_400
    first = FIRST | {"time_windows": [[midnight + 500, midnight + 600]]}
    answer = answered(opened(jobs=[first, SECOND]), ((tour(0),),))
    assert columns(answer, "arrival")[1] == (midnight + 500,)


def test_costs_are_rounded_to_the_nearest() -> None:
    """10 + 3,000 x 350 / 3,600 + 70 x 3.5 = 546.67."""
    costs = {"fixed": 10, "per_hour": 3000, "per_km": 70}
    answer = answered(opened(vehicles=[VAN | {"costs": costs}]), ((tour(0, 1),),))
    assert answer["summary"]["cost"] == 547


def test_a_matrix_of_costs_is_what_a_route_costs() -> None:
    costs = {"costs": [[0, 5, 9], [9, 0, 6], [7, 9, 0]]}
    answer = answered(opened(matrices={"car": SQUARE | costs}), ((tour(0, 1),),))
    assert answer["summary"]["cost"] == 5 + 6 + 7


def test_without_distances_none_are_said() -> None:
    matrices = {"car": {"durations": SQUARE["durations"]}}
    answer = answered(opened(matrices=matrices), ((tour(0, 1),),))
    assert "distance" not in answer["summary"]
    assert "distance" not in answer["routes"][0]["steps"][1]


def test_coordinates_come_back() -> None:
    at, there = [116.4, 39.9], [116.4, 39.91]
    data = {
        "vehicles": [{"id": 1, "start": at, "end": at}],
        "jobs": [{"id": 2, "location": there}],
    }
    answer = answered(open_vroom(json.dumps(data).encode()), ((tour(0),),))
    assert columns(answer, "location") == [(at,), (there,), (at,)]
    assert "load" not in answer["routes"][0]["steps"][0]
