"""docs/route-problem.md names every field, bound and reason, and its example can be planned."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from routing.document import read_problem
from routing.document_shapes import BOUNDS
from routing.evaluate import evaluate
from routing.plan import Reason, Totals, Tour, Visit
from routing.plan_document import PlanDocument, RouteEntry, StopEntry, TripEntry
from routing.problem import Break, CurrentTrip, Depot, Load, Locker, Order, Place, Vehicle

TEXT = (Path(__file__).parents[2] / "docs/route-problem.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)[0].encode()


def section(heading: str) -> str:
    """Return what stands below a heading, up to the next one."""
    return re.split(r"\n#+ ", TEXT.split(f"# {heading}\n", 1)[1], maxsplit=1)[0]


def first_cells(heading: str) -> list[str]:
    """Return the names in the first column of a section's table."""
    rows = [line for line in section(heading).splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]


@pytest.mark.parametrize(
    "cls",
    [Place, Load, Order, Locker, Depot, Vehicle, Break, CurrentTrip],
    ids=lambda c: c.__name__,
)
def test_every_field_is_in_its_table(cls: type) -> None:
    assert sorted(first_cells(cls.__name__)) == sorted(field.name for field in fields(cls))


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Order", "latest_s"),
        ("Order", "late_cost_per_min"),
        ("Order", "drop_cost"),
        ("Vehicle", "max_trips"),
        ("Vehicle", "door_s"),
        ("Vehicle", "cost_per_km"),
        ("Vehicle", "cost_per_h"),
        ("CurrentTrip", "stops_made"),
        ("Load", "frozen_g"),
    ],
)
def test_bounds_are_as_documented(heading: str, name: str) -> None:
    [row] = [line for line in section(heading).splitlines() if line.startswith(f"| `{name}`")]
    assert f"up to {dict(BOUNDS[heading])[name]:,}" in row


def test_every_field_of_a_plan_is_named() -> None:
    said = section("The plan")
    names = {
        name
        for cls in (PlanDocument, RouteEntry, TripEntry, StopEntry)
        for name in cls.__struct_fields__
    }
    names |= {field.name for field in fields(Totals)}
    assert {name for name in names if f"`{name}`" not in said} == set()


def test_every_reason_has_its_sentence() -> None:
    assert first_cells("Reasons") == list(get_args(Reason))


def test_the_example_can_be_planned_by_hand() -> None:
    """The van brings the frozen order to its door, the tricycle the other one to the lockers."""
    problem = read_problem(EXAMPLE)
    judged = evaluate(problem, ((Tour((Visit(0),)),), (Tour((Visit(1, True),)),)))
    assert judged.violations == ()
    assert judged.totals.vehicles_used == 2
    assert judged.cost.orders == 150 * 18_000


def test_the_example_shows_the_common_fields() -> None:
    order = json.loads(EXAMPLE)["orders"][0]
    assert {"id", "place", "load", "depots", "due_s", "latest_s", "drop_cost"} <= set(order)
