"""A city of one straight street, for tests of vehicles.

Places are metres north of its depot, times minutes after nine. One degree of latitude is
6,371,008.8 m x pi / 180 = 111,195 m.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from routing.dispatch.learning import PRIOR_LEG, PRIOR_STOP, TimeBook
from routing.dispatch.state import (
    City,
    CityDepot,
    CityOrder,
    CityState,
    CityVehicle,
    LivingPlan,
    PlannedStop,
    Position,
)
from routing.problem import Load
from schemas.delivery_policy import DeliveryPolicy

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
VAN = "van-1"
AS_PLANNED = TimeBook(
    legs={"van": replace(PRIOR_LEG, mean=1.0)}, stops=replace(PRIOR_STOP, mean=1.0)
)
"""Legs and stops take in the mean what travel and orders say."""


def minute(count: float) -> datetime:
    return NINE + timedelta(minutes=count)


def point(north_m: float) -> tuple[float, float]:
    return (31.2 + north_m / 111_195, 121.5)


def position(at_min: float, north_m: float) -> Position:
    lat_deg, lon_deg = point(north_m)
    return Position(at=minute(at_min), lat_deg=lat_deg, lon_deg=lon_deg)


def vehicle(**changes: Any) -> CityVehicle:
    van = CityVehicle(
        id=VAN,
        depot_id="d1",
        kind="van",
        role="regular",
        mode="van",
        capacity=Load(chilled_g=100_000),
        range_m=None,
        max_trips=3,
        reload_s=600,
        door_s=30,
        returns=True,
        fixed_cost=0,
        cost_per_km=0,
        cost_per_h=0,
        cost_per_order=0,
        gateway_id="edge-1",
    )
    return replace(van, **changes)


def order(order_id: str, north_m: float, **changes: Any) -> CityOrder:
    lat_deg, lon_deg = point(north_m)
    out = CityOrder(
        id=order_id,
        stage="out",
        level="gold",
        tier_h=4,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        load=Load(chilled_g=5000),
        service_s=180,
        placed_at=minute(-60),
        requested_at=minute(-60),
        wish="fastest",
        due_at=minute(180),
        depot_id="d1",
        aboard=VAN,
        departed_at=minute(0),
    )
    return replace(out, **changes)


def stop(
    kind: Any,
    arrives_min: float,
    leaves_min: float,
    *,
    place: int,
    order_id: str | None = None,
    **changes: Any,
) -> PlannedStop:
    planned = PlannedStop(
        vehicle_id=VAN,
        trip=1,
        position=place,
        kind=kind,
        order_id=order_id,
        depot_id=None if order_id else "d1",
        to_locker=False,
        arrives_at=minute(arrives_min),
        earliest_at=minute(arrives_min),
        latest_at=minute(arrives_min),
        leaves_at=minute(leaves_min),
        locked=False,
    )
    return replace(planned, **changes)


def street(
    *orders: CityOrder, stops: Sequence[PlannedStop], now_min: float, **changes: Any
) -> CityState:
    lat_deg, lon_deg = point(0)
    depot = CityDepot(
        id="d1", kind="front_warehouse", lat_deg=lat_deg, lon_deg=lon_deg, picking_s=0
    )
    state = CityState(
        now=minute(now_min),
        city=City(id="c", time_zone="UTC", policy=DeliveryPolicy(tiers=(), areas={})),
        depots=(depot,),
        lockers=(),
        vehicles=(vehicle(),),
        orders=orders,
        plan=LivingPlan(version=1, stops=tuple(stops)),
    )
    return replace(state, **changes)
