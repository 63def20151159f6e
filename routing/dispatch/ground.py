"""Where are depots, doors and vehicles, what can depots still pick, and how far is it?"""

from collections import Counter
from collections.abc import Iterator, Sequence

from routing.dispatch.duties import Duty
from routing.dispatch.repeated import Repeated
from routing.dispatch.spells import Spelled, spells_of
from routing.dispatch.state import CityDepot
from routing.dispatch.times import asked_day_of
from routing.dispatch.world import World
from routing.problem import Depot, Place
from routing.travel import Travel
from routing.weather import Weathered


def places_of(world: World, duties: Sequence[Duty]) -> Iterator[Place]:
    """Yield all places: also those of orders that wait for an answer."""
    yield from depot_places(world)
    for locker in sorted(world.state.lockers, key=lambda locker: locker.id):
        yield Place(id=f"locker:{locker.id}", lat_deg=locker.lat_deg, lon_deg=locker.lon_deg)
    for order in sorted(world.state.orders, key=lambda order: order.id):
        if order.stage not in {"delivered", "ended"}:
            yield Place(id=f"order:{order.id}", lat_deg=order.lat_deg, lon_deg=order.lon_deg)
    for duty in duties:
        if duty.trip is not None and duty.trip.at is not None:
            lat_deg, lon_deg = duty.trip.at
            yield Place(id=f"vehicle:{duty.vehicle.id}", lat_deg=lat_deg, lon_deg=lon_deg)


def depot_places(world: World) -> list[Place]:
    """Return where the depots are."""
    return [
        Place(id=f"depot:{depot.id}", lat_deg=depot.lat_deg, lon_deg=depot.lon_deg)
        for _, depot in sorted(world.depots.items())
    ]


def depots_of(world: World, duties: Sequence[Duty]) -> Iterator[Depot]:
    """Yield the depots with what they can still pick."""
    leaving = _leaving(world, duties)
    for _, depot in sorted(world.depots.items()):
        yield Depot(
            id=depot.id,
            place=f"depot:{depot.id}",
            kind=depot.kind,
            picking_s=depot.picking_s,
            orders_per_hour=_picking_left(world, depot, leaving),
        )


def _picking_left(
    world: World, depot: CityDepot, leaving: Counter[tuple[str, int]]
) -> tuple[int, ...] | None:
    """Return what a depot can still pick: trips that left or are being loaded took their part."""
    if depot.orders_per_hour is None:
        return None
    left = list(depot.orders_per_hour)
    for hour in range(world.now_s // 3600, world.now_s // 3600 + 24):
        left[hour % 24] = max(0, left[hour % 24] - leaving[depot.id, hour])
    return tuple(left)


def travel_of(world: World, places: Sequence[Place]) -> Travel:
    """Return the ways around what is closed, in the day's weather, at the pace that was learned."""
    closed = tuple(one for one in world.holding if one.kind != "weather")
    travel = world.ways.travel_of(places, closed)
    if asked_day_of(world.state).is_next:
        travel = Repeated(travel)
    spells = spells_of(world.state)
    if spells:
        travel = Spelled(travel, spells)
    learned = {mode: round(world.ways.book.leg_ratio(mode).mean, 2) for mode in travel.modes}
    if all(ratio == 1.0 for ratio in learned.values()):
        return travel
    return Weathered(travel, dict(learned))


def _leaving(world: World, duties: Sequence[Duty]) -> Counter[tuple[str, int]]:
    """Return how many orders each depot gave away by clock hour: this one's, and what loads."""
    this_hour = world.now_s // 3600
    leaving = Counter({(it.id, this_hour): it.ended_this_hour for it in world.state.depots})
    for order in world.state.orders:
        has_ended = order.stage in {"delivered", "ended"}
        if order.departed_at is not None and order.depot_id is not None and not has_ended:
            leaving[order.depot_id, world.clock.second_of(order.departed_at) // 3600] += 1
    for duty in duties:
        if duty.trip is not None and not duty.trip.departed:
            hour = duty.trip.departed_s // 3600
            leaving[duty.vehicle.depot_id, hour] += len(duty.trip.orders)
    return leaving
