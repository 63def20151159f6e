"""What does an order of the city want of its vehicle?

`wanted` makes a `routing.problem.Order` of it. What is on its way, or is being loaded, is brought
however late it gets and whatever it costs: it has no limits but costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from routing.check_values import MAX_COST, MAX_TIME_S
from routing.dispatch.cold import Began, rides_cold
from routing.dispatch.state import CityOrder, Zone
from routing.dispatch.world import World, cooling
from routing.problem import Locker, Order
from schemas.delivery_policy import Tier

LOCKER_SERVICE_S: Final = 75
LOCKER_COST: Final = 200
"""Fen for the walk to a locker that a member didn't ask for, as in `routing.city`."""
MARGIN_PERCENT: Final = 15
LEAST_DROP_COST: Final = 5_000
"""Fen, for a policy that forgets to say what a broken promise costs."""
KEPT_COST: Final = 100_000
"""Fen: a plan breaks no promise to save less than this, be it on the way or on others' boxes."""
ABOARD_DROP_COST: Final = 10_000_000
"""Fen: what is on a vehicle is brought."""
LEAST_SERVICE_S: Final = 30
"""What is left at least of a stop that takes longer than planned."""
AIM_EARLY_S: Final = 1500
"""Plans aim so much before a promise: lateness costs from there on, so that one which runs a little
late is not late yet."""
ONBOARD_COST_PER_MIN: Final = {"frozen": 3, "chilled": 2, "ambient": 0}
"""Fen, as in `routing.city`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The trip that an order is on: its vehicle in the problem, and when it began for cold."""

    vehicle: str
    began: Began | None
    here_for_s: int = 0
    cooled: frozenset[Zone] = frozenset()
    """What the vehicle cools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Which vehicle of the problem was to bring it, and what it costs to tell another."""

    vehicle: str
    move_cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for an order in this plan. `pin` is a vehicle of the problem."""

    carried: Carried | None = None
    known: Known | None = None
    pin: str | None = None
    locker: Locker | None = None


NO_TERMS: Final = Terms()


def wanted(
    world: World,
    order: CityOrder,
    *,
    depots: Sequence[str],
    terms: Terms = NO_TERMS,
) -> Order:
    """Return an order as the router sees it."""
    tier, clock, carried, known = tier_of(world, order), world.clock, terms.carried, terms.known
    due_at = order.due_at or order.requested_at
    not_before_s = _not_before_s(world, order)
    due_s = max(clock.second_of(due_at) - AIM_EARLY_S, 0)
    latest_s = max(due_s + AIM_EARLY_S + world.state.city.policy.latest_after_s, not_before_s)
    limits = world.ways.cold(
        order,
        now=world.state.now,
        hold_percent=world.hold_percent(),
        began=carried.began if carried else None,
        uncooled=_uncooled(world, order, depots, carried),
    )
    return Order(
        id=order.id,
        place=place_of(world, order),
        load=order.load,
        depots=tuple(depots),
        ready_s=_ready_s(world, order, depots),
        not_before_s=not_before_s,
        due_s=due_s,
        latest_s=MAX_TIME_S if carried else latest_s,
        late_cost_per_min=tier.late_cost_per_min,
        service_s=_service_s(world, order, carried),
        drop_cost=ABOARD_DROP_COST if carried else max(KEPT_COST, drop_cost(order, tier)),
        onboard_cost_per_min=_onboard_cost_per_min(order),
        hold_s=None if carried else limits.hold_s,
        warm_after_s=limits.warm_after_s,
        warm_cost_per_min=limits.warm_cost_per_min,
        locker=terms.locker,
        skills=frozenset() if carried or terms.pin else _skills(world, order, depots),
        known_vehicle=known.vehicle if known else None,
        move_cost=known.move_cost if known else 0,
        only_vehicle=None if carried else terms.pin,
    )


def place_of(world: World, order: CityOrder) -> str:
    """Return the name of the place that an order goes to."""
    if order.wish == "locker" and order.locker_id in world.lockers:
        return f"locker:{order.locker_id}"
    return f"order:{order.id}"


def at_locker(world: World, order: CityOrder) -> Locker | None:
    """Return the locker that may take an order that wished for its door."""
    if order.wish == "locker" or order.locker_id not in world.lockers:
        return None
    return Locker(place=f"locker:{order.locker_id}", service_s=LOCKER_SERVICE_S, cost=LOCKER_COST)


def tier_of(world: World, order: CityOrder) -> Tier:
    """Return the tier that holds for an order: of its hours, and if one can, of its level."""
    tiers = [tier for tier in world.state.city.policy.tiers if tier.hours == order.tier_h]
    own = [tier for tier in tiers if order.level in tier.levels]
    return (*own, *tiers, Tier(hours=order.tier_h, levels=()))[0]


def drop_cost(order: CityOrder, tier: Tier) -> int:
    """Return what it costs not to bring an order: the broken promise, its fee, its margin."""
    margin = sum(box.goods_value for box in order.boxes) * MARGIN_PERCENT // 100
    return min(MAX_COST, max(LEAST_DROP_COST, tier.drop_cost + order.delivery_fee + margin))


def _skills(world: World, order: CityOrder, depots: Sequence[str]) -> frozenset[str]:
    """Return what its vehicle must be able to: cool what has no pack, where any of them does.

    Another depot packs it anew, for whatever vehicle it has.
    """
    if order.depot_id not in depots:
        return frozenset()
    needed = frozenset(cooling(box.zone) for box in order.boxes if rides_cold(box))
    return needed & world.skills_at(depots) if needed else frozenset()


def _uncooled(
    world: World, order: CityOrder, depots: Sequence[str], carried: Carried | None
) -> frozenset[Zone]:
    """Return the zones of boxes without a pack that nobody cools on their way."""
    bare = frozenset(box.zone for box in order.boxes if rides_cold(box))
    if carried is not None:
        return bare - carried.cooled
    if order.depot_id not in depots:
        return frozenset()  # another depot packs it anew
    cools = world.skills_at(depots)
    return frozenset(zone for zone in bare if cooling(zone) not in cools)


def _ready_s(world: World, order: CityOrder, depots: Sequence[str]) -> int:
    """Return from when on it is picked; the router adds the depot's picking time to that."""
    if order.depot_id is not None and any(depot != order.depot_id for depot in depots):
        return world.now_s  # another depot would begin now
    if order.stage == "packed" or (order.stage == "loaded" and order.packed_at):
        longest_s = max((world.depots[depot].picking_s for depot in depots), default=0)
        return max(0, world.now_s - longest_s)
    return world.clock.second_of(order.requested_at)


def _not_before_s(world: World, order: CityOrder) -> int:
    times = [order.not_before, world.held.get(order.id)]
    return max((world.clock.second_of(at) for at in times if at is not None), default=0)


def _service_s(world: World, order: CityOrder, carried: Carried | None) -> int:
    at_door_s = LOCKER_SERVICE_S if order.wish == "locker" else order.service_s
    extra_s, _ = world.weather()
    whole_s = round((at_door_s + extra_s) * world.ways.book.stop_ratio().mean)
    if carried is None or not carried.here_for_s:
        return whole_s
    return max(LEAST_SERVICE_S, whole_s - carried.here_for_s)


def _onboard_cost_per_min(order: CityOrder) -> int:
    if order.load.frozen_g:
        return ONBOARD_COST_PER_MIN["frozen"]
    return ONBOARD_COST_PER_MIN["chilled" if order.load.chilled_g else "ambient"]
