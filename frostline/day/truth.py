"""What really happens on a day, whoever plans it?

The world draws everything that no plan can change (orders, weather, traffic, failures, what each
stop of each order holds) from the seed alone, so that two runs of one seed differ by their plans
and by nothing else.
"""

import heapq
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from frostline.day.city import CITY_ID, City, draw_city
from frostline.day.cold import Cold
from frostline.day.demand import Ordered, body_of, draw_orders, time_of
from frostline.day.drivers import LOOKS_EVERY_S, Driver, Ground
from frostline.day.fleet import REST_S, FleetVehicle, cools, draw_fleet
from frostline.day.happenings import (
    BoxTruth,
    DayOrder,
    Happening,
    Instruction,
    LoggerNow,
    Put,
    VehicleFix,
    VehicleUse,
    Zone,
)
from frostline.day.incidents import Incidents, draw_incidents, reports_of
from frostline.day.parcels import Goods, parcels_of
from frostline.day.scenarios import HOUR_S, Scenario
from frostline.day.setting_up import CLOSES_S, setup_of
from frostline.day.traffic import Streets, believed_travel
from routing.problem import Place
from routing.roads.made_up import made_up_streets
from routing.roads.network import Network
from routing.travel import Travel
from schemas.ids import GatewayId

_ACCURACY_M: Final = 8.0
_AFTER_CLOSING_S: Final = HOUR_S


