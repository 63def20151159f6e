"""Can an order have what it wishes for, and if not, what can it have?

Answered by putting it into the living plan as it stands: where a vehicle can bring it with time to
spare (`keeping.reserve_s`), and nobody else loses theirs, it is promised. Else offers are tried in
the same way: a later time, a window, a locker nearby. What is offered can be kept as things are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from routing.day import Day
from routing.dispatch.decision import NewPromise
from routing.dispatch.geofence import distance_m
from routing.dispatch.keeping import promised_s, reserve_s
from routing.dispatch.mending import cheapest_fit, with_remedy
from routing.dispatch.standing import Bound, Standing
from routing.dispatch.state import CityDepot, CityLocker, CityOrder, CityState, Offer
from routing.dispatch.times import asked_day_of, wall_clock
from routing.dispatch.wanted import Terms, wanted
from routing.dispatch.world import World
from routing.plan import UNITS_PER_MINOR, Stop
from routing.problem import Order
from routing.remedy import Remedy
from routing.trial import Spot, Tries
from routing.unserved import find_unserved

MOST_ANSWERS: Final = 20
"""Orders that are answered in one look, the earliest requests first. In a full city each takes a
tenth of a second or more, and who is silent for too long loses the city (`takeover_s`)."""
MOST_ADDED: Final = 20_000
"""Fen: no promise is made that costs more than this, with what it does to others' boxes."""
RANGE_PERCENT: Final = 85
"""Of a battery: what a promise may count on. The rest is for detours, and for changes of plan."""
SPOTS: Final = 60
"""Places in the plan that are tried, for one wish at one depot."""
MOST_DEPOTS: Final = 3
MOST_OFFERS: Final = 3
MOST_WINDOWS: Final = 3
LOCKER_WALK_M: Final = 1500.0
"""A locker further away is not offered."""
ROUNDED_S: Final = 900
"""Times that are offered are full quarters of an hour."""
WHY_TRIES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked for: by when, from when on, at which locker instead of the door."""

    due_at: datetime
    not_before: datetime | None = None
    locker_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Promises, and the standing with what was promised in its problem and its start."""

    promises: tuple[NewPromise, ...]
    standing: Standing


def answer(standing: Standing) -> Answers:
    """Answer what was requested, first come first served, as much as one look may."""
    promises = []
    for order in next_asked(standing.state):
        found, standing = _Desk(standing, order).answer()
        promises.append(found)
    return Answers(promises=tuple(promises), standing=standing)


def next_asked(state: CityState) -> list[CityOrder]:
    """Return the orders that this look answers; the next one answers the rest."""
    waiting = [order for order in state.orders if order.stage == "requested"]
    return sorted(waiting, key=lambda order: (order.requested_at, order.id))[:MOST_ANSWERS]


def promised_alike(bare: Standing, promised: Standing) -> Standing:
    """Return a standing with what was just promised in another, each order where it costs least."""
    for row in promised.problem.orders:
        if row.id in promised.just_promised:
            bare = _with_row(bare, row)
    return replace(bare, just_promised=promised.just_promised)


