"""How long may an order be on its way, and what does a minute more cost?

A box's hold time is not a limit but a chance: that it has left its zone rises from 0.1 at the lower
quantile to 0.9 at the upper one. So a minute of exposure between them costs the box's loss times
0.8 over the minutes between: the more uncertain, the less a minute weighs. Exposure is measured
from the departure of the trip, as in docs/route-rules.md. docs/thermal-loop.md has the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from routing.dispatch.hold_times import hold_time
from routing.dispatch.state import Box, BoxForecast, CityOrder

HORIZON: Final = timedelta(hours=7)  # the judge looks no further ahead
STALE_AFTER: Final = timedelta(minutes=30)  # a forecast says nothing of a box not heard of since
LEAST_WIDTH_S: Final = 600.0
"""A leaving lasts ten minutes before it is one: no interval is narrower."""
MOST_COST_PER_MIN: Final = 10_000  # of `routing.check_values`


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """The trip that an order is on: when it left, and what its opened doors count as exposure."""

    at: datetime
    doors_s: int = 0


class ColdLimits(NamedTuple):
    """The limits of a `routing.problem.Order`, and what is lost at most (smallest currency unit).

    `at_stake` is what the slope comes to by its end: from there on nothing more is to be lost.
    """

    hold_s: int | None = None
    warm_after_s: int | None = None
    warm_cost_per_min: int = 0
    at_stake: int = 0


class Chances(NamedTuple):
    """Points (seconds of exposure, chance to have left by then), rising; straight in between."""

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
        """Return the chance to have left by an exposure."""
        if exposure_s >= self.end_s:
            return self.points[-1][1]
        for (before_s, before), (after_s, after) in pairwise(self.points):
            if before_s <= exposure_s < after_s:
                return before + (after - before) * (exposure_s - before_s) / (after_s - before_s)
        return 0.0

    def lost(self, exposure_s: float) -> float:
        """Return the share of the loss that an exposure adds, by the slope from begin to end."""
        way = (exposure_s - self.begin_s) / (self.end_s - self.begin_s)
        return self.spread * min(1.0, max(0.0, way))


def limits_of(
    order: CityOrder,
    *,
    now: datetime,
    loop: bool,
    hold_percent: int = 100,
    began: Began | None = None,
) -> ColdLimits:
    """Return what cold asks of an order's plan.

    `began` is the trip that it is on; None is one that it has not left with. Nothing leaves that
    can't be there within the nominal hold time; once on its way an order has soft limits only, for
    not to bring it would save nothing. With `loop` a box on its way has the judge's forecast in
    place of its nominal hold time.
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
        )
    ]
    hold_s = None if began else _nominal_hold_s(order.boxes, hold_percent)
    slope = _slope(found)
    return slope._replace(hold_s=hold_s)


def chances_of(
    order: CityOrder,
    box: Box,
    *,
    now: datetime,
    loop: bool,
    hold_percent: int = 100,
    began: Began | None = None,
) -> Chances | None:
    """Return the chances that a box leaves its zone, by exposure of the order.

    None: nothing is to be lost any more, or not within the horizon.
    """
    if loop and box.has_left_range:
        return None
    told = box.forecast if loop and began is not None else None
    if told is not None and began is not None and now - told.made_at <= STALE_AFTER:
        chances = _forecast(told, began)
    else:
        chances = _nominal(order, box, hold_percent, began)
    if chances is None or (began is not None and chances.end_s <= _exposure_s(now, began)):
        return None
    return chances


def _forecast(told: BoxForecast, began: Began) -> Chances | None:
    """Return the judge's quantiles as exposure. Doors that were opened are in the curve already."""
    if told.leaves_at_q10 is None:
        return None
    points = [(_exposure_s(told.leaves_at_q10, began), 0.1)]
    for at, chance in ((told.leaves_at_q50, 0.5), (told.leaves_at_q90, 0.9)):
        if at is None:
            break
        points.append((_exposure_s(at, began), chance))
    if len(points) == 1:  # the middle lies beyond the horizon, at least
        points.append((_exposure_s(told.made_at + HORIZON, began), 0.5))
    return Chances(_widened(points))


def _nominal(order: CityOrder, box: Box, hold_percent: int, began: Began | None) -> Chances | None:
    """Return the packing record's quantiles as exposure. A box may have left before this trip."""
    hold = hold_time(box, percent=hold_percent)
    if hold is None:
        return None
    before_s = 0.0
    if began is not None and order.departed_at is not None:
        before_s = (began.at - order.departed_at).total_seconds()
    points = [(s - before_s, c) for s, c in zip(hold, (0.1, 0.5, 0.9), strict=True)]
    return Chances(_widened(points))


def _exposure_s(at: datetime, began: Began) -> float:
    return (at - began.at).total_seconds() + began.doors_s


def _widened(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return points that rise, over ten minutes at least."""
    (begin_s, low), (end_s, high) = points[0], points[-1]
    if end_s - begin_s >= LEAST_WIDTH_S and all(a[0] < b[0] for a, b in pairwise(points)):
        return tuple(points)
    return (begin_s, low), (max(end_s, begin_s + LEAST_WIDTH_S), high)


def _nominal_hold_s(boxes: Iterable[Box], hold_percent: int) -> int | None:
    holds = [hold_time(box, percent=hold_percent) for box in boxes]
    return min((int(hold.q50_s) for hold in holds if hold is not None), default=None)


def _slope(found: list[tuple[int, Chances]]) -> ColdLimits:
    """Return one slope for all boxes of an order.

    It begins with the first box that may leave and ends where that one's interval does; between
    them it rises to what all boxes have lost by then.
    """
    if not found:
        return ColdLimits()
    first = min((chances for _, chances in found), key=lambda c: (c.begin_s, c.end_s))
    at_end = sum(cost * chances.lost(first.end_s) for cost, chances in found)
    per_min = round(60 * at_end / (first.end_s - first.begin_s))
    return ColdLimits(
        warm_after_s=max(0, int(first.begin_s)),
        warm_cost_per_min=min(per_min, MOST_COST_PER_MIN),
        at_stake=round(sum(cost * chances.spread for cost, chances in found)),
    )
