"""What the api takes the router can plan with: the bounds of both, number by number."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from api.dispatch.disruption_bodies import DelayDetails, WeatherDetails
from api.dispatch.resources import LONGEST_HOLD
from api.intake.fleet_resources import (
    LONGEST_SHIFT,
    Break,
    DepotDetails,
    PolicyDetails,
    TierDetails,
    VehicleDetails,
)
from api.intake.resources import NewDelivery
from routing.check_values import CAPACITY, LOAD, MAX_COUNT, MAX_TIME_S, Bounds
from routing.dispatch.times import LAST_S
from routing.document_shapes import BOUNDS

OF_THE_DAY = {"start_s", "end_s", "driven_m"}
"""What the dispatcher makes of times and visits."""


def most(model: type[BaseModel], name: str) -> int:
    """Return the highest number that a field takes."""
    field = model.model_json_schema()["properties"][name]
    described: dict[str, Any] = next(iter(field.get("anyOf", [field])))
    found: int = described.get("items", described)["maximum"]
    return found


def named(kind: str, *names: str) -> Bounds:
    return tuple((name, limit) for name, limit in BOUNDS[kind] if name in names)


VEHICLE: Bounds = tuple(
    (name, limit) for name, limit in BOUNDS["Vehicle"] if name not in OF_THE_DAY
)


@pytest.mark.parametrize(
    ("model", "bounds"),
    [
        (VehicleDetails, VEHICLE),
        (VehicleDetails, CAPACITY),
        (NewDelivery, LOAD),
        (NewDelivery, named("Order", "service_s")),
        (TierDetails, named("Order", "late_cost_per_min", "drop_cost")),
        (DepotDetails, BOUNDS["Depot"]),
        (DepotDetails, (("orders_per_hour", MAX_COUNT),)),
        (Break, named("Break", "duration_s")),
    ],
)
def test_no_number_is_taken_that_no_plan_can_have(model: type[BaseModel], bounds: Bounds) -> None:
    assert bounds
    too_much = {name: limit for name, limit in bounds if most(model, name) > limit}
    assert too_much == {}


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (PolicyDetails, "latest_after_s"),
        (VehicleDetails, "reload_s"),
        (DepotDetails, "picking_s"),
        (DelayDetails, "delay_s"),
        (WeatherDetails, "extra_service_s"),
        (Break, "duration_s"),
    ],
)
def test_what_comes_after_the_last_moment_is_a_time_that_a_plan_can_have(
    model: type[BaseModel], name: str
) -> None:
    assert LAST_S + most(model, name) <= MAX_TIME_S


@pytest.mark.parametrize("longest", [LONGEST_HOLD, LONGEST_SHIFT])
def test_shifts_and_holds_end_within_what_a_plan_reckons_with(longest: timedelta) -> None:
    # At night the day that comes is planned, until 4:00 after it: 52 hours from the last midnight.
    assert timedelta(hours=52) + longest <= timedelta(seconds=LAST_S)
