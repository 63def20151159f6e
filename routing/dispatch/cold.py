"""How long may an order be on its way, and what does a minute more cost?

A box's hold time is not a limit but a chance: that it is lost rises from 0.1 at the lower quantile
to 0.9 at the upper one. So a minute of exposure between them costs the box's loss times 0.8 over
the minutes between: the more uncertain, the less a minute weighs. Goods spoil some time after the
box has left its zone: quantiles of both are added. Exposure is measured from the departure of the
trip, as in docs/route-rules.md. docs/thermal-loop.md has the whole.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

from routing.dispatch.hold_times import HoldTime, grace_time, hold_time
from routing.dispatch.state import Box, BoxForecast, CityOrder, CityState, CityVehicle, Zone
from routing.dispatch.times import LAST_S
from schemas.disruptions import CoolingFailedDetails

COOLED_ZONES: Final[tuple[Zone, ...]] = ("frozen", "chilled")
COOLING_KINDS: Final = frozenset({"van", "carrier"})
HORIZON: Final = timedelta(hours=7)  # the judge looks no further ahead
STALE_AFTER: Final = timedelta(minutes=30)  # a forecast says nothing of a box not heard of since
KNOWN_AFTER: Final = timedelta(hours=1)
"""A forecast looks at the air of the hour behind it, and knows of a failure only by and by."""
MOST_COST_PER_MIN: Final = 10_000  # of `routing.check_values`
LEAST_WIDTH_S: Final = 1.0  # what weighs nothing warms at once: its slope is a step


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """The trip that an order is on: when it left, and what its opened doors count as exposure.

    `failed` are the vehicle's compartments that cool no more, and since when; `cooled` those that
    cool, as their own loggers say.
    """

    at: datetime
    doors_s: int = 0
    failed: Mapping[Zone, datetime] = field(default_factory=dict)
    cooled: frozenset[Zone] = frozenset()


class ColdLimits(NamedTuple):
    """The limits of a `routing.problem.Order`, and what is lost at most (smallest currency unit).

    `at_stake` is what the slope comes to by its end: from there on nothing more is to be lost.
    """

    hold_s: int | None = None
    warm_after_s: int | None = None
    warm_cost_per_min: int = 0
    at_stake: int = 0


Leaves = tuple[float, float, float | None]
"""Quantiles of the exposure at which a box leaves its zone; None: beyond the horizon."""


class Chances(NamedTuple):
    """Points (seconds of exposure, chance to be spoilt by then), rising; straight in between."""

    points: tuple[tuple[float, float], ...]

    @property
    def begin_s(self) -> float:
        """Return the exposure from which a minute more costs."""
        return self.points[0][0]

    @property
    def end_s(self) -> float:
        """Return the exposure after which nothing more is to be lost."""
        return self.points[-1][0]

    @property
    def spread(self) -> float:
        """Return by how much the chance rises between begin and end."""
        return self.points[-1][1] - self.points[0][1]

    def at(self, exposure_s: float) -> float:
        """Return the chance to be spoilt by an exposure."""
        if exposure_s >= self.end_s:
            return self.points[-1][1]
        for (before_s, before), (after_s, after) in pairwise(self.points):
            if before_s <= exposure_s < after_s:
                return before + (after - before) * (exposure_s - before_s) / (after_s - before_s)
        return 0.0

    def lost(self, exposure_s: float) -> float:
        """Return the share of the loss that an exposure adds, by the slope from begin to end."""
        if exposure_s >= self.end_s:  # also where both are one: a step
            return self.spread
        way = max(0.0, exposure_s - self.begin_s)
        return self.spread * way / (self.end_s - self.begin_s) if way else 0.0


def limits_of(
    order: CityOrder,
    *,
    now: datetime,
    loop: bool,
    hold_percent: int = 100,
    began: Began | None = None,
    uncooled: frozenset[Zone] = frozenset(),
) -> ColdLimits:
    """Return what cold asks of an order's plan.

    `began` is the trip that it is on; None is one that it has not left with. Nothing leaves that
    can't be there within the nominal hold time; once on its way an order has soft limits only, for
    not to bring it would save nothing. With `loop` a box on its way has the judge's forecast in
    place of its nominal hold time. Before it leaves, `uncooled` zones are those that nothing will
    cool on its way.
    """
    if began is None and order.departed_at is not None:
        began = Began(at=order.departed_at)
    found = [
        (box.spoil_cost, chances)
        for box in order.boxes
        if (
            chances := chances_of(
                order, box, now=now, loop=loop, hold_percent=hold_percent, began=began
            )
            if began is not None or box.zone not in uncooled
            else _alone(box, hold_percent)
        )
    ]
    hold_s = None if began else _nominal_hold_s(order.boxes, hold_percent)
    slope = _slope(found)
    return slope._replace(hold_s=hold_s)


class Cold(Protocol):
    """Says what cold asks of an order's plan: `limits_of`, all else given."""

    def __call__(
        self,
        order: CityOrder,
        *,
        now: datetime,
        hold_percent: int,
        began: Began | None,
        uncooled: frozenset[Zone] = frozenset(),
    ) -> ColdLimits:
        """Return the limits."""


