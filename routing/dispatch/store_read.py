"""What does a city look like at one moment?

Every statement of a look runs in one snapshot, so that no order is seen without its promise, and no
plan without its stops.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar, cast

import msgspec

from routing.dispatch import store_statements as sql
from routing.dispatch.state import (
    VISITS_FOR,
    Box,
    BoxForecast,
    City,
    CityDepot,
    CityLocker,
    CityOrder,
    CityState,
    CityVehicle,
    Command,
    Disruption,
    Earlier,
    Estimated,
    FailedPlace,
    LivingPlan,
    Offer,
    Pin,
    PlannedStop,
    PlannedUnserved,
    Position,
    PromiseState,
    Shift,
    Stage,
    StandingRescue,
    Visited,
    Wish,
    Zone,
)
from routing.dispatch.store import Store, Values
from routing.problem import DepotKind, Load, VehicleKind
from schemas.delivery_policy import DeliveryPolicy
from schemas.disruptions import DETAILS

RowT = TypeVar("RowT")

LAST_MILESTONES: Final = ("delivered", "cancelled")
"""An order that has reached one of them is under way no more, and neither is one that went back."""

_WENT_BACK: Final = ("refused", "returned")

_ORDERS_FOR: Final = timedelta(days=14)  # an order is booked at most so long ahead
_SHIFTS_AROUND: Final = timedelta(hours=24)
_DISRUPTIONS_AFTER: Final = timedelta(hours=1)  # one that is just over is still a reason to look
_LOOK_BACK: Final = timedelta(minutes=5)  # of a track, before its first new fix
_FIRST_LOOK_BACK: Final = timedelta(minutes=30)  # what a dispatcher before may not have looked at
_LONGEST_LOOK_BACK: Final = timedelta(hours=6)  # after an outage; more fixes would take long
_SURE_AFTER: Final = timedelta(minutes=5)  # that a compartment has failed (our assumption)
_COMMIT_LAG: Final = timedelta(seconds=5)  # positions may commit so long after their stored_at
_SPOIL_PERCENT: Final = 150  # of its value, where the judge has not said what a box's loss costs


class UnknownCity(Exception):
    """There is no such city (yet). The message says what to do."""


@dataclass(frozen=True, slots=True)
class Look:
    """A state, and until when its positions were stored: where the next look begins."""

    state: CityState
    stored_until: datetime


def look(store: Store, city_id: str, *, now: datetime, stored_since: datetime | None) -> Look:
    """Read a city. `stored_since`: positions stored later are new; None: what nobody looked at.

    Raises UnknownCity.
    """
    with store.snapshot():
        return _Reading(store, city_id, now, stored_since).look()


class _Reading:
    """One look; everything that it asks is of the same moment."""

    def __init__(
        self, store: Store, city_id: str, now: datetime, stored_since: datetime | None
    ) -> None:
        self._store = store
        self._now = now
        self._stored_since = stored_since or _first_since(store, city_id, now)
        self._values: dict[str, Any] = {
            "city_id": city_id,
            "now": now,
            "since": now - _ORDERS_FOR,
            "last": list(LAST_MILESTONES),
            "shifts_from": now - _SHIFTS_AROUND,
            "shifts_until": now + _SHIFTS_AROUND,
            "disruptions_from": now - _DISRUPTIONS_AFTER,
            "visits_from": now - VISITS_FOR,
            "stored_since": self._stored_since - _COMMIT_LAG,
            "look_back": _LOOK_BACK,
            "sure_after": _SURE_AFTER,
        }

    def look(self) -> Look:
        store, values = self._store, self._values
        city = _city(store, values)
        plan = _plan(store, values)
        vehicles = _vehicles(store, values)
        commands = tuple(store.all_as(Command, sql.COMMANDS, values))
        state = CityState(
            now=self._now,
            city=city,
            depots=tuple(_depot(row) for row in store.all_as(_Depot, sql.DEPOTS, values)),
            lockers=tuple(store.all_as(CityLocker, sql.LOCKERS, values)),
            vehicles=vehicles,
            orders=_orders(store, values, plan, vehicles),
            plan=plan,
            disruptions=tuple(
                _disruption(row) for row in store.all_as(_Disruption, sql.DISRUPTIONS, values)
            ),
            commands=commands,
            earlier=_earlier(store, values, commands),
            pins=tuple(store.all_as(Pin, sql.PINS, values)),
            rescues=tuple(store.all_as(StandingRescue, sql.RESCUES, values)),
            failed_places=tuple(store.all_as(FailedPlace, sql.FAILED_PLACES, values)),
            visits=tuple(store.all_as(Visited, sql.VISITS, values)),
            tracks=_tracks(store, values),
        )
        ((stored_until,),) = store.rows(sql.STORED_UNTIL, values)
        return Look(state, max(stored_until or self._stored_since, self._stored_since))


def _first_since(store: Store, city_id: str, now: datetime) -> datetime:
    """Return since when no dispatcher may have looked at positions."""
    ((written_at,),) = store.rows(sql.LAST_WRITTEN, {"city_id": city_id})
    latest_at = now - _FIRST_LOOK_BACK
    return max(min(written_at or latest_at, latest_at), now - _LONGEST_LOOK_BACK)


# The city and its fleet


def _city(store: Store, values: Values) -> City:
    rows = store.rows(sql.CITY, values)
    if not rows:
        raise UnknownCity(
            f"there is no city {values['city_id']}; `frostline city load FILE` makes one"
        )
    ((city_id, time_zone, policy),) = rows
    return City(id=city_id, time_zone=time_zone, policy=msgspec.convert(policy, DeliveryPolicy))


@dataclass(frozen=True, slots=True)
class _Depot:
    id: str
    kind: DepotKind
    lat_deg: float
    lon_deg: float
    picking_s: int
    orders_per_hour: list[int] | None
    stock_g: dict[Zone, int] | None
    ended_this_hour: int


def _depot(row: _Depot) -> CityDepot:
    return CityDepot(
        id=row.id,
        kind=row.kind,
        lat_deg=row.lat_deg,
        lon_deg=row.lon_deg,
        picking_s=row.picking_s,
        orders_per_hour=None if row.orders_per_hour is None else tuple(row.orders_per_hour),
        stock_g=row.stock_g or {},
        ended_this_hour=row.ended_this_hour,
    )


@dataclass(frozen=True, slots=True)
class _Vehicle:
    vehicle_id: str
    depot_id: str
    kind: VehicleKind
    role: str
    mode: str
    frozen_g: int
    chilled_g: int
    ambient_g: int
    range_m: int | None
    max_trips: int
    reload_s: int
    door_s: int
    returns: bool
    fixed_cost: int
    cost_per_km: int
    cost_per_h: int
    cost_per_order: int
    gateway_id: str | None
    frozen_place_id: str | None
    chilled_place_id: str | None
    ambient_place_id: str | None
    at: datetime | None
    lat_deg: float | None
    lon_deg: float | None
    speed_m_s: float | None


@dataclass(frozen=True, slots=True)
class _Shift:
    vehicle_id: str
    from_at: datetime
    until_at: datetime
    drivers: list[str]
    breaks: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """A break as the api writes it."""

    earliest_at: datetime
    latest_at: datetime
    duration_s: int


@dataclass(frozen=True, slots=True)
class _Fix:
    vehicle_id: str
    at: datetime
    lat_deg: float
    lon_deg: float
    speed_m_s: float | None


_SAME: Final = (
    "depot_id",
    "kind",
    "role",
    "mode",
    "range_m",
    "max_trips",
    "reload_s",
    "door_s",
    "returns",
    "fixed_cost",
    "cost_per_km",
    "cost_per_h",
    "cost_per_order",
    "gateway_id",
)


def _vehicles(store: Store, values: Values) -> tuple[CityVehicle, ...]:
    shifts = _by(store.all_as(_Shift, sql.SHIFTS, values), "vehicle_id")
    return tuple(
        _vehicle(row, shifts.get(row.vehicle_id, ()))
        for row in store.all_as(_Vehicle, sql.VEHICLES, values)
    )


def _vehicle(row: _Vehicle, shifts: Sequence[_Shift]) -> CityVehicle:
    places = {
        "frozen": row.frozen_place_id,
        "chilled": row.chilled_place_id,
        "ambient": row.ambient_place_id,
    }
    position = None
    if row.at is not None and row.lat_deg is not None and row.lon_deg is not None:
        position = Position(
            at=row.at, lat_deg=row.lat_deg, lon_deg=row.lon_deg, speed_m_s=row.speed_m_s
        )
    return CityVehicle(
        id=row.vehicle_id,
        capacity=Load(frozen_g=row.frozen_g, chilled_g=row.chilled_g, ambient_g=row.ambient_g),
        compartments={cast("Zone", zone): place for zone, place in places.items() if place},
        shifts=tuple(_shift(each) for each in shifts),
        position=position,
        **{name: getattr(row, name) for name in _SAME},
    )


def _shift(row: _Shift) -> Shift:
    rests = msgspec.convert(row.breaks, tuple[_Rest, ...])
    return Shift(
        from_at=row.from_at,
        until_at=row.until_at,
        drivers=tuple(row.drivers),
        breaks=tuple((rest.earliest_at, rest.latest_at, rest.duration_s) for rest in rests),
    )


def _tracks(store: Store, values: Values) -> dict[str, tuple[Position, ...]]:
    fixes = _by(store.all_as(_Fix, sql.TRACKS, values), "vehicle_id")
    return {
        vehicle_id: tuple(
            Position(at=f.at, lat_deg=f.lat_deg, lon_deg=f.lon_deg, speed_m_s=f.speed_m_s)
            for f in track
        )
        for vehicle_id, track in fixes.items()
    }


# The plan


@dataclass(frozen=True, slots=True)
class _Version:
    version: int
    made_at: datetime
    pins_cost: int
    searched_at: datetime | None
    why: dict[str, Any] | None
    inserted_at: datetime | None


def _plan(store: Store, values: Values) -> LivingPlan:
    found = store.all_as(_Version, sql.PLAN, values)
    if not found:
        return LivingPlan(version=0)
    head = found[0]
    return LivingPlan(
        version=head.version,
        made_at=head.made_at,
        searched_at=head.searched_at,
        inserted_at=head.inserted_at,
        why=head.why or {},
        pins_cost=head.pins_cost,
        stops=tuple(store.all_as(PlannedStop, sql.STOPS, values)),
        unserved=tuple(store.all_as(PlannedUnserved, sql.UNSERVED, values)),
    )


@dataclass(frozen=True, slots=True)
class _Earlier:
    version: int
    kind: Literal["pin", "move", "hold", "release", "undo"]
    order_id: str
    vehicle_before: str | None


@dataclass(frozen=True, slots=True)
class _PinBefore:
    version: int
    order_id: str
    kind: Literal["pin", "hold"]
    vehicle_id: str | None
    hold_until: datetime | None
    price: int
    by: str


def _earlier(
    store: Store, values: Values, commands: Iterable[Command]
) -> dict[int, tuple[Earlier, ...]]:
    versions = {command.undo_version for command in commands} - {None}
    if not versions:
        return {}
    values = {**values, "versions": sorted(versions, key=str)}
    pins: dict[tuple[int, str], list[Pin]] = {}
    for row in store.all_as(_PinBefore, sql.PINS_BEFORE, values):
        pins.setdefault((row.version, row.order_id), []).append(
            Pin(
                order_id=row.order_id,
                kind=row.kind,
                vehicle_id=row.vehicle_id,
                hold_until=row.hold_until,
                price=row.price,
                by=row.by,
            )
        )
    earlier: dict[int, list[Earlier]] = {}
    for done in store.all_as(_Earlier, sql.EARLIER, values):
        earlier.setdefault(done.version, []).append(
            Earlier(
                kind=done.kind,
                order_id=done.order_id,
                vehicle_before=done.vehicle_before,
                pins_before=tuple(pins.get((done.version, done.order_id), ())),
            )
        )
    return {version: tuple(done) for version, done in earlier.items()}


@dataclass(frozen=True, slots=True)
class _Disruption:
    id: str
    kind: str
    vehicle_id: str | None
    details: dict[str, Any]
    from_at: datetime
    until_at: datetime | None
    recorded_at: datetime


def _disruption(row: _Disruption) -> Disruption:
    return Disruption(
        id=row.id,
        kind=row.kind,
        vehicle_id=row.vehicle_id,
        details=msgspec.convert(row.details, DETAILS[row.kind]),
        from_at=row.from_at,
        until_at=row.until_at,
        recorded_at=row.recorded_at,
    )


# Orders


@dataclass(frozen=True, slots=True)
class _Order:
    order_id: str
    member_level: str
    tier_h: int
    lat_deg: float
    lon_deg: float
    frozen_g: int
    chilled_g: int
    ambient_g: int
    service_s: int
    placed_at: datetime
    requested_at: datetime
    wish: Wish
    window_from: datetime | None
    window_until: datetime | None
    locker_id: str | None
    delivery_fee: int
    promise: PromiseState | None
    due_at: datetime | None
    not_before: datetime | None
    depot_id: str | None
    alternates: list[str] | None
    offers: list[dict[str, Any]] | None
    offer: int | None
    promised_offer: dict[str, Any] | None
    delivered_at: datetime | None
    ended_at: datetime | None
    next_stop_at: datetime | None
    arriving_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Handover:
    order_id: str
    step: str
    at: datetime
    place_id: str | None


@dataclass(frozen=True, slots=True)
class _Box:
    order_id: str
    id: str
    zone: Zone
    goods_value: int
    packed_at: datetime | None
    box_material: str | None
    wall_w_per_k: float | None
    pack_kind: str | None
    pack_kg: float | None
    product_kg: float | None
    lower_c: float | None
    upper_c: float | None
    spoils_c: float | None
    spoils_after_s: float | None
    made_at: datetime | None
    leaves_in_s_q10: float | None
    leaves_in_s_q50: float | None
    leaves_in_s_q90: float | None
    chance_within_40_min: float | None
    at_risk: bool | None
    spoil_cost: int | None
    left_at: datetime | None
    has_left_range: bool


@dataclass(frozen=True, slots=True)
class _Estimate:
    order_id: str
    arrives_at: datetime
    earliest_at: datetime | None
    latest_at: datetime | None


def _orders(
    store: Store, values: Values, plan: LivingPlan, vehicles: Iterable[CityVehicle]
) -> tuple[CityOrder, ...]:
    planned = {stop.order_id for stop in plan.stops} | {u.order_id for u in plan.unserved}
    values = {**values, "planned": sorted(planned - {None})}
    rows = store.all_as(_Order, sql.ORDERS, values)
    key = {"order_ids": [row.order_id for row in rows]}
    told = _by(store.all_as(_Handover, sql.HANDOVERS, key), "order_id")
    handovers = {order_id: _since_it_went_back(steps) for order_id, steps in told.items()}
    aboard = _aboard(store, values, handovers, tuple(vehicles))
    boxes = _by(store.all_as(_Box, sql.BOXES, key), "order_id")
    estimates = {row.order_id: row for row in store.all_as(_Estimate, sql.ESTIMATES, key)}
    return tuple(
        _order(
            row,
            _Journey.of(handovers.get(row.order_id, ()), aboard.get(row.order_id)),
            tuple(_box(each) for each in boxes.get(row.order_id, ())),
            _estimated(estimates.get(row.order_id)),
        )
        for row in rows
    )


def _since_it_went_back(steps: Iterable[_Handover]) -> list[_Handover]:
    """Leave out what was before, but its packing: handed out again, its way begins anew."""
    kept: list[_Handover] = []
    for step in steps:
        if step.step in _WENT_BACK:
            kept = [each for each in kept if each.step == "packed"]
        else:
            kept.append(step)
    return kept


def _aboard(
    store: Store,
    values: Values,
    handovers: Mapping[str, Sequence[_Handover]],
    vehicles: Sequence[CityVehicle],
) -> dict[str, str]:
    """Return the vehicle that each order was loaded on last."""
    carried_by = {place: v.id for v in vehicles for place in v.compartments.values()}
    named: dict[str, str] = {}
    unnamed: dict[str, datetime] = {}
    for order_id, steps in handovers.items():
        loaded = [step for step in steps if step.step == "loaded"]
        for step in loaded:
            if (vehicle := carried_by.get(step.place_id or "")) is not None:
                named[order_id] = vehicle
        told = loaded or [step for step in steps if step.step == "departed"]
        if told and told[-1].place_id is None:
            unnamed[order_id] = told[-1].at
    without = {vehicle.id for vehicle in vehicles if not vehicle.compartments}
    for order_id, vehicle in _planned_then(store, values, unnamed).items():
        # A box may have no place in a van that has some for others: what names the van holds.
        if order_id not in named or vehicle in without:
            named[order_id] = vehicle
    return named


def _planned_then(
    store: Store, values: Values, loaded_at: Mapping[str, datetime]
) -> dict[str, str]:
    """Return who was to bring orders when they were loaded; nobody said onto what."""
    if not loaded_at:
        return {}
    asked = {**values, "order_ids": list(loaded_at), "at": list(loaded_at.values())}
    return dict(store.rows(sql.PLANNED_THEN, asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Journey:
    """What people have said of an order on its way, the newest word for each step."""

    packed_at: datetime | None = None
    loaded_at: datetime | None = None
    departed_at: datetime | None = None
    arrived_at: datetime | None = None
    aboard: str | None = None

    @classmethod
    def of(cls, steps: Iterable[_Handover], aboard: str | None) -> "_Journey":
        return cls(**{f"{step.step}_at": step.at for step in steps}, aboard=aboard)


def _order(
    row: _Order, journey: _Journey, boxes: tuple[Box, ...], estimate: Estimated | None
) -> CityOrder:
    window = None
    if row.window_from is not None and row.window_until is not None:
        window = row.window_from, row.window_until
    wish, locker_id = row.wish, row.locker_id
    if row.promised_offer is not None:  # the member took it in place of the wish
        locker_id = row.promised_offer["locker_id"]
        wish = "fastest" if locker_id is None else "locker"
    return CityOrder(
        id=row.order_id,
        stage=_stage(row, journey),
        level=row.member_level,
        tier_h=row.tier_h,
        lat_deg=row.lat_deg,
        lon_deg=row.lon_deg,
        load=Load(frozen_g=row.frozen_g, chilled_g=row.chilled_g, ambient_g=row.ambient_g),
        service_s=row.service_s,
        placed_at=row.placed_at,
        requested_at=row.requested_at,
        wish=wish,
        window=window,
        locker_id=locker_id,
        delivery_fee=row.delivery_fee,
        due_at=row.due_at,
        not_before=row.not_before,
        depot_id=row.depot_id,
        alternates=tuple(row.alternates or ()),
        packed_at=journey.packed_at,
        departed_at=journey.departed_at,
        arrived_at=journey.arrived_at,
        aboard=journey.aboard,
        boxes=boxes,
        offers=tuple(msgspec.convert(row.offers or [], tuple[Offer, ...])),
        accepted_offer=row.offer,
        delivered_at=row.delivered_at,
        estimate=estimate,
        next_stop_at=row.next_stop_at,
        arriving_at=row.arriving_at,
    )


def _stage(row: _Order, journey: _Journey) -> Stage:
    """Return how far an order is: the last step that was said of it."""
    reached: tuple[tuple[Stage, object], ...] = (
        ("delivered", row.delivered_at),
        ("ended", row.ended_at),
        ("out", journey.departed_at),
        ("loaded", journey.loaded_at),
        # Packed before it was answered: its member waits for the answer all the same.
        ("requested", row.promise != "promised" or None),
        ("packed", journey.packed_at),
    )
    return next((stage for stage, at in reached if at is not None), "waiting")


def _box(row: _Box) -> Box:
    return Box(
        id=row.id,
        zone=row.zone,
        goods_value=row.goods_value,
        packed_at=row.packed_at,
        box_material=row.box_material,
        wall_w_per_k=row.wall_w_per_k,
        pack_kind=row.pack_kind,
        pack_kg=row.pack_kg,
        product_kg=row.product_kg,
        lower_c=row.lower_c,
        upper_c=row.upper_c,
        spoils_c=row.spoils_c,
        spoils_after_s=row.spoils_after_s or 0.0,
        spoil_cost=_spoil_cost(row),
        forecast=_forecast(row),
        left_at=row.left_at,
        has_left_range=row.has_left_range,
    )


def _spoil_cost(row: _Box) -> int:
    if row.spoil_cost is not None:
        return row.spoil_cost
    return row.goods_value * _SPOIL_PERCENT // 100


def _forecast(row: _Box) -> BoxForecast | None:
    made_at = row.made_at
    if made_at is None:
        return None

    def leaves_at(after_s: float | None) -> datetime | None:
        return None if after_s is None else made_at + timedelta(seconds=after_s)

    return BoxForecast(
        made_at=made_at,
        leaves_at_q10=leaves_at(row.leaves_in_s_q10),
        leaves_at_q50=leaves_at(row.leaves_in_s_q50),
        leaves_at_q90=leaves_at(row.leaves_in_s_q90),
        chance_within_40_min=row.chance_within_40_min or 0.0,
        at_risk=bool(row.at_risk),
    )


def _estimated(row: _Estimate | None) -> Estimated | None:
    if row is None:
        return None
    return Estimated(
        arrives_at=row.arrives_at, earliest_at=row.earliest_at, latest_at=row.latest_at
    )


def _by(rows: Iterable[RowT], name: str) -> dict[str, list[RowT]]:
    """Group rows by one of their columns."""
    grouped: dict[str, list[RowT]] = {}
    for row in rows:
        grouped.setdefault(getattr(row, name), []).append(row)
    return grouped
