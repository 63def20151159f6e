"""VROOM itself reads the same input: its routes cost here what they cost there."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
import vroom

from routing.evaluate import evaluate
from routing.exchange.vroom import open_vroom
from routing.exchange.vroom_answer import answer_vroom
from routing.plan import Plan, Tour, Visit

SAME = ("cost", "setup", "service", "duration", "priority", "delivery", "pickup")


def drawn(seed: int) -> dict[str, Any]:
    """Draw twelve jobs and three vehicles with breaks, of which one doesn't return."""
    r = Random(seed)
    size = 13
    seconds = [[0 if a == b else r.randint(60, 900) for b in range(size)] for a in range(size)]
    metres = [[8 * s + (r.randint(0, 500) if s else 0) for s in row] for row in seconds]
    jobs = [
        {
            "id": 100 + k,
            "location_index": k,
            "setup": r.choice([0, 20]),
            "service": r.randint(60, 300),
            "delivery": [r.randint(1, 5), r.randint(0, 3)],
            "priority": r.choice([0, 0, 40]),
            "skills": r.choice([[], [], [1]]),
            "time_windows": [[start, start + 7200]] if (start := r.randrange(0, 9000)) else [],
        }
        for k in range(1, size)
    ]
    costs = {"fixed": r.choice([0, 500]), "per_hour": r.choice([3600, 2500]), "per_km": 36}
    vehicles = [
        {
            "id": k,
            "start_index": 0,
            "capacity": [18, 12],
            "skills": [1] if k else [],
            "time_window": [0, 20_000],
            "costs": costs,
            "breaks": [{"id": 1, "time_windows": [[4000, 6000]], "service": 900}] if k == 1 else [],
        }
        | ({"end_index": 0} if k < 2 else {})
        for k in range(3)
    ]
    matrices = {"car": {"durations": seconds, "distances": metres}}
    return {"vehicles": vehicles, "jobs": jobs, "matrices": matrices}


@pytest.mark.parametrize("seed", range(6))
def test_its_routes_break_no_rule_here_and_are_answered_with_its_numbers(
    seed: int, tmp_path: Path
) -> None:
    text = json.dumps(drawn(seed))
    path = tmp_path / "input.json"
    path.write_text(text)
    theirs = vroom.Input.from_json(path).solve(exploration_level=5, nb_threads=1).to_dict()
    assert theirs["routes"]

    source = open_vroom(text.encode())
    index = {order.id: k for k, order in enumerate(source.problem.orders)}
    tours: list[tuple[Tour, ...]] = [() for _ in source.problem.vehicles]
    for route in theirs["routes"]:
        ids = [str(step["id"]) for step in route["steps"] if step["type"] == "job"]
        tours[route["vehicle"]] = (Tour(tuple(Visit(index[name]) for name in ids)),)
    judged = evaluate(source.problem, tuple(tours))
    assert judged.violations == ()

    plan = Plan(
        draft=tuple(tours),
        routes=judged.routes,
        unserved=(),
        cost=judged.cost,
        totals=judged.totals,
        engine="vroom",
        seed=0,
        iterations=0,
    )
    ours = json.loads(answer_vroom(plan, source))
    assert {name: ours["summary"][name] for name in SAME} == {
        name: theirs["summary"][name] for name in SAME
    }
    assert [u["id"] for u in ours["unassigned"]] == sorted(u["id"] for u in theirs["unassigned"])
    travel_units = judged.cost.total - judged.cost.drops
    assert travel_units / (18_000 * source.scale) == pytest.approx(ours["summary"]["cost"], abs=2)
