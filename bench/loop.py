"""What is it worth that boxes' curves steer the plan? A toy afternoon, with and without.

Days of `routing.city` in a heat wave, looked at every five minutes: questions are settled and the
plan is made again, by the dispatcher's own functions; vehicles do as planned. How long each box
really holds is drawn around its nominal hold time, and the compartments of vans fail. With the loop
the plan hears forecasts that err as widely as they say. Traffic, drivers and the judge itself are
left out: those are `frostline day`'s to simulate.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from bench.report import progress, publish
from routing.city import city_day
from routing.dispatch.blinding import without_forecasts
from routing.dispatch.cold import cold_of, weighed
from routing.dispatch.geofence import distance_m
from routing.dispatch.hold_times import grace_time, hold_time
from routing.dispatch.learning import TimeBook
from routing.dispatch.problem_of import stand
from routing.dispatch.replanning import Why, replan
from routing.dispatch.rescue import after, settle
from routing.dispatch.standing import Ways
from routing.dispatch.state import (
    Box,
    BoxForecast,
    City,
    CityDepot,
    CityOrder,
    CityState,
    CityVehicle,
    FailedPlace,
    LivingPlan,
    PlannedStop,
    Shift,
    Visited,
    Zone,
)
from routing.dispatch.travelling import great_circle_of
from routing.problem import Load, Order, Place, Problem, Vehicle
from routing.search import compile_ahead
from schemas.delivery_policy import DeliveryPolicy, Tier

FLEET_FOR: Final = 120
ORDERS: Final = 100
"""The fleet is made for so many more: a sixth of it is spare."""
SEEDS: Final = 5
ITERATIONS: Final = 300
STEP: Final = timedelta(minutes=5)
MIDNIGHT: Final = datetime(2026, 7, 22, tzinfo=UTC)
BEGINS: Final = MIDNIGHT + timedelta(hours=13)
ENDS: Final = MIDNIGHT + timedelta(hours=23, minutes=30)
VALUE_PER_KG: Final = 2500  # fen
SPOIL_PERCENT: Final = 150
LOG_SD: Final = 0.35
"""Of what boxes truly hold, and of forecasts, of the time that is left."""
COOLED: Final = 0.2
"""A compartment that cools lets a box age so much more slowly."""
FAILED: Final = 1.7
"""One that failed so much faster: 50 °C behind a skin in the sun, against 30."""
FAILURES_FROM: Final = MIDNIGHT + timedelta(hours=15, minutes=30)
FAILURES_EVERY: Final = timedelta(minutes=45)
KNOWN_AFTER: Final = timedelta(minutes=20)
"""The judge needs a quarter of an hour of warm air."""
DROP_COST: Final = 40_000
"""Fen: a member who gets nothing at all, though it was promised."""
_Q90: Final = math.exp(1.2816 * LOG_SD)
_CITY: Final = City(
    id="toy",
    time_zone="UTC",
    policy=DeliveryPolicy(
        tiers=tuple(
            Tier(hours=h, levels=("",), late_cost_per_min=late, drop_cost=DROP_COST)
            for h, late in ((2, 25), (4, 15), (6, 8))
        ),
        areas={},
    ),
)


@dataclass(slots=True)
class TrueBox:
    """What a box truly has left, in seconds without cooling; `error` is its forecasts'."""

    hold_s: float
    grace_s: float
    error: float
    left_at: datetime | None = None
    spoilt_at: datetime | None = None

    def age(self, from_at: datetime, rate: float) -> None:
        """Let a step pass."""
        seconds = STEP.total_seconds() * rate
        held_s = min(seconds, self.hold_s)
        self.hold_s -= held_s
        self.grace_s -= seconds - held_s
        if self.hold_s <= 0 and self.left_at is None:
            self.left_at = from_at + STEP
        if self.grace_s <= 0 and self.spoilt_at is None:
            self.spoilt_at = from_at + STEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a day came to. Costs are fen; `cost` is the way, the time and the vehicles."""

    delivered: int
    spoiled: int
    returned: int
    late: int
    late_min: int
    cost: int
    compensation: int
    handed_over: int
    questions: int


def run(*, seeds: int, failures: int, percent: int, true_percent: int, json: bool) -> None:
    """Drive each seed's day twice; print totals, and each day.

    Boxes truly hold for `true_percent` of what their records say.
    """
    compile_ahead()
    rows = []
    for seed in range(1, seeds + 1):
        pair = [
            Toy(seed, failures=failures, loop=loop, percent=percent, true_percent=true_percent)
            for loop in (False, True)
        ]
        rows.append([toy.drive() for toy in pair])
        progress(f"seed {seed}: without {asdict(rows[-1][0])}, with {asdict(rows[-1][1])}")
    figures: dict[str, object] = {}
    for each in fields(Day):
        for name, k in (("without", 0), ("with", 1)):
            figures[f"{each.name}_{name}_loop"] = sum(getattr(pair[k], each.name) for pair in rows)
    publish("loop", figures, json=json)


@dataclass(slots=True)
class Toy:
    """A day on its way."""

    seed: int
    failures: int
    loop: bool
    percent: int = 100
    true_percent: int = 100
    state: CityState = field(init=False)
    true: dict[str, TrueBox] = field(init=False)
    noise: np.random.Generator = field(init=False)
    failed: dict[str, datetime] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_names(), 0))
    spot: dict[str, tuple[datetime, float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problem = city_day(orders=FLEET_FOR, seed=self.seed, scenario="heat-wave")
        problem = replace(problem, orders=problem.orders[:ORDERS])
        self.state = state_of(problem)
        self.noise = np.random.default_rng([self.seed, 7])
        r = np.random.default_rng([self.seed, 3])
        self.true = {}
        for order in self.state.orders:
            a, b, c = np.exp(LOG_SD * r.standard_normal(3))
            for box in order.boxes:
                hold, grace = hold_time(box), grace_time(box)
                if hold is not None and grace is not None:
                    hold_s = hold.q50_s * a * self.true_percent / 100
                    self.true[box.id] = TrueBox(hold_s, grace.q50_s * b, math.log(c))

    def drive(self) -> Day:
        """Drive it to its end."""
        while self.state.now < ENDS and any(o.stage != "ended" for o in self.state.orders):
            self._break_down()
            self._plan()
            self._age()
            until = self.state.now + STEP
            for stop in sorted(self.state.plan.stops, key=lambda s: (s.leaves_at, s.position)):
                self._happen(stop, until)
            self.state = replace(self.state, now=until)
        return Day(**self.figures)

    # What the dispatcher does

    def _plan(self) -> None:
        told = replace(
            self.state,
            orders=tuple(self._told(order) for order in self.state.orders),
            failed_places=tuple(
                FailedPlace(place_id=f"{vehicle}/{zone}", since=since)
                for vehicle, since in self.failed.items()
                if self.state.now >= since + KNOWN_AFTER
                for zone in ("frozen", "chilled", "ambient")
            ),
        )
        told = weighed(told, self.percent) if self.loop else without_forecasts(told)
        ways = Ways(travel_of=great_circle_of, book=TimeBook(), cold=cold_of(told, loop=self.loop))
        settled = settle(told, ways)
        self.figures["questions"] += len(settled.rescues)
        standing = stand(settled.state, settled.ways, settled.bound)
        plan = replan(standing, Why(reason="toy"), seed=self.seed, iterations=ITERATIONS)
        state = after(self.state, settled.rescues)
        if plan is not None:
            living = LivingPlan(version=plan.base + 1, stops=plan.stops, unserved=plan.unserved)
            state = replace(state, plan=living)
        self.state = state

    def _told(self, order: CityOrder) -> CityOrder:
        noise = 0.6 * LOG_SD * self.noise.standard_normal()
        if order.stage != "out":
            return order
        return replace(order, boxes=tuple(self._forecast(order, b, noise) for b in order.boxes))

    def _forecast(self, order: CityOrder, box: Box, noise: float) -> Box:
        """Return a box with what the judge says: as it ages now, or before a failure is seen."""
        true, now = self.true[box.id], self.state.now
        left_s = true.hold_s / self._rate(order, box.zone, seen=True)
        middle_s = left_s * math.exp(0.8 * true.error + noise)
        ends = [now + timedelta(seconds=middle_s * f) for f in (1 / _Q90, 1.0, _Q90)]
        q10, q50, q90 = (None if end - now > timedelta(hours=7) else end for end in ends)
        told = BoxForecast(
            made_at=now,
            leaves_at_q10=q10,
            leaves_at_q50=q50,
            leaves_at_q90=q90,
            chance_within_40_min=0.0,
            at_risk=False,
        )
        left_at = true.left_at
        box = replace(box, forecast=told, left_at=left_at, has_left_range=bool(true.spoilt_at))
        return replace(box, forecast=replace(told, at_risk=self._is_at_risk(order, box)))

    def _is_at_risk(self, order: CityOrder, box: Box) -> bool:
        """Warn where the box is likelier than not to be out of its zone at its door."""
        told, stops = box.forecast, self.state.plan.stops
        arrives = [s.arrives_at for s in stops if s.kind == "deliver" and s.order_id == order.id]
        if told is None or told.leaves_at_q50 is None or not arrives:
            return False
        return told.leaves_at_q50 < arrives[0]

    # What happens

    def _rate(self, order: CityOrder, zone: Zone, *, seen: bool = False) -> float:
        """Return how fast a box ages; `seen`: as far as its curve has shown it."""
        vehicle = next(v for v in self.state.vehicles if v.id == order.aboard)
        since = self.failed.get(vehicle.id)
        if since is not None and (not seen or self.state.now >= since + KNOWN_AFTER):
            return FAILED
        return COOLED if zone in vehicle.compartments else 1.0

    def _age(self) -> None:
        for order in self.state.orders:
            if order.stage == "out":
                for box in order.boxes:
                    self.true[box.id].age(self.state.now, self._rate(order, box.zone))

    def _break_down(self) -> None:
        """Let the compartment fail of the van that carries most, when it is time."""
        due = FAILURES_FROM + len(self.failed) * FAILURES_EVERY
        if len(self.failed) == self.failures or self.state.now < due:
            return
        out = [order.aboard for order in self.state.orders if order.stage == "out"]
        vans = [v.id for v in self.state.vehicles if v.compartments and v.id not in self.failed]
        self.failed[max(vans, key=lambda id_: (out.count(id_), id_))] = self.state.now

    def _happen(self, stop: PlannedStop, until: datetime) -> None:
        now = self.state.now
        if not (stop.leaves_at <= until) or stop.arrives_at < BEGINS:
            return
        order = next((o for o in self.state.orders if o.id == stop.order_id), None)
        if stop.kind == "load":
            self._depart(stop)
        elif stop.kind == "meet" and order is not None and order.aboard != stop.vehicle_id:
            self._meet(stop, order)
        elif stop.kind == "deliver" and order is not None and order.stage == "out":
            if order.aboard == stop.vehicle_id:
                self._deliver(stop, order)
        elif stop.kind == "return" and stop.arrives_at > now - STEP:
            self._come_home(stop)

    def _depart(self, stop: PlannedStop) -> None:
        rows = {
            s.order_id
            for s in self.state.plan.stops
            if s.vehicle_id == stop.vehicle_id and s.trip == stop.trip and s.kind == "deliver"
        }
        waiting = {o.id for o in self.state.orders if o.stage == "waiting"}
        if not rows & waiting:
            return
        city = next(v for v in self.state.vehicles if v.id == stop.vehicle_id)
        depot = next(d for d in self.state.depots if d.id == city.depot_id)
        if stop.vehicle_id not in self.spot:
            self.figures["cost"] += city.fixed_cost
        self.spot[stop.vehicle_id] = (stop.leaves_at, depot.lat_deg, depot.lon_deg)
        out = {"stage": "out", "aboard": stop.vehicle_id, "departed_at": stop.leaves_at}
        self._change(rows & waiting, **out)

    def _meet(self, stop: PlannedStop, order: CityOrder) -> None:
        stops = self.state.plan.stops
        brings = {s.vehicle_id for s in stops if s.kind == "deliver" and s.order_id == order.id}
        if stop.vehicle_id in brings and stop.lat_deg is not None and stop.lon_deg is not None:
            for vehicle in (stop.vehicle_id, order.aboard or ""):
                self._drive(vehicle, stop.leaves_at, stop.lat_deg, stop.lon_deg)
            self.figures["handed_over"] += 1
            self._change({order.id}, aboard=stop.vehicle_id)

    def _deliver(self, stop: PlannedStop, order: CityOrder) -> None:
        self._drive(stop.vehicle_id, stop.leaves_at, order.lat_deg, order.lon_deg)
        self._visit(stop, order.lat_deg, order.lon_deg)
        self.figures["delivered"] += 1
        late_s = (stop.arrives_at - (order.due_at or stop.arrives_at)).total_seconds()
        self.figures["late"] += late_s > 0
        self.figures["late_min"] += max(0, round(late_s / 60))
        self._settle_boxes(order, stop.arrives_at)
        self._change({order.id}, stage="ended")

    def _come_home(self, stop: PlannedStop) -> None:
        if stop.vehicle_id not in self.spot:
            return
        depot = next(d for d in self.state.depots if d.id == stop.depot_id)
        self._drive(stop.vehicle_id, stop.arrives_at, depot.lat_deg, depot.lon_deg)
        self._visit(stop, depot.lat_deg, depot.lon_deg)
        back = [o for o in self.state.orders if o.aboard == stop.vehicle_id and o.stage == "out"]
        for _ in back:
            self.figures["returned"] += 1
            self.figures["compensation"] += DROP_COST
        self._change({order.id for order in back}, stage="ended")

    def _settle_boxes(self, order: CityOrder, at: datetime) -> None:
        for box in order.boxes:
            spoilt_at = self.true[box.id].spoilt_at
            if spoilt_at is not None and spoilt_at <= at:
                self.figures["spoiled"] += 1
                self.figures["compensation"] += box.spoil_cost

    def _drive(self, vehicle_id: str, at: datetime, lat_deg: float, lon_deg: float) -> None:
        """Count the way and the time since the vehicle's last stop."""
        city = next(v for v in self.state.vehicles if v.id == vehicle_id)
        depot = next(d for d in self.state.depots if d.id == city.depot_id)
        if vehicle_id not in self.spot:
            self.figures["cost"] += city.fixed_cost
        since, *before = self.spot.get(vehicle_id, (self.state.now, depot.lat_deg, depot.lon_deg))
        km = 1.35 * distance_m((before[0], before[1]), (lat_deg, lon_deg)) / 1000
        hours = max(0.0, (at - since).total_seconds()) / 3600
        self.figures["cost"] += round(km * city.cost_per_km + hours * city.cost_per_h)
        self.spot[vehicle_id] = (at, lat_deg, lon_deg)

    def _visit(self, stop: PlannedStop, lat_deg: float, lon_deg: float) -> None:
        visit = Visited(
            vehicle_id=stop.vehicle_id,
            order_id=stop.order_id,
            depot_id=stop.depot_id,
            arrived_at=stop.arrives_at,
            left_at=None if stop.order_id is None else stop.leaves_at,
            source="position",
            lat_deg=lat_deg,
            lon_deg=lon_deg,
        )
        self.state = replace(self.state, visits=(*self.state.visits, visit))

    def _change(self, ids: set[str | None], **changes: object) -> None:
        orders = tuple(
            replace(o, **changes) if o.id in ids else o  # type: ignore[arg-type] # names of its own
            for o in self.state.orders
        )
        self.state = replace(self.state, orders=orders)