def cold_of(state: CityState, *, loop: bool) -> Cold:
    """Return what says what cold asks of this state's orders.

    With the loop what was given up asks for nothing.
    """
    lost = given_up(state) if loop else frozenset()

    def limits(
        order: CityOrder,
        *,
        now: datetime,
        hold_percent: int,
        began: Began | None,
        uncooled: frozenset[Zone] = frozenset(),
    ) -> ColdLimits:
        boxes = tuple(box for box in order.boxes if box.id not in lost)
        return limits_of(
            replace(order, boxes=boxes),
            now=now,
            loop=loop,
            hold_percent=hold_percent,
            began=began,
            uncooled=uncooled,
        )

    return limits


def weighed(state: CityState, percent: int) -> CityState:
    """Return the state in which a box's loss counts for so much of what it costs.

    More than 100 saves more goods, for more way and delay; 0 asks for nothing.
    """
    if percent == 100:
        return state
    orders = tuple(
        replace(
            order,
            boxes=tuple(
                replace(box, spoil_cost=box.spoil_cost * percent // 100) for box in order.boxes
            ),
        )
        for order in state.orders
    )
    return replace(state, orders=orders)


def given_up(state: CityState) -> frozenset[str]:
    """Return the boxes of which it was decided last to accept their loss."""
    newest: dict[str, str] = {}
    for each in sorted(state.rescues, key=lambda each: each.decided_at):
        newest[each.consignment_id] = each.chosen
    return frozenset(box for box, chosen in newest.items() if chosen == "accept")


def chances_of(
    order: CityOrder,
    box: Box,
    *,
    now: datetime,
    loop: bool,
    hold_percent: int = 100,
    began: Began | None = None,
) -> Chances | None:
    """Return the chances that a box spoils, by exposure of the order.

    None: nothing is to be lost any more, or not within the horizon, or not where it is: a
    compartment that cools lets a box out of its range while doors are open, and spoils nothing.
    """
    grace = grace_time(box, percent=hold_percent)
    if grace is None or (loop and (box.has_left_range or is_cooled(box, began))):
        return None
    leaves = _leaves(order, box, now if loop else None, hold_percent, began)
    if leaves is None:
        return None
    chances = _later(leaves, grace)
    if began is not None and chances.end_s <= _exposure_s(now, began):
        return None
    return chances


def _alone(box: Box, hold_percent: int) -> Chances | None:
    """Return the chances of a box that leaves with nothing but its own pack, if it has one."""
    hold, grace = hold_time(box, percent=hold_percent), grace_time(box, percent=hold_percent)
    return None if hold is None or grace is None else _later(hold, grace)


def rides_cold(box: Box) -> bool:
    """Say whether a box was packed for a vehicle that cools: without a pack of its own.

    Its vehicle keeps it, and not for a time: as long as that cools, nothing is to be lost.
    """
    return box.pack_kind == "none" and box.zone in COOLED_ZONES


def is_cooled(box: Box, began: Began | None) -> bool:
    """Say whether a box is on its way in a compartment that cools."""
    return began is not None and box.zone in began.cooled


def _leaves(
    order: CityOrder, box: Box, hears_at: datetime | None, hold_percent: int, began: Began | None
) -> Leaves | None:
    """Return when a box leaves its zone, as exposure. `hears_at` None: the judge is not heard."""
    if began is None:
        return None if rides_cold(box) else hold_time(box, percent=hold_percent)
    if hears_at is None:
        return _nominal(order, box, hold_percent, began)
    if box.left_at is not None:
        return (_exposure_s(box.left_at, began),) * 3
    told = box.forecast
    if told is None or hears_at - told.made_at > STALE_AFTER:
        return _nominal(order, box, hold_percent, began)
    leaves = _forecast(told, began)
    since = began.failed.get(box.zone)
    if since is None or hears_at - max(since, began.at) > KNOWN_AFTER:
        return leaves
    return _no_later(leaves, _uncooled(box, hold_percent, began, since))


def _uncooled(box: Box, hold_percent: int, began: Began, since: datetime) -> Leaves | None:
    """Return when a box leaves whose compartment has failed: from then on its pack is alone.

    Or from when on it is aboard.
    """
    hold = hold_time(box, percent=hold_percent)
    if hold is None:
        return None
    alone_s = _exposure_s(max(since, began.at), began)
    return hold.q10_s + alone_s, hold.q50_s + alone_s, hold.q90_s + alone_s


def _no_later(one: Leaves | None, other: Leaves | None) -> Leaves | None:
    """Return the earlier of each quantile."""
    if one is None or other is None:
        return one or other
    ends = [end for end in (one[2], other[2]) if end is not None]
    return min(one[0], other[0]), min(one[1], other[1]), min(ends, default=None)


def _forecast(told: BoxForecast, began: Began) -> Leaves | None:
    """Return the judge's quantiles as exposure. Doors that were opened are in the curve already."""
    if told.leaves_at_q10 is None:
        return None
    q10_s = _exposure_s(told.leaves_at_q10, began)
    if told.leaves_at_q50 is None:  # it lies beyond the horizon, at least
        return q10_s, _exposure_s(told.made_at + HORIZON, began), None
    q90_s = None if told.leaves_at_q90 is None else _exposure_s(told.leaves_at_q90, began)
    return q10_s, _exposure_s(told.leaves_at_q50, began), q90_s


def _nominal(order: CityOrder, box: Box, hold_percent: int, began: Began) -> Leaves | None:
    """Return the packing record's quantiles as exposure. A box may have left before this trip."""
    if rides_cold(box):
        since = began.failed.get(box.zone)
        return None if since is None else _uncooled(box, hold_percent, began, since)
    hold = hold_time(box, percent=hold_percent)
    if hold is None or order.departed_at is None:
        return hold
    before_s = (began.at - order.departed_at).total_seconds()
    return hold.q10_s - before_s, hold.q50_s - before_s, hold.q90_s - before_s


def _exposure_s(at: datetime, began: Began) -> float:
    return (at - began.at).total_seconds() + began.doors_s


def _later(leaves: Leaves, grace: HoldTime) -> Chances:
    """Return when goods spoil that leave then. A grace has a width if the goods weigh anything."""
    rises = zip(leaves, grace, (0.1, 0.5, 0.9), strict=True)
    return Chances(tuple((at_s + last_s, c) for at_s, last_s, c in rises if at_s is not None))


def _nominal_hold_s(boxes: Iterable[Box], hold_percent: int) -> int | None:
    holds = [hold_time(box, percent=hold_percent) for box in boxes if not rides_cold(box)]
    known = (int(hold.q50_s) for hold in holds if hold is not None)
    return min((min(hold_s, LAST_S) for hold_s in known), default=None)


def _slope(found: list[tuple[int, Chances]]) -> ColdLimits:
    """Return one slope for all boxes of an order.

    It begins with the first box that may spoil and ends where that one's interval does; between
    them it rises to what all boxes have lost by then.
    """
    if not found:
        return ColdLimits()
    first = min((chances for _, chances in found), key=lambda c: (c.begin_s, c.end_s))
    at_end = sum(cost * chances.lost(first.end_s) for cost, chances in found)
    per_min = round(60 * at_end / max(LEAST_WIDTH_S, first.end_s - first.begin_s))
    return ColdLimits(
        warm_after_s=min(max(0, int(first.begin_s)), LAST_S),
        warm_cost_per_min=min(per_min, MOST_COST_PER_MIN),
        at_stake=round(sum(cost * chances.spread for cost, chances in found)),
    )


def began_on(state: CityState, vehicle: CityVehicle, *, at: datetime, doors_s: int = 0) -> Began:
    """Return a trip of a vehicle, as its compartments are now."""
    failed = failures(state).get(vehicle.id, {})
    return Began(at=at, doors_s=doors_s, failed=failed, cooled=cooled_by(vehicle, failed))


def cooled_by(vehicle: CityVehicle, failed: Collection[str]) -> frozenset[Zone]:
    """Return the zones that a vehicle cools and whose compartments have a logger that says so.

    A tricycle's box is only insulated.
    """
    if vehicle.kind not in COOLING_KINDS:
        return frozenset()
    return frozenset(z for z in COOLED_ZONES if z in vehicle.compartments and z not in failed)


def failures(state: CityState) -> dict[str, dict[Zone, datetime]]:
    """Return which vehicles' compartments cool no more, and since when.

    By the judge, who watches the compartment's air, or by a person's word.
    """
    found: dict[str, dict[Zone, datetime]] = {}
    places = {each.place_id: each.since for each in state.failed_places}
    for vehicle in state.vehicles:
        for zone, place in vehicle.compartments.items():
            if place in places:
                found.setdefault(vehicle.id, {})[zone] = places[place]
    for each in state.disruptions:
        if each.vehicle_id is None or not isinstance(each.details, CoolingFailedDetails):
            continue
        if each.from_at <= state.now and (each.until_at is None or state.now < each.until_at):
            zones: tuple[Zone, ...] = ("frozen", "chilled", "ambient")
            for zone in zones if each.details.zone is None else (each.details.zone,):
                since = found.setdefault(each.vehicle_id, {})
                since[zone] = min(each.from_at, since.get(zone, each.from_at))
    return found