class World:
    """A city, its day, and how far that has come. Seconds are those since the local midnight."""

    city_id = CITY_ID

    def __init__(
        self, seed: int, orders: int, scenario: Scenario, network: Network | None = None
    ) -> None:
        """Draw a day. Without a network the city is made up too."""
        count = round(orders * scenario.orders_percent / 100)
        self.scenario = scenario
        self.begins_s = float(scenario.ordered_from_s - HOUR_S)
        self.ends_s = float(CLOSES_S + _AFTER_CLOSING_S)
        self.now_s = self.begins_s
        self.city: City = draw_city(network or made_up_streets(seed), homes=count, seed=seed)
        self.fleet: tuple[FleetVehicle, ...] = draw_fleet(self.city, scenario, orders)
        self.ordered = draw_orders(self.city, scenario, orders=count, seed=seed)
        self.orders = tuple(
            DayOrder(order_id=each.id, placed_s=each.placed_s, body=body_of(each, scenario))
            for each in self.ordered
        )
        self.incidents: Incidents = draw_incidents(self.city, self.fleet, scenario, seed)
        parcels, plans = parcels_of(self.ordered)
        self._happened: list[tuple[float, int, Happening]] = []
        self._told = 0
        self._cold = Cold(plans, self.fleet, scenario, seed)
        self._goods = Goods(parcels, self._cold, seed, self._tell)
        self._streets = Streets(self.city, scenario, seed)
        self._failing = sorted(self.incidents.failures, key=lambda each: each.at_s, reverse=True)
        self._drivers = self._put_drivers(seed)
        for report in reports_of(self.incidents, scenario):
            self._tell(report)

    def time_of(self, second: float) -> datetime:
        """Return a second of the day as a time, UTC."""
        return time_of(self.scenario, second)

    def city_setup(self) -> tuple[Put, ...]:
        """Return what the API is told before the day begins.

        City, depots, lockers, places, compartments' loggers and bindings, vehicles, shifts.
        """
        return setup_of(self.city, self.fleet, self.scenario, self.begins_s)

    def believed_travel(self, places: Sequence[Place]) -> Travel:
        """Return travel as a dispatcher knows it: free roads, and the usual traffic by the hour."""
        return believed_travel(self.city, self.scenario, places)

    def promised(self, order_id: str, depot_id: str, not_before_s: float = 0.0) -> None:
        """Let a depot begin to pick an order, now. Said again, of another depot, it begins anew.

        Nobody is at the door before `not_before_s`, the begin of the window that was promised.
        """
        self._goods.pick(order_id, depot_id, self.now_s)
        self._goods.parcels[order_id].not_before_s = not_before_s

    def called_off(self, order_id: str) -> None:
        """Let an order be picked, loaded and delivered no more."""
        self._goods.call_off(order_id, self.now_s)

    def set_plan(
        self,
        stops: Mapping[str, Sequence[Instruction]],
        failed: Collection[tuple[str, Zone]] = (),
    ) -> None:
        """Hand each vehicle the stops that are before it; one that is left out has none.

        Drivers follow from their next free decision on. `failed` are vehicles and zones that are
        known to cool no more.
        """
        for vehicle_id, driver in self._drivers.items():
            driver.follow(stops.get(vehicle_id, ()))
        self._goods.cooled = frozenset(
            (stop.order_id, zone)
            for vehicle in self.fleet
            for zone in vehicle.compartments
            if cools(vehicle, zone) and (vehicle.id, zone) not in failed
            for stop in stops.get(vehicle.id, ())
            if stop.kind == "deliver" and stop.order_id is not None
        )

    def advance(self, to_s: float) -> tuple[Happening, ...]:
        """Let time pass; return what happened, in order of time."""
        while self.now_s < to_s:
            # On one grid, however far each call goes: so many steps are the same steps.
            next_s = (self.now_s // LOOKS_EVERY_S + 1) * LOOKS_EVERY_S
            self._step(min(to_s, next_s))
        return tuple(self._until(to_s))

    def loggers(self) -> tuple[LoggerNow, ...]:
        """Return all loggers that are in use: in packed boxes, and in compartments."""
        compartments = [
            LoggerNow(
                logger_id=compartment.logger_id,
                case_c=self._cold.compartment_case_c(compartment.row),
                gateway_id=vehicle.gateway_id,
            )
            for vehicle in self.fleet
            for compartment in vehicle.compartments.values()
            if compartment.logger_id is not None
        ]
        return (*self._goods.loggers(self.gateway_of), *compartments)

    def gateway_of(self, place_id: str) -> GatewayId:
        """Return the edge of a vehicle or a depot."""
        return GatewayId(f"edge-{place_id}")

    def fixes(self) -> tuple[VehicleFix, ...]:
        """Return where the vehicles are that have a driver now."""
        return tuple(
            self._fix(driver)
            for driver in self._drivers.values()
            if driver.shift is not None or driver.stands
        )

    def truth(self) -> tuple[BoxTruth, ...]:
        """Return what became of each box until now."""
        return self._goods.truth()

    def is_free(self, vehicle_id: str) -> bool:
        """Say whether a vehicle stands empty at its depot, with a driver on his shift."""
        return self._drivers[vehicle_id].is_free

    def packed_at(self, depot_id: str) -> list[Ordered]:
        """Return the orders that wait in a depot's cold room, in the order of their placing."""
        return self._goods.packed_at(depot_id)

    def use(self) -> tuple[VehicleUse, ...]:
        """Return what each vehicle did until now."""
        return tuple(self._use(vehicle) for vehicle in self.fleet)

    def _put_drivers(self, seed: int) -> dict[str, Driver]:
        spots = {depot.id: depot.spot.node for depot in self.city.depots}
        spots |= {locker.id: locker.spot.node for locker in self.city.lockers}
        ground = Ground(self.city, self.scenario, self._streets, self._goods, seed, spots)
        for vehicle in self.fleet:
            troubles = self.incidents.troubles.get(vehicle.id, [])
            ground.drivers[vehicle.id] = Driver(vehicle, ground, troubles)
        return ground.drivers

    def _step(self, to_s: float) -> None:
        self._goods.pack_until(to_s)
        self._close_roads()
        for driver in self._drivers.values():
            while driver.wakes_s <= to_s:
                driver.go_on()
        while self._failing and self._failing[-1].at_s <= to_s:
            self._fail(self._failing.pop().vehicle_id)
        self._cold.advance(self.now_s, to_s)
        self.now_s = to_s

    def _fail(self, vehicle_id: str) -> None:
        vehicle = next(each for each in self.fleet if each.id == vehicle_id)
        for compartment in vehicle.compartments.values():
            self._cold.fail(compartment.row)

    def _close_roads(self) -> None:
        closed = [
            self._streets.edges_near(road.lat_deg, road.lon_deg, road.radius_m)
            for road in self.incidents.roads
            if road.from_s <= self.now_s < road.until_s
        ]
        self._streets.close(frozenset[int]().union(*closed))

    def _tell(self, happening: Happening) -> None:
        self._told += 1
        heapq.heappush(self._happened, (happening.at_s, self._told, happening))

    def _until(self, to_s: float) -> list[Happening]:
        """Take what has happened by now; a report of the future stays."""
        happened = []
        while self._happened and self._happened[0][0] <= to_s:
            happened.append(heapq.heappop(self._happened)[2])
        return happened

    def _fix(self, driver: Driver) -> VehicleFix:
        lat_deg, lon_deg, speed_m_s = driver.place(self.now_s)
        return VehicleFix(
            vehicle_id=driver.vehicle.id,
            gateway_id=driver.vehicle.gateway_id,
            lat_deg=round(lat_deg, 6),
            lon_deg=round(lon_deg, 6),
            speed_m_s=round(speed_m_s, 1),
            accuracy_m=_ACCURACY_M,
        )

    def _use(self, vehicle: FleetVehicle) -> VehicleUse:
        tally = self._drivers[vehicle.id].tally
        return VehicleUse(
            vehicle_id=vehicle.id,
            staffed_s=float(sum(s.until_s - s.from_s - REST_S for s in vehicle.shifts)),
            busy_s=tally.driving_s + tally.serving_s + tally.loading_s,
            driven_m=tally.driven_m,
            driving_s=tally.driving_s,
            serving_s=tally.serving_s,
            loading_s=tally.loading_s,
            trips=tally.trips,
            deliveries=tally.deliveries,
        )
