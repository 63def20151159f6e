"""A dispatcher at work on the world of a simulated day, with no process and no database between.

Each minute it sees what drivers said and receivers measured, decides, and drivers follow. What it
knows of boxes is the test's to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from frostline.day.demand import Ordered
from frostline.day.fleet import FleetVehicle
from frostline.day.happenings import Handover, Instruction
from frostline.day.run import travel_of
from frostline.day.truth import World
from routing.dispatch.deciding import Means, decide
from routing.dispatch.decision import Decision
from routing.dispatch.rescue import after
from routing.dispatch.settings import DispatchSettings
from routing.dispatch.state import (
    Box,
    City,
    CityDepot,
    CityOrder,
    CityState,
    CityVehicle,
    LivingPlan,
    PlannedStop,
    Position,
    Shift,
)
from routing.dispatch.travelling import TravelOf
from routing.problem import Load
from schemas.delivery_policy import DeliveryPolicy, Tier

POLICY = DeliveryPolicy(
    tiers=(Tier(hours=4, levels=(), late_cost_per_min=100, drop_cost=5000),), areas={}
)
TRACK = timedelta(minutes=6)
PROMISED = timedelta(hours=4)


@dataclass
class DispatchedDay:
    """Some vehicles and orders of a world, and what a dispatcher knows of them."""

    world: World
    travel_of: TravelOf
    state: CityState
    decisions: list[Decision] = field(default_factory=list)
    told: list[Handover] = field(default_factory=list)

    @classmethod
    def of(
        cls, world: World, vehicles: Sequence[FleetVehicle], orders: Sequence[Ordered]
    ) -> "DispatchedDay":
        """Promise orders at the first vehicle's depot, now."""
        now = world.time_of(world.now_s)
        depot_id = vehicles[0].depot_id
        for ordered in orders:
            world.promised(ordered.id, depot_id)
        state = CityState(
            now=now,
            city=City(id=world.city_id, time_zone="Asia/Shanghai", policy=POLICY),
            depots=tuple(
                CityDepot(
                    id=each.id,
                    kind=each.kind,
                    lat_deg=float(each.spot.lat_deg),
                    lon_deg=float(each.spot.lon_deg),
                    picking_s=1200,
                )
                for each in world.city.depots
            ),
            lockers=(),
            vehicles=tuple(_vehicle(world, each) for each in vehicles),
            orders=tuple(_order(each, now, depot_id) for each in orders),
            plan=LivingPlan(version=0),
        )
        return cls(world, travel_of(world, world.city_setup()), state)

    def step(self) -> Decision:
        """Let a minute pass; see, decide, and tell the drivers."""
        for _ in range(2):
            happened = self.world.advance(self.world.now_s + 30.0)
            for each in happened:
                if isinstance(each, Handover):
                    self.told.append(each)
                    self._hear(each)
            self._see()
        self.state = replace(self.state, now=self.world.time_of(self.world.now_s))
        settings = DispatchSettings(database_url="", city=self.world.city_id, iterations=50)
        decision = decide(self.state, Means(settings=settings, travel_of=self.travel_of)).decision
        self._apply(decision)
        self.decisions.append(decision)
        return decision

    # What it sees

    def _hear(self, handover: Handover) -> None:
        at = self.world.time_of(handover.at_s)
        orders = tuple(
            _after_step(each, handover, at) if each.id == handover.order_id else each
            for each in self.state.orders
        )
        self.state = replace(self.state, orders=orders)

    def _see(self) -> None:
        now = self.world.time_of(self.world.now_s)
        tracks = dict(self.state.tracks)
        for fix in self.world.fixes():
            track = [each for each in tracks.get(fix.vehicle_id, ()) if now - each.at <= TRACK]
            new = Position(
                at=now,
                lat_deg=float(fix.lat_deg),
                lon_deg=float(fix.lon_deg),
                speed_m_s=fix.speed_m_s,
            )
            tracks[fix.vehicle_id] = (*track, new)
        vehicles = tuple(
            replace(each, position=tracks[each.id][-1]) if each.id in tracks else each
            for each in self.state.vehicles
        )
        self.state = replace(self.state, tracks=tracks, vehicles=vehicles)

    # What it decides

    def _apply(self, decision: Decision) -> None:
        state = after(self.state, decision.rescues)
        gone = {
            (v.vehicle_id, v.order_id, v.depot_id, v.arrived_at)
            for v in (*decision.visits, *decision.visits_withdrawn)
        }
        visits = [
            v
            for v in state.visits
            if (v.vehicle_id, v.order_id, v.depot_id, v.arrived_at) not in gone
        ]
        state = replace(state, visits=(*visits, *decision.visits))
        if decision.plan is not None:
            plan = LivingPlan(
                version=decision.plan.base + 1,
                made_at=state.now,
                searched_at=state.now,
                why=decision.plan.why,
                stops=decision.plan.stops,
                unserved=decision.plan.unserved,
            )
            state = replace(state, plan=plan)
            self.world.set_plan(self._instructions(plan.stops))
        self.state = state

    def _instructions(self, stops: Sequence[PlannedStop]) -> dict[str, list[Instruction]]:
        midnight = self.world.time_of(0.0)
        told: dict[str, list[Instruction]] = {}
        for stop in sorted(stops, key=lambda each: (each.vehicle_id, each.trip, each.position)):
            told.setdefault(stop.vehicle_id, []).append(
                Instruction(
                    trip=stop.trip,
                    kind=stop.kind,
                    arrives_s=(stop.arrives_at - midnight).total_seconds(),
                    leaves_s=(stop.leaves_at - midnight).total_seconds(),
                    order_id=stop.order_id,
                    depot_id=stop.depot_id,
                    lat_deg=stop.lat_deg,
                    lon_deg=stop.lon_deg,
                )
            )
        return told


