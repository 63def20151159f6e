"""Two vehicles of a simulated day meet, or don't."""

from dataclasses import dataclass, replace

import pytest

from frostline.day.fleet import FleetVehicle
from frostline.day.happenings import Handover, Instruction, VehicleFix
from frostline.day.scenarios import SCENARIOS
from frostline.day.truth import World
from routing.roads.made_up import made_up_streets
from routing.roads.network import Network

CALM = replace(SCENARIOS["normal"], breakdowns=0, delays=0, closed_roads=0, fleet_percent=300)
WAITS_S = 1200.0
"""Who comes first waits so long (docs/day.md)."""


@pytest.fixture(scope="module")
def network() -> Network:
    return made_up_streets(5)


@dataclass(frozen=True)
class Two:
    """A van that is to hand two orders to the relay vehicle, at the first one's door."""

    world: World
    giver: FleetVehicle
    taker: FleetVehicle
    orders: tuple[str, str]
    load: Instruction
    meets: tuple[Instruction, ...]
    brings: tuple[Instruction, ...]

    def until(self, step: str, *, hours: float = 4) -> list[Handover]:
        """Let time pass until a step was told, or for so long; return what was told."""
        told: list[Handover] = []
        ends_s = self.world.now_s + 3600 * hours
        while self.world.now_s < ends_s and step not in {each.step for each in told}:
            happened = self.world.advance(self.world.now_s + 15.0)
            told += [each for each in happened if isinstance(each, Handover)]
        return told

    def fix(self, vehicle: FleetVehicle) -> VehicleFix:
        """Return where a vehicle is."""
        return next(each for each in self.world.fixes() if each.vehicle_id == vehicle.id)

    def vehicle(self, order: str) -> str:
        """Return who brings an order in the end."""
        told = self.until("signed")
        return next(e.vehicle_id or "" for e in told if e.step == "signed" and e.order_id == order)


@pytest.fixture
def two(network: Network) -> Two:
    world = World(5, 24, CALM, network)
    fastest = [o for o in world.ordered if o.window_s is None and o.wish == "fastest"][:2]
    vans = [each for each in world.fleet if each.model.kind == "van"]
    giver = next(each for each in vans if each.role == "regular")
    taker = next(each for each in vans if each.role == "relay")
    start_s = max(float(fastest[-1].placed_s), giver.shifts[0].from_s + 60.0)
    world.advance(start_s)
    for each in fastest:
        world.promised(each.id, giver.depot_id)

    def stop(kind: str, **values: object) -> Instruction:
        times = {"arrives_s": start_s, "leaves_s": start_s}
        return Instruction(trip=1, kind=kind, **(times | values))  # type: ignore[arg-type]

    home = fastest[0].home
    place = {"lat_deg": home.lat_deg, "lon_deg": home.lon_deg}
    return Two(
        world=world,
        giver=giver,
        taker=taker,
        orders=(fastest[0].id, fastest[1].id),
        load=stop("load", depot_id=giver.depot_id, leaves_s=start_s + 1800),
        meets=tuple(stop("meet", order_id=each.id, **place) for each in fastest),
        brings=tuple(stop("deliver", order_id=each.id) for each in fastest),
    )


def test_a_relay_that_loads_nothing_makes_a_trip_all_the_same(two: Two) -> None:
    plan = {two.giver.id: [two.load, *two.meets, *two.brings], two.taker.id: [*two.meets]}
    two.world.set_plan(plan)
    two.until("departed")
    two.world.set_plan({two.giver.id: [*two.meets], two.taker.id: [*two.meets, *two.brings]})

    assert two.vehicle(two.orders[0]) == two.taker.id
    use = {each.vehicle_id: each for each in two.world.use()}
    assert (use[two.giver.id].trips, use[two.taker.id].trips) == (1, 1)
    assert use[two.taker.id].driven_m > 0


def test_the_second_box_is_carried_over_while_the_doors_are_open(two: Two) -> None:
    two.world.set_plan({two.giver.id: [two.load, *two.meets, *two.brings]})
    two.until("departed")
    two.world.set_plan({two.giver.id: [*two.meets], two.taker.id: [*two.meets, *two.brings]})
    told = two.until("signed")
    taken = {e.order_id: e.at_s for e in told if e.step == "loaded"}

    assert taken[two.orders[1]] - taken[two.orders[0]] == pytest.approx(20, abs=15)


def test_who_waits_in_vain_goes_on_when_he_is_called_off(two: Two) -> None:
    two.world.set_plan({two.giver.id: [two.load, *two.meets, *two.brings]})
    two.until("departed")
    gone_s = two.world.now_s
    two.world.advance(gone_s + 3600 * 0.5)
    called_s = two.world.now_s
    two.world.set_plan({two.giver.id: [*two.brings]})
    told = two.until("signed")
    arrived_s = next(e.at_s for e in told if e.step == "arrived")

    # At the first door already: he turns to it at once, and not after his twenty minutes.
    assert arrived_s - called_s < WAITS_S / 4


def test_an_order_can_be_handed_over_at_another_meeting(two: Two) -> None:
    """Nobody came to the first one, at the door; the second is at the depot of the taker."""
    two.world.set_plan({two.giver.id: [two.load, *two.meets, *two.brings]})
    two.until("departed")
    two.world.set_plan({two.giver.id: [two.meets[0]]})
    while two.fix(two.giver).speed_m_s > 0:
        two.world.advance(two.world.now_s + 15.0)
    two.world.advance(two.world.now_s + WAITS_S + 60)
    fix = two.fix(two.taker)
    at_s = two.world.now_s + 2 * WAITS_S  # so far off: who is there already waits until then
    again = replace(two.meets[0], lat_deg=fix.lat_deg, lon_deg=fix.lon_deg, arrives_s=at_s)
    two.world.set_plan({two.giver.id: [again], two.taker.id: [again, *two.brings]})
    told = two.until("loaded")

    assert [e.vehicle_id for e in told if e.step == "loaded"][:1] == [two.taker.id]