def _names() -> Iterator[str]:
    return (each.name for each in fields(Day))


# The city as the dispatcher knows it --------------------------------------------------------------


def state_of(problem: Problem) -> CityState:
    """Return a day of `routing.city` as it is known at its beginning, with a relay van a depot."""
    places = {place.id: place for place in problem.places}
    vehicles = [_vehicle(vehicle) for vehicle in problem.vehicles]
    for depot in problem.depots:
        van = next(v for v in vehicles if v.depot_id == depot.id and v.kind == "van")
        day = Shift(from_at=BEGINS, until_at=ENDS, drivers=("relay",))
        relay = replace(van, id=f"{depot.id}-relay", role="relay", shifts=(day,), max_trips=9)
        vehicles.append(replace(relay, compartments=_compartments(relay.id)))
    return CityState(
        now=BEGINS,
        city=_CITY,
        depots=tuple(
            CityDepot(
                id=depot.id,
                kind=depot.kind,
                lat_deg=_at(places, depot.place)[0],
                lon_deg=_at(places, depot.place)[1],
                picking_s=depot.picking_s,
            )
            for depot in problem.depots
        ),
        lockers=(),
        vehicles=tuple(vehicles),
        orders=tuple(_order(order, places) for order in problem.orders),
        plan=LivingPlan(version=0),
    )