def _with_row(standing: Standing, row: Order) -> Standing:
    problem, start = standing.problem, standing.start
    problem = replace(problem, orders=(*problem.orders, row))
    best = cheapest_fit(problem, start, len(problem.orders) - 1)
    return replace(
        standing, problem=problem, start=start if best is None else with_remedy(start, best)
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the plan that keeps an ask: which depot's, and the plan with it."""

    depot_id: str
    vehicle_id: str
    starts_s: int
    standing: Standing


class _Desk:
    """Where one order is answered."""

    def __init__(self, standing: Standing, order: CityOrder) -> None:
        self.standing = standing
        self.order = order
        self.state = standing.state
        self.clock = standing.clock
        self.policy = self.state.city.policy
        self.world = World(self.state, standing.ways, Bound(transfers=standing.transfers))
        day = asked_day_of(self.state)
        self.opens_at, self.closes_at = day.opens_at, day.closes_at
        # Until it opens nobody is brought anything, even if vehicles are on shift.
        self.not_before = day.opens_at if self.state.now < day.opens_at else None

    def answer(self) -> tuple[NewPromise, Standing]:
        """Return the promise, the offers, or why there is none; and what stands then."""
        ask = self.ask()
        why_not = self._why_never(ask)
        depots = self.depots()
        place = None if why_not else next(self.places(ask, depots), None)
        if place is not None:
            return self._promised(ask, place, depots), place.standing
        why_not = why_not or self._why_not(ask)
        offers = tuple(islice(self.offers(ask), MOST_OFFERS))
        return self._not_promised(why_not, offers), self.standing

    def ask(self) -> Ask:
        """Return what the order asks for: its wish, or the offer that was taken."""
        order = self.order
        if order.accepted_offer is not None and order.accepted_offer < len(order.offers):
            offer = order.offers[order.accepted_offer]
            from_at = offer.window_from or self.not_before
            return Ask(due_at=offer.due_at, not_before=from_at, locker_id=offer.locker_id)
        if order.wish == "window" and order.window is not None:
            from_at, until_at = order.window
            return Ask(due_at=min(until_at, self.closes_at), not_before=from_at)
        locker_id = order.locker_id if order.wish == "locker" else None
        return self._from_opening(self._within(order.tier_h), locker_id)

    def _from_opening(self, due_at: datetime, locker_id: str | None = None) -> Ask:
        """Return an ask for any time until then at which the city is open."""
        return Ask(due_at=due_at, not_before=self.not_before, locker_id=locker_id)

    def _within(self, hours: int) -> datetime:
        """Return the end of a tier: its hours run from the request, or from opening."""
        begins_at = max(self.order.requested_at, self.opens_at)
        return min(begins_at + timedelta(hours=hours), self.closes_at)

    # What can't be, whatever the plan

    def _why_never(self, ask: Ask) -> str | None:
        """Return why no plan could keep it."""
        if ask.due_at <= self.state.now:
            return "It is too late for that today."
        if ask.not_before is not None and ask.not_before >= self.closes_at:
            return "That window is not today."
        if ask.locker_id is not None:
            return self._why_no_locker(ask.locker_id)
        return None

    def _why_no_locker(self, locker_id: str) -> str | None:
        locker = self.world.lockers.get(locker_id)
        if locker is None:
            return f"Locker {locker_id} is closed."
        if self._free(locker) < 1:
            return f"Locker {locker_id} is full."
        if self.order.load.frozen_g:
            return "A locker is chilled: it can't take frozen goods."
        return None

    def _free(self, locker: CityLocker) -> int:
        """Return what is left after what was promised at this desk a moment ago."""
        name = f"locker:{locker.id}"
        before = {stop.order_id for stop in self.state.plan.stops}
        new = [
            order.id
            for order in self.standing.problem.orders
            if order.place == name and order.id in self.standing.just_promised
        ]
        return locker.free - len([id_ for id_ in new if id_ not in before])

    def depots(self) -> list[str]:
        """Return the depots that have the goods, the nearest first."""
        here = self.order.lat_deg, self.order.lon_deg
        depots = [depot for depot in self.world.depots.values() if self._has(depot)]
        depots.sort(key=lambda it: (distance_m((it.lat_deg, it.lon_deg), here), it.id))
        return [depot.id for depot in depots[:MOST_DEPOTS]]

    def _has(self, depot: CityDepot) -> bool:
        """Return whether a depot's stock is enough, after what was promised a moment ago."""
        taken = [
            order.load.by_zone()
            for order in self.standing.problem.orders
            if self.standing.just_promised.get(order.id) == depot.id
        ]
        for k, zone in enumerate(("frozen", "chilled", "ambient")):
            wants_g = self.order.load.by_zone()[k]
            stock_g = depot.stock_g.get(zone)  # type: ignore[call-overload]
            if wants_g and stock_g is not None and stock_g - sum(row[k] for row in taken) < wants_g:
                return False
        return True

    # What the plan can keep

    def places(self, ask: Ask, depots: Sequence[str], *, soonest: bool = False) -> Iterator[_Place]:
        """Yield the best place at each depot that keeps an ask, the nearest depot first."""
        for depot_id in depots:
            tries = self._tries(ask, [depot_id])
            number = len(tries.problem.orders) - 1
            kept = [
                remedy
                for spot in tries.planned(number, SPOTS)
                if (remedy := self._keeps(tries, number, spot)) is not None
            ]
            if kept:
                best = min(kept, key=lambda it: (it.starts_s if soonest else it.added, it.added))
                yield self._place(tries, depot_id, best)

    def _tries(self, ask: Ask, depots: Sequence[str]) -> Tries:
        """Return the plan as it stands, with the order beside it."""
        problem = self.standing.problem
        row = wanted(self.world, self._as_asked(ask), depots=depots, terms=Terms())
        return Tries(replace(problem, orders=(*problem.orders, row)), self.standing.start)

    def _as_asked(self, ask: Ask) -> CityOrder:
        return replace(
            self.order,
            stage="waiting",
            due_at=ask.due_at,
            not_before=ask.not_before,
            wish="locker" if ask.locker_id is not None else "fastest",
            locker_id=ask.locker_id,
        )

    def _keeps(self, tries: Tries, number: int, spot: Spot) -> Remedy | None:
        """Return what a spot costs if it keeps the ask, and everyone else's promise."""
        remedy = tries.fit(number, spot)
        if remedy is None or remedy.added > MOST_ADDED * UNITS_PER_MINOR:
            return None
        before = tries.day(spot.vehicle)
        after = tries.judge.day(before.vehicle, remedy.tours)
        keeps = self._keeps_promises(tries, before, after) and self._keeps_limits(
            spot, before, after
        )
        return remedy if keeps else None

    def _keeps_promises(self, tries: Tries, before: Day, after: Day) -> bool:
        """Return whether each stop keeps its reserve, or as much of it as it had."""
        started_s = {stop.order: stop.starts_s for stop in _stops(before)}
        for stop in _stops(after):
            until_s = promised_s(tries.orders[stop.order])
            needs_s = reserve_s(stop.starts_s - tries.problem.now_s)
            if stop.order in started_s:
                needs_s = min(needs_s, until_s - started_s[stop.order])
            if until_s - stop.starts_s < needs_s:
                return False
        return True

    def _keeps_limits(self, spot: Spot, before: Day, after: Day) -> bool:
        """Return whether the day ends within the shift and a battery's share, or is no longer."""
        ends_s = self.clock.second_of(self.standing.crews[spot.vehicle].shift.until_at)
        if after.free_s > max(ends_s, before.free_s if before.trips else 0):
            return False
        range_m = after.vehicle.range_m
        if range_m is None:
            return True
        share_m = range_m * RANGE_PERCENT // 100
        return _way_m(after) <= max(share_m, _way_m(before))

    def _place(self, tries: Tries, depot_id: str, remedy: Remedy) -> _Place:
        row = tries.problem.orders[-1]
        start = self.standing.start
        start = (*start[: remedy.vehicle], remedy.tours, *start[remedy.vehicle + 1 :])
        problem = self.standing.problem
        just = {**self.standing.just_promised, row.id: depot_id}
        return _Place(
            depot_id=depot_id,
            vehicle_id=self.standing.crews[remedy.vehicle].vehicle_id,
            starts_s=remedy.starts_s,
            standing=replace(
                self.standing,
                problem=replace(problem, orders=(*problem.orders, row)),
                start=start,
                just_promised=just,
            ),
        )

    # Answers

    def _promised(self, ask: Ask, place: _Place, depots: Sequence[str]) -> NewPromise:
        at = self._clock(self.clock.time_of(place.starts_s))
        return NewPromise(
            order_id=self.order.id,
            state="promised",
            due_at=ask.due_at,
            not_before=ask.not_before,
            depot_id=place.depot_id,
            alternates=tuple(depot for depot in depots if depot != place.depot_id),
            offers=(),
            reason=f"{place.vehicle_id} of {place.depot_id} can be there at {at}.",
        )

    def _not_promised(self, why: str, offers: tuple[Offer, ...]) -> NewPromise:
        return NewPromise(
            order_id=self.order.id,
            state="offered" if offers else "impossible",
            due_at=None,
            not_before=None,
            depot_id=None,
            alternates=(),
            offers=offers,
            reason=why,
        )

    def _why_not(self, ask: Ask) -> str:
        """Return what stands in the way of an ask."""
        if not self.depots():
            return "No depot has the goods."
        tries = self._tries(ask, self.depots())
        found = find_unserved(
            tries.problem, self.standing.start, tries=WHY_TRIES, only=self.order.id
        )
        finding = next(found)
        if finding.unserved.reason == "search":
            return "It could be brought, but with nothing to spare, or at too great a cost."
        return finding.unserved.sentence

    def offers(self, ask: Ask) -> Iterator[Offer]:
        """Yield what can be done instead, verified in the plan."""
        depots = self.depots()
        yield from self._sooner_or_later(ask, depots)
        yield from self._lockers(ask, depots)
        yield from self._windows(ask, depots)

    def _sooner_or_later(self, ask: Ask, depots: Sequence[str]) -> Iterator[Offer]:
        """Offer the door at the earliest time that can be kept: the next tier, if that is one."""
        if self.closes_at <= self.state.now:
            return
        late = self._from_opening(self.closes_at)
        place = next(self.places(late, depots, soonest=True), None)
        if place is None:
            return
        row = place.standing.problem.orders[-1]
        away_s = place.starts_s - self.standing.problem.now_s
        needed_s = place.starts_s + row.service_s + reserve_s(away_s)
        due_at = self._next_tier(self.clock.time_of(needed_s))
        is_other = ask.locker_id is not None or ask.not_before != self.not_before
        if is_other or due_at > ask.due_at:
            yield Offer(due_at=due_at, depot_id=place.depot_id)

    def _next_tier(self, needed_at: datetime) -> datetime:
        """Return the end of the shortest tier that is late enough, or a round time."""
        for hours in sorted({tier.hours for tier in self.policy.tiers}):
            if self._within(hours) >= needed_at:
                return self._within(hours)
        needed_s = self.clock.second_of(needed_at)
        return min(self.clock.time_of(-(-needed_s // ROUNDED_S) * ROUNDED_S), self.closes_at)

    def _lockers(self, ask: Ask, depots: Sequence[str]) -> Iterator[Offer]:
        """Offer the nearest locker with room, by the time that was asked for."""
        if self.order.load.frozen_g or ask.due_at <= self.state.now or not depots:
            return
        here = self.order.lat_deg, self.order.lon_deg
        near = [
            (distance_m((it.lat_deg, it.lon_deg), here), it.id)
            for it in self.state.lockers
            if it.id != ask.locker_id and self._free(it) > 0
        ]
        for away_m, locker_id in sorted(near)[:1]:
            if away_m > LOCKER_WALK_M:
                return
            due_at = max(ask.due_at, self._within(self.order.tier_h))
            place = next(self.places(self._from_opening(due_at, locker_id), depots), None)
            if place is not None:
                yield Offer(due_at=due_at, locker_id=locker_id, depot_id=place.depot_id)

    def _windows(self, ask: Ask, depots: Sequence[str]) -> Iterator[Offer]:
        """Offer the first window of the day that can be kept and is not the one asked for."""
        for from_at, until_at in self._other_windows(ask):
            window = Ask(due_at=until_at, not_before=from_at)
            place = next(self.places(window, depots), None)
            if place is not None:
                yield Offer(due_at=until_at, window_from=from_at, depot_id=place.depot_id)
                return

    def _other_windows(self, ask: Ask) -> Iterator[tuple[datetime, datetime]]:
        """Yield the next windows that end later; of another day's, the same hours of this day."""
        if ask.not_before is not None and ask.not_before >= self.closes_at:
            yield from self._on_this_day(ask.not_before)
            return
        step = timedelta(seconds=self.policy.window_s)
        next_hour = self.clock.time_of((self.standing.problem.now_s // 3600 + 1) * 3600)
        from_at = max(next_hour, self.opens_at)
        for _ in range(MOST_WINDOWS):
            until_at = from_at + step
            if until_at > self.closes_at:
                return
            if until_at > ask.due_at:
                yield from_at, until_at
            from_at = until_at

    def _on_this_day(self, booked_at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the hours of a window that was booked for another day, if they are still ahead."""
        if self.order.window is None:
            return
        zone = ZoneInfo(self.state.city.time_zone)
        booked, opens = booked_at.astimezone(zone), self.opens_at.astimezone(zone)
        # Days are counted by the wall clock, so that 10:00 stays 10:00 when clocks are changed.
        from_at = (booked - (booked.date() - opens.date())).astimezone(self.state.now.tzinfo)
        until_at = from_at + (self.order.window[1] - self.order.window[0])
        if from_at > self.state.now:
            yield from_at, until_at

    def _clock(self, at: datetime) -> str:
        return wall_clock(at, self.state.city.time_zone)


def _stops(day: Day) -> Iterator[Stop]:
    return (stop for trip in day.trips for stop in trip.stops)


def _way_m(day: Day) -> int:
    return day.vehicle.driven_m + sum(trip.distance_m for trip in day.trips)