def _after_step(order: CityOrder, handover: Handover, at: datetime) -> CityOrder:
    if handover.step == "packed":
        return replace(order, stage="packed", packed_at=at)
    if handover.step == "loaded":
        stage = "out" if order.departed_at else "loaded"
        return replace(order, stage=stage, aboard=handover.vehicle_id)
    if handover.step == "departed":
        return replace(order, stage="out", departed_at=at)
    if handover.step == "arrived":
        return replace(order, arrived_at=at)
    if handover.step == "signed":
        return replace(order, stage="delivered", delivered_at=at)
    return replace(order, stage="ended")


def _vehicle(world: World, vehicle: FleetVehicle) -> CityVehicle:
    model = vehicle.model
    return CityVehicle(
        id=vehicle.id,
        depot_id=vehicle.depot_id,
        kind=model.kind,
        role=vehicle.role,
        mode=model.mode,
        capacity=model.capacity,
        range_m=model.range_m,
        max_trips=6,
        reload_s=model.reload_s,
        door_s=model.door_s,
        returns=model.returns,
        fixed_cost=model.fixed_cost,
        cost_per_km=model.cost_per_km,
        cost_per_h=model.cost_per_h,
        cost_per_order=model.cost_per_order,
        gateway_id=str(vehicle.gateway_id),
        compartments={zone: each.place_id for zone, each in vehicle.compartments.items()},
        shifts=tuple(
            Shift(
                from_at=world.time_of(each.from_s),
                until_at=world.time_of(each.until_s),
                drivers=(each.driver,),
            )
            for each in vehicle.shifts
        ),
    )


def _order(ordered: Ordered, now: datetime, depot_id: str) -> CityOrder:
    grams = {f"{zone}_g": round(1000 * kg) for zone, kg in ordered.kg.items()}
    return CityOrder(
        id=ordered.id,
        stage="waiting",
        level=ordered.level,
        tier_h=4,
        lat_deg=float(ordered.home.lat_deg),
        lon_deg=float(ordered.home.lon_deg),
        load=Load(**grams),
        service_s=ordered.service_s,
        placed_at=now,
        requested_at=now,
        wish="fastest",
        due_at=now + PROMISED,
        depot_id=depot_id,
        boxes=tuple(
            Box(
                id=ordered.consignment(zone),
                zone=zone,
                goods_value=value,
                packed_at=now,
                box_material="epp",
                pack_kind="none" if zone == "chilled" else "brine",
                pack_kg=0.0 if zone == "chilled" else 1.0,
                product_kg=ordered.kg[zone],
                spoil_cost=value * 3 // 2,
            )
            for zone, value in ordered.value.items()
        ),
    )