def _at(places: dict[str, Place], place: str) -> tuple[float, float]:
    found = places[place]
    return found.lat_deg or 0.0, found.lon_deg or 0.0


def _compartments(vehicle_id: str) -> dict[Zone, str]:
    zones: tuple[Zone, ...] = ("frozen", "chilled", "ambient")
    return {zone: f"{vehicle_id}/{zone}" for zone in zones}


def _vehicle(row: Vehicle) -> CityVehicle:
    """Return a vehicle; only vans and carriers have compartments that cool."""
    shift = Shift(from_at=_time(row.start_s), until_at=_time(row.end_s), drivers=("driver",))
    return CityVehicle(
        id=row.id,
        depot_id=row.depot,
        kind=row.kind,
        role="regular",
        mode=row.mode,
        capacity=row.capacity,
        range_m=row.range_m,
        max_trips=row.max_trips,
        reload_s=row.reload_s,
        door_s=row.door_s,
        returns=row.returns,
        fixed_cost=row.fixed_cost,
        cost_per_km=row.cost_per_km,
        cost_per_h=row.cost_per_h,
        cost_per_order=row.cost_per_order,
        compartments=_compartments(row.id) if row.kind in {"van", "carrier"} else {},
        shifts=(shift,),
    )


def _order(row: Order, places: dict[str, Place]) -> CityOrder:
    lat_deg, lon_deg = _at(places, row.place)
    tier_h = {25: 2, 15: 4, 8: 6}[row.late_cost_per_min]
    return CityOrder(
        id=row.id,
        stage="waiting",
        level="",
        tier_h=tier_h,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        load=row.load,
        service_s=row.service_s,
        placed_at=_time(row.ready_s),
        requested_at=_time(row.ready_s),
        wish="fastest",
        due_at=_time(row.due_s),
        depot_id=row.depots[0],
        alternates=row.depots[1:],
        boxes=_boxes(row),
    )


