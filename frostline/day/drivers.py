"""What does a driver do, and how does that differ from the plan?

He follows the newest plan from his next free decision on, and never turns round on his way. Where
he differs: now and then he takes the next stop but one first, a stop takes longer than it was
thought to, he finds no place to park, he loads slowly, he drives at a pace of his own. All that is
drawn by order and driver, so that it is the same whatever the plan.

A driver's day is a generator: it yields the second at which he wants to go on.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from firmware_sim import chance
from frostline.day.city import City
from frostline.day.fleet import REST_S, FleetVehicle, Shift
from frostline.day.happenings import Instruction, Reported
from frostline.day.incidents import Trouble, breakdown_of, delay_of
from frostline.day.parcels import Goods
from frostline.day.scenarios import Scenario
from frostline.day.traffic import Drive, Streets
from frostline.day.weather import extra_service_s

LOOKS_EVERY_S: Final = 15.0
_EARLY_S: Final = 600.0  # before his shift he is there, and loads
_FIRST_LOAD_S: Final = 420.0
_LOAD_LOG_SD: Final = 0.15
_WAITS_FOR_PICKING_S: Final = 900.0
_WAITS_TO_MEET_S: Final = 1200.0
_WAITS_FOR_WORD_S: Final = 600.0
_MEETS_WITHIN_M: Final = 400.0
_TRANSFER_S: Final = 90.0
_NEXT_TRANSFER_S: Final = 20.0  # doors are open, and the vehicles stand side by side
_TOWED_AFTER_S: Final = 5400.0
_SWAPS: Final = 0.04
_PARKING_TROUBLE: Final = 0.08
_PARKING_S: Final = (120.0, 480.0)
_STOP_LOG_SD: Final = 0.25
_PACE_LOG_SD: Final = 0.06
_TO_DOOR_S: Final = 20.0
_DOOR_OPEN_S: Final = (40.0, 80.0)
_LOCKER_S: Final = 75.0


@dataclass(slots=True)
class Tally:
    """What a vehicle did until now."""

    driven_m: float = 0.0
    driving_s: float = 0.0
    serving_s: float = 0.0
    loading_s: float = 0.0
    trips: int = 0
    deliveries: int = 0


_Meeting = tuple[str | None, float | None, float | None]
"""The order that is handed over, and where. The same order may have another meeting later."""


def _meeting_of(stop: Instruction) -> _Meeting:
    return stop.order_id, stop.lat_deg, stop.lon_deg


@dataclass(frozen=True, slots=True)
class _Leg:
    """A drive under way: when each of its nodes is passed."""

    drive: Drive
    passed_s: list[float]


@dataclass(frozen=True)
class Ground:
    """What all drivers share."""

    city: City
    scenario: Scenario
    streets: Streets
    goods: Goods
    seed: int
    spots: dict[str, int] = field(default_factory=dict)
    """The junction of each depot and locker."""
    drivers: dict[str, "Driver"] = field(default_factory=dict)


class Driver:
    """One vehicle, with whoever drives it."""

    def __init__(self, vehicle: FleetVehicle, ground: Ground, troubles: Sequence[Trouble]) -> None:
        self.vehicle = vehicle
        self.tally = Tally()
        self.now_s = 0.0
        self.aboard: list[str] = []
        self.shift: Shift | None = None
        self.stands = False
        """It has broken down."""
        self._ground = ground
        self._troubles = list(troubles)
        self._plan: tuple[Instruction, ...] = ()
        self._home = ground.spots[vehicle.depot_id]
        self._node = self._home
        self._leg: _Leg | None = None
        self._over: set[_Meeting] = set()
        """Meetings that he has been to, whatever came of them."""
        self._beside: str | None = None
        """The vehicle that he took a box from and has not left since."""
        self._put_off: set[str] = set()
        self._wordless_since_s: float | None = None
        self._is_idle = False
        key = chance.key_of(ground.seed, "pace", vehicle.id)
        self._pace = math.exp(_PACE_LOG_SD * chance.normal(key, 0))
        self._life = self._live()
        self.wakes_s = next(self._life)

    def follow(self, plan: Sequence[Instruction]) -> None:
        """Take the newest plan."""
        self._plan = tuple(plan)

    def go_on(self) -> None:
        """Do what is to be done at `wakes_s`."""
        self.now_s = self.wakes_s
        self.wakes_s = next(self._life, math.inf)

    def place(self, at_s: float) -> tuple[float, float, float]:
        """Return latitude, longitude and metres a second."""
        city = self._ground.city
        if self._leg is None:
            return float(city.lat_deg[self._node]), float(city.lon_deg[self._node]), 0.0
        passed_s, nodes = self._leg.passed_s, self._leg.drive.nodes
        k = min(max(bisect_right(passed_s, at_s) - 1, 0), len(nodes) - 2)
        taken_s = passed_s[k + 1] - passed_s[k]
        share = min(1.0, max(0.0, (at_s - passed_s[k]) / taken_s)) if taken_s else 1.0
        (lat, lon), (to_lat, to_lon) = (
            (float(city.lat_deg[node]), float(city.lon_deg[node])) for node in nodes[k : k + 2]
        )
        speed = self._leg.drive.metres[k] / taken_s if taken_s else 0.0
        return lat + (to_lat - lat) * share, lon + (to_lon - lon) * share, speed

    @property
    def is_free(self) -> bool:
        """Whether he waits at his depot for a trip, within his shift."""
        shift = self.shift
        if shift is None or self.stands or self.aboard or self._leg is not None:
            return False
        return self._node == self._home and self._is_idle and self.now_s < shift.until_s

    # His day -----------------------------------------------------------------------------------

    def _live(self) -> Iterator[float]:
        for shift in self.vehicle.shifts:
            yield max(self.now_s, shift.from_s - _EARLY_S)
            self.shift = shift
            rested = False
            while not self._is_done(shift):
                if not rested and self.now_s >= shift.rest_s[0]:
                    rested = True
                    yield self.now_s + REST_S
                yield from self._next(shift)
                if self.stands:
                    yield from self._wait_for_tow()
                    return
            self.shift = None

    def _is_done(self, shift: Shift) -> bool:
        if self.now_s < shift.until_s or self.aboard:
            return False
        return self._node == self._home or not self.vehicle.model.returns

    def _next(self, shift: Shift) -> Iterator[float]:
        """Make the next stop of the plan, or wait for one."""
        stop = self._choose(shift)
        self._is_idle = stop is None
        if stop is None:
            yield from self._without_word()
            return
        self._wordless_since_s = None
        if stop.kind == "load":
            yield from self._load(stop)
        elif stop.kind == "meet":
            yield from self._meet(stop)
        elif stop.kind == "return":
            yield from self._bring_back()
        else:
            yield from self._deliver(stop)

    def _choose(self, shift: Shift) -> Instruction | None:
        """Return the first stop of the plan that can be made; sometimes the second."""
        able = [stop for stop in self._plan if self._applies(stop, shift)]
        if not able:
            return None
        first, second = able[0], able[1] if len(able) > 1 else None
        if second is None or first.kind != "deliver" or second.kind != "deliver":
            return first
        if first.order_id in self._put_off or not self._draws("swap", first.order_id) < _SWAPS:
            return first
        self._put_off.add(first.order_id or "")
        return second

    def _applies(self, stop: Instruction, shift: Shift) -> bool:
        if stop.kind == "load":
            on_time = self.now_s < shift.until_s
            return on_time and not self.aboard and bool(self._to_load(stop))
        if stop.order_id is None:
            return False
        if stop.kind == "meet":
            parcel = self._ground.goods.parcels[stop.order_id]
            is_open = parcel.end is None and parcel.aboard is not None
            return is_open and _meeting_of(stop) not in self._over
        return stop.order_id in self.aboard

    def _to_load(self, load: Instruction) -> list[str]:
        """Return the orders of a trip that wait at this depot."""
        parcels = self._ground.goods.parcels
        orders = [
            stop.order_id
            for stop in self._plan
            if stop.trip == load.trip and stop.kind == "deliver" and stop.order_id is not None
        ]
        return [
            order
            for order in orders
            if parcels[order].waits and parcels[order].depot_id == self.vehicle.depot_id
        ]

    def _without_word(self) -> Iterator[float]:
        """Wait; go home with nothing aboard, and after a while with all that is."""
        if self._wordless_since_s is None:
            self._wordless_since_s = self.now_s
        patient = self.now_s - self._wordless_since_s < _WAITS_FOR_WORD_S
        at_home = self._node == self._home
        if self.aboard and not patient:
            yield from self._bring_back()
        elif self.aboard or at_home or not self.vehicle.model.returns:
            yield self.now_s + LOOKS_EVERY_S
        else:
            yield from self._go(self._home)

    # Loading -----------------------------------------------------------------------------------

    def _load(self, stop: Instruction) -> Iterator[float]:
        if self._node != self._home:
            yield from self._go(self._home)
            return
        goods = self._ground.goods
        orders = self._to_load(stop)
        packed = [order for order in orders if goods.parcels[order].packed_s is not None]
        load_s = self._loading_s(stop)
        impatient = self.now_s > stop.leaves_s + _WAITS_FOR_PICKING_S
        if (
            self.now_s < stop.leaves_s - load_s
            or not packed
            or (packed != orders and not impatient)
        ):
            yield self.now_s + LOOKS_EVERY_S
            return
        began_s = self.now_s
        for order in packed:
            yield self.now_s + load_s / len(packed)
            if goods.parcels[order].waits:
                goods.load(order, self.vehicle, self._name, self.now_s)
                self.aboard.append(order)
        self.tally.loading_s += self.now_s - began_s
        if self.now_s < stop.leaves_s:
            yield stop.leaves_s
        for order in self.aboard:
            goods.say(order, "departed", self.vehicle.id, self._name, self.now_s)
        self.tally.trips += bool(self.aboard)

    def _loading_s(self, stop: Instruction) -> float:
        """Return how long he loads: the first time only a cart, later all that a turn takes."""
        usual_s = self.vehicle.model.reload_s or _FIRST_LOAD_S
        if not self.tally.trips:
            usual_s = min(usual_s, _FIRST_LOAD_S)
        key = chance.key_of(self._ground.seed, "load", self.vehicle.id, self.tally.trips, stop.kind)
        return usual_s * math.exp(_LOAD_LOG_SD * chance.normal(key, 0) - 0.05)

    # Driving -----------------------------------------------------------------------------------

    def _go(self, node: int) -> Iterator[float]:
        """Drive. Afterwards he is there, or `stands` somewhere on the way."""
        if node == self._node:
            return
        self._beside = None
        streets, mode = self._ground.streets, self.vehicle.model.mode
        drive = streets.drive(mode, self._node, node)
        passed_s = streets.seconds(drive, mode, self.now_s, self._pace)
        began_s = self.now_s
        trouble = self._trouble(passed_s[-1])
        if trouble is not None and trouble.lost_s is not None:
            passed_s = self._lose(passed_s, max(trouble.at_s, began_s), trouble.lost_s)
        self._leg = _Leg(drive, passed_s)
        if trouble is not None and trouble.lost_s is None:
            yield max(trouble.at_s, began_s + 1.0)
            self._break_down(self._leg)
            return
        yield passed_s[-1]
        self._leg, self._node = None, node
        self.tally.driven_m += sum(drive.metres)
        self.tally.driving_s += self.now_s - began_s

    def _trouble(self, until_s: float) -> Trouble | None:
        if not self._troubles or self._troubles[0].at_s > until_s:
            return None
        return self._troubles.pop(0)

    def _lose(self, passed_s: list[float], at_s: float, lost_s: float) -> list[float]:
        report = delay_of(self._ground.scenario, self.vehicle.id, at_s, lost_s)
        self._ground.goods.tell(report)
        return [each + lost_s if each > at_s else each for each in passed_s]

    def _break_down(self, leg: _Leg) -> None:
        self.stands = True
        lat_deg, lon_deg, _ = self.place(self.now_s)
        k = min(max(bisect_right(leg.passed_s, self.now_s) - 1, 0), len(leg.drive.nodes) - 2)
        self._node, self._leg = leg.drive.nodes[k], None
        self.tally.driven_m += sum(leg.drive.metres[:k])
        self.tally.driving_s += self.now_s - leg.passed_s[0]
        report: Reported = breakdown_of(
            self._ground.scenario, self.vehicle.id, self.now_s, (lat_deg, lon_deg)
        )
        self._ground.goods.tell(report)

    def _wait_for_tow(self) -> Iterator[float]:
        """Stand with the boxes until others fetched them, or a tow truck brings all home."""
        yield self.now_s + _TOWED_AFTER_S
        self._node = self._home
        self._give_back()
        self.shift = None

    # Stops -------------------------------------------------------------------------------------

    def _deliver(self, stop: Instruction) -> Iterator[float]:
        order_id = stop.order_id or ""
        goods = self._ground.goods
        ordered = goods.parcels[order_id].ordered
        to_locker = stop.to_locker and ordered.locker is not None
        yield from self._go(
            self._ground.spots[ordered.locker or ""] if to_locker else ordered.home.node
        )
        if self.stands or order_id not in self.aboard:
            return
        if goods.parcels[order_id].end is not None:  # called off meanwhile: it stays aboard
            self._plan = tuple(each for each in self._plan if each.order_id != order_id)
            yield from self._skip(order_id)
            return
        if self.now_s < goods.parcels[order_id].not_before_s:
            yield goods.parcels[order_id].not_before_s
        began_s = self.now_s
        goods.say(order_id, "arrived", self.vehicle.id, self._name, self.now_s)
        ends_s = self.now_s + self._stop_s(order_id, to_locker=to_locker)
        yield from self._open(order_id, ends_s)
        goods.carry_out(order_id)
        yield max(ends_s, self.now_s)
        goods.sign(order_id, self.vehicle.id, self._name, self.now_s)
        self.aboard.remove(order_id)
        self.tally.deliveries += 1
        self.tally.serving_s += self.now_s - began_s

    def _skip(self, order_id: str) -> Iterator[float]:
        """Leave an order that nobody wants any more aboard, to be given back."""
        self._ground.goods.give_back(order_id, self.vehicle.id, self._name, self.now_s)
        self.aboard.remove(order_id)
        yield self.now_s

    def _open(self, order_id: str, ends_s: float) -> Iterator[float]:
        """Open the compartments that hold an order's boxes, until they are found."""
        goods = self._ground.goods
        rows = goods.parcels[order_id].compartments(self.vehicle)
        least_s, most_s = _DOOR_OPEN_S
        open_s = least_s + (most_s - least_s) * self._draws("door", order_id)
        opens_s = min(self.now_s + _TO_DOOR_S, ends_s)
        yield opens_s
        for row in rows:
            goods.cold.open_door(row, is_open=True)
        yield opens_s + open_s
        for row in rows:
            goods.cold.open_door(row, is_open=False)

    def _stop_s(self, order_id: str, *, to_locker: bool) -> float:
        """Return how long a stop takes: its service, the weather, and where to park."""
        ordered = self._ground.goods.parcels[order_id].ordered
        usual_s = _LOCKER_S if to_locker else float(ordered.service_s)
        key = chance.key_of(self._ground.seed, "stop", order_id)
        stop_s = usual_s * math.exp(_STOP_LOG_SD * chance.normal(key, 0))
        if self._draws("parking", order_id) < _PARKING_TROUBLE:
            least_s, most_s = _PARKING_S
            stop_s += least_s + (most_s - least_s) * self._draws("parking-s", order_id)
        return stop_s + extra_service_s(self._ground.scenario, self.now_s)

    def _bring_back(self) -> Iterator[float]:
        """Bring everything home that is aboard."""
        yield from self._go(self._home)
        if not self.stands:
            yield self.now_s + _TRANSFER_S
            self._give_back()

    def _give_back(self) -> None:
        for order in list(self.aboard):
            self._ground.goods.give_back(order, self.vehicle.id, self._name, self.now_s)
        self.aboard.clear()

    # Meetings ----------------------------------------------------------------------------------

    def _meet(self, stop: Instruction) -> Iterator[float]:
        """Go to where two vehicles meet, and hand a box over; who comes first waits for a while."""
        order_id = stop.order_id or ""
        gives = order_id in self.aboard
        if not gives and not self.aboard and self._node == self._home:
            self.tally.trips += 1  # a trip that loads nothing at its depot
        if stop.lat_deg is not None and stop.lon_deg is not None:
            yield from self._go(self._ground.city.nearest_node(stop.lat_deg, stop.lon_deg))
        if self.stands:
            return
        until_s = max(self.now_s, stop.arrives_s) + _WAITS_TO_MEET_S
        while self.now_s < until_s and self._waits_for(stop, gives=gives):
            if not gives and (giver := self._giver_of(order_id)) is not None:
                yield self.now_s + self._transfer_s(giver)
                self._take(order_id, giver)
                break
            yield self.now_s + LOOKS_EVERY_S
        self._over.add(_meeting_of(stop))

    def _waits_for(self, stop: Instruction, *, gives: bool) -> bool:
        """Whether a box has not changed hands, and he was not called off."""
        is_planned = any(
            each.kind == "meet" and each.order_id == stop.order_id for each in self._plan
        )
        return is_planned and (stop.order_id in self.aboard) == gives

    def _transfer_s(self, giver: "Driver") -> float:
        """Return how long it takes to carry a box over: the first one takes longest."""
        before, self._beside = self._beside, giver.vehicle.id
        return _NEXT_TRANSFER_S if before == self._beside else _TRANSFER_S

    def _giver_of(self, order_id: str) -> "Driver | None":
        """Return who carries an order, if he stands beside."""
        carrier = self._ground.goods.parcels[order_id].aboard
        giver = self._ground.drivers.get(carrier or "")
        if giver is None or giver.is_driving or self._way_m(giver) > _MEETS_WITHIN_M:
            return None
        return giver

    @property
    def is_driving(self) -> bool:
        """Whether he is on his way."""
        return self._leg is not None

    def _take(self, order_id: str, giver: "Driver") -> None:
        if order_id in giver.aboard:
            giver.aboard.remove(order_id)
            self._ground.goods.load(order_id, self.vehicle, self._name, self.now_s)
            self.aboard.append(order_id)

    def _way_m(self, other: "Driver") -> float:
        (lat, lon, _), (to_lat, to_lon, _) = self.place(self.now_s), other.place(self.now_s)
        narrow = math.cos(math.radians(lat))
        return 111_195 * math.hypot(to_lat - lat, (to_lon - lon) * narrow)

    # Chance ------------------------------------------------------------------------------------

    def _draws(self, what: str, order_id: str | None) -> float:
        return chance.uniform(chance.key_of(self._ground.seed, what, order_id), 0)

    @property
    def _name(self) -> str:
        return self.shift.driver if self.shift else self.vehicle.id