def _boxes(row: Order) -> tuple[Box, ...]:
    """Return a box with as much of a pack as makes it hold as long as the day says."""
    if row.hold_s is None:
        return ()
    load: Load = row.load
    zone: Zone = "frozen" if load.frozen_g else "chilled"
    value = (load.frozen_g + load.chilled_g) * VALUE_PER_KG // 1000
    box = Box(
        id=f"{row.id}.{zone}",
        zone=zone,
        goods_value=value,
        packed_at=None,
        box_material="epp",
        pack_kind=None,
        pack_kg=0.0,
        product_kg=4.0,
        spoil_cost=value * SPOIL_PERCENT // 100,
    )
    bare, packed = hold_time(box), hold_time(replace(box, pack_kg=1.0))
    if bare is None or packed is None:
        return (box,)
    kilos = (row.hold_s - bare.q50_s) / (packed.q50_s - bare.q50_s)
    return (replace(box, pack_kg=max(0.0, kilos)),)


def _time(second: int) -> datetime:
    return MIDNIGHT + timedelta(seconds=second)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--failures", type=int, default=2)
    parser.add_argument("--weight-percent", type=int, default=100)
    parser.add_argument("--true-percent", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    run(
        seeds=asked.seeds,
        failures=asked.failures,
        percent=asked.weight_percent,
        true_percent=asked.true_percent,
        json=asked.json,
    )
