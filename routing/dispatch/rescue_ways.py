"""Which ways are there out of a box's trouble, and what does each cost?

Each is a variant of the problem and its draft; the days of the vehicles that it changes are walked
by the evaluator, and held against those of the plan. What the boxes lose is the slope of their
limits, and a lump sum where a way leaves the slope: what is lost by the time of a meeting, what is
given up, what it costs not to deliver.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from routing.check_values import MAX_TIME_S
from routing.dispatch import relay
from routing.dispatch.cold import ColdLimits, cooled_by
from routing.dispatch.decision import Action
from routing.dispatch.relay import HANDOVER_S, NEXT_BOX_S, Meeting
from routing.dispatch.rescue_case import Case
from routing.dispatch.standing import Transfer
from routing.dispatch.state import Zone
from routing.evaluate import Judge
from routing.plan import UNITS_PER_MINOR, Draft
from routing.problem import Problem, Vehicle
from routing.travel import arrival_s

MEETING_COST: Final = 1_000
"""Fen for what a meeting upsets: two drivers, who may miss each other (our assumption)."""
RELAY_WITHIN_S: Final = 15 * 60
"""A relay that can't be there by then is not sent, unless nobody else comes for what stands."""
TAKERS: Final = 4
"""The nearest so many vehicles are tried for a swap."""
FETCHERS: Final = 8
"""The nearest so many may fetch what stands: nobody else brings it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way out: a variant of the problem. `orders` None: it concerns all in question.

    `extra` is what it costs beside the evaluator's cost, `saved_s` when a box is in the cold.
    """

    action: Action
    problem: Problem
    draft: Draft
    changed: tuple[int, ...] = ()
    extra: int = 0
    vehicle_id: str | None = None
    orders: tuple[str, ...] | None = None
    transfers: tuple[Transfer, ...] = ()
    saved_s: Mapping[str, int] = field(default_factory=dict)
    start: Draft | None = None

    def vehicle_of(self, order: str) -> str | None:
        """Return who takes an order over, or who brings it otherwise than planned."""
        takers = (each.taker for each in self.transfers if order in each.orders)
        return next(takers, self.vehicle_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A way, what it costs against keeping to the plan, and when each order is brought."""

    way: Way
    cost: int
    brought_s: Mapping[str, int]

    def safe_s(self, order: str) -> int | None:
        """Return from when on an order's boxes warm no more. None: nobody comes."""
        return self.way.saved_s.get(order, self.brought_s.get(order))


def priced_ways(case: Case) -> Iterator[Priced]:
    """Yield what can be done and its cost, keeping to the plan first (at cost 0)."""
    keep = Way(action="keep", problem=case.problem, draft=case.draft, changed=_own(case))
    yield Priced(way=keep, cost=0, brought_s=_brought_s(case, keep))
    found = list(_priced(case))
    if case.stands and not found:
        found = list(_priced(replace(case, any_relay=True)))
    yield from found


def _priced(case: Case) -> Iterator[Priced]:
    for way in _all_ways(case):
        cost = _cost(case, way)
        if cost is not None:
            yield Priced(way=way, cost=cost, brought_s=_brought_s(case, way))


def _all_ways(case: Case) -> Iterator[Way]:
    if not case.stands:
        yield _accepting(case)
        for orders in _subsets(case):
            yield _hurrying(case, orders)
            yield from _returning(case, orders)
    for taker in _takers(case):
        for place in _places(case, taker):
            for orders in _subsets(case):
                yield from _handing(case, taker, place, orders)
    if case.stands and len(case.orders) > 1:
        yield from _sharing(case)


def _own(case: Case) -> tuple[int, ...]:
    """Return the giver's number, if its day matters."""
    return () if case.stands else (relay.vehicle_number(case.problem, case.giver),)


def _subsets(case: Case) -> Iterator[tuple[str, ...]]:
    """Yield the orders that lose most as planned: one, two, four, …, all that can be moved."""
    row = case.problem.vehicles[relay.vehicle_number(case.problem, case.giver)]
    keep = Way(action="keep", problem=case.problem, draft=case.draft, changed=_own(case))
    brought_s = _brought_s(case, keep)
    movable = sorted(
        (id_ for id_ in case.orders if id_ not in relay.locked(row) or case.stands),
        key=lambda id_: (-case.lost(id_, brought_s.get(id_, MAX_TIME_S)), id_),
    )
    size = 1
    while size < len(movable):
        yield tuple(movable[:size])
        size *= 2
    if movable:
        yield tuple(movable)


def _accepting(case: Case) -> Way:
    problem = case.problem
    for order in case.orders:
        problem = relay.with_limits(problem, order, ColdLimits())
    lost = sum(case.at_stake(order) for order in case.orders)
    return Way(action="accept", problem=problem, draft=case.draft, changed=_own(case), extra=lost)


def _hurrying(case: Case, orders: tuple[str, ...]) -> Way:
    numbers = [relay.number(case.problem, order) for order in orders]
    (giver,) = _own(case)
    draft = relay.insert_best(case.problem, relay.without(case.draft, set(numbers)), giver, numbers)
    return Way(
        action="bring_forward",
        problem=case.problem,
        draft=draft,
        changed=_own(case),
        vehicle_id=case.fleet[case.giver].id,
        orders=orders,
        start=draft,
    )


def _returning(case: Case, orders: tuple[str, ...]) -> Iterator[Way]:
    problem, draft = case.problem, case.draft
    for order in orders:
        found = relay.bring_back(problem, draft, order)
        if found is None:
            return
        problem, draft = found
    yield Way(
        action="return",
        problem=problem,
        draft=draft,
        changed=_own(case),
        extra=sum(case.drop_costs[order] for order in orders),
        vehicle_id=case.fleet[case.giver].id,
        orders=orders,
    )


def _handing(case: Case, taker: int, place: str, orders: tuple[str, ...]) -> Iterator[Way]:
    row = case.problem.vehicles[taker]
    is_relay = _is_free_relay(case, taker)
    meeting = Meeting(
        orders=orders,
        giver=case.giver,
        taker=row.id,
        place=place,
        stands=case.stands,
        cold=_is_colder(case, row.id, orders),
    )
    met = relay.arrange(case.problem, case.draft, meeting)
    there = next(each for each in case.problem.places if each.id == place)
    if met is None or there.lat_deg is None or there.lon_deg is None:
        return
    if is_relay and not case.any_relay and met.at_s > case.problem.now_s + RELAY_WITHIN_S:
        return
    until_s = met.at_s + HANDOVER_S + NEXT_BOX_S * (len(orders) - 1)
    yield Way(
        action="relay" if is_relay else "swap",
        problem=met.problem,
        draft=met.draft,
        changed=(*_own(case), taker),
        extra=_meeting_costs(case, meeting, met.at_s),
        vehicle_id=case.fleet[row.id].id,
        orders=orders,
        transfers=(
            Transfer(
                orders=orders,
                giver=case.fleet[case.giver].id,
                taker=case.fleet[row.id].id,
                lat_deg=there.lat_deg,
                lon_deg=there.lon_deg,
                meets_at=case.clock.time_of(met.at_s),
                until=case.clock.time_of(until_s),
            ),
        ),
        saved_s=dict.fromkeys(orders, met.at_s) if meeting.cold else {},
    )


@dataclass(frozen=True, slots=True)
class _Share:
    """What one vehicle fetches, and what that costs."""

    orders: tuple[str, ...] = ()
    cost: int = 0


def _sharing(case: Case) -> Iterator[Way]:
    """Yield how several vehicles fetch what stands: each order goes to whom it costs least.

    One after the other, the earliest promise first; who comes already takes another for less.
    """
    place = _next_place(case)
    shares = dict.fromkeys(_takers(case), _Share())
    for order in sorted(case.orders, key=lambda id_: (_due_s(case, id_), id_)):
        added = {
            taker: share.cost - shares[taker].cost
            for taker, share in _shares_with(case, place, shares, order)
        }
        best = min(added, key=lambda taker: (added[taker], taker), default=None)
        if best is not None and added[best] < case.drop_costs[order] + case.at_stake(order):
            orders = (*shares[best].orders, order)
            shares[best] = _Share(orders, shares[best].cost + added[best])
    used = {taker: share.orders for taker, share in shares.items() if share.orders}
    if len(used) > 1:
        yield from _together(case, place, used)


def _shares_with(
    case: Case, place: str, shares: Mapping[int, _Share], order: str
) -> Iterator[tuple[int, _Share]]:
    """Yield each taker's share with one order more, where it can have it."""
    for taker, share in shares.items():
        orders = (*share.orders, order)
        for way in _handing(case, taker, place, orders):
            cost = _changed_cost(case, way)
            if cost is not None:
                yield taker, _Share(orders, cost)


def _due_s(case: Case, order: str) -> int:
    return case.problem.orders[relay.number(case.problem, order)].due_s


def _together(case: Case, place: str, shares: Mapping[int, tuple[str, ...]]) -> Iterator[Way]:
    """Yield the way on which each of these takers meets what stands, if they can."""
    done: list[Way] = []
    for taker, orders in shares.items():
        now = replace(case, problem=done[-1].problem, draft=done[-1].draft) if done else case
        done += _handing(now, taker, place, orders)
    if len(done) < len(shares):
        return
    yield replace(
        done[-1],
        action="swap",
        changed=tuple(shares),
        extra=sum(way.extra for way in done),
        orders=tuple(order for way in done for order in way.orders or ()),
        transfers=tuple(transfer for way in done for transfer in way.transfers),
        saved_s={order: at_s for way in done for order, at_s in way.saved_s.items()},
    )


def _meeting_costs(case: Case, meeting: Meeting, at_s: int) -> int:
    """Return what the evaluator doesn't count of a meeting, and takes for orders."""
    taker = case.problem.vehicles[relay.vehicle_number(case.problem, meeting.taker)]
    giver = case.problem.vehicles[relay.vehicle_number(case.problem, meeting.giver)]
    stops = len(meeting.orders)
    cost = MEETING_COST + (0 if taker.current else taker.fixed_cost)
    cost -= stops * (taker.cost_per_order + (0 if meeting.stands else giver.cost_per_order))
    if meeting.cold:
        return cost + sum(case.lost(order, at_s) for order in meeting.orders)
    return cost + sum(relay.lost_before(case.problem, meeting, order) for order in meeting.orders)


# Who may take them -------------------------------------------------------------------------------


def _takers(case: Case) -> Iterator[int]:
    """Yield free relay vehicles, and of all others the nearest."""
    others: list[tuple[int, int]] = []
    zones = {box.zone for _, box in case.boxes}
    for k, row in enumerate(case.problem.vehicles):
        if row.id == case.giver or zones & set(case.failed.get(case.fleet[row.id].id, {})):
            continue
        if row.current is None and not row.returns:
            continue
        if _is_free_relay(case, k):
            yield k
        elif row.end_s > case.problem.now_s and (
            case.any_relay or case.fleet[row.id].role != "relay"
        ):
            others.append((_there_s(case, row), k))
    yield from (k for _, k in sorted(others)[: FETCHERS if case.stands else TAKERS])


def _is_free_relay(case: Case, vehicle: int) -> bool:
    """Whether it waits at its depot, or comes home with nothing aboard."""
    row = case.problem.vehicles[vehicle]
    busy = any(tour.visits for tour in case.draft[vehicle]) or relay.aboard(row)
    return case.fleet[row.id].role == "relay" and not busy


def _there_s(case: Case, taker: Vehicle) -> int:
    """Return when a vehicle could be where the giver goes next."""
    index = {place.id: k for k, place in enumerate(case.problem.places)}
    trip = relay.begun(case.problem, taker).current
    travel = case.problem.travel
    if trip is None or taker.mode not in travel.modes:
        return MAX_TIME_S
    leg = travel.leg(taker.mode, index[trip.place], index[_next_place(case)])
    return arrival_s(trip.free_s, leg, travel.starts_s(taker.mode))


def _places(case: Case, taker: int) -> tuple[str, ...]:
    """Return where they may meet: where the giver goes next, or where the taker is."""
    row = relay.begun(case.problem, case.problem.vehicles[taker])
    theirs = (row.current.place,) if row.current and not case.stands else ()
    return tuple(dict.fromkeys((_next_place(case), *theirs)))


def _next_place(case: Case) -> str:
    giver = relay.vehicle_number(case.problem, case.giver)
    current = case.problem.vehicles[giver].current
    visits = case.draft[giver][0].visits
    if visits and not case.stands:
        order = case.problem.orders[visits[0].order]
        return order.locker.place if visits[0].to_locker and order.locker else order.place
    return current.place if current else ""


def _is_colder(case: Case, taker: str, orders: Sequence[str]) -> bool:
    """Whether boxes warm no more in the taker's compartments, unlike in the giver's."""
    zones = {box.zone for id_, box in case.boxes if id_ in orders}
    return all(_cools(case, taker, z) and not _cools(case, case.giver, z) for z in zones)


def _cools(case: Case, vehicle: str, zone: Zone) -> bool:
    """Whether a vehicle cools goods of a zone. A tricycle's box is only insulated."""
    city = case.fleet[vehicle]
    return zone in cooled_by(city, case.failed.get(city.id, {}))


# What it costs -----------------------------------------------------------------------------------


def _cost(case: Case, way: Way) -> int | None:
    """Return what a way costs against the plan (smallest unit). None: it breaks a rule more."""
    changed = _changed_cost(case, way)
    if changed is None:
        return None
    left = _left_behind(case, way.problem, way.draft)
    return changed + left - _left_behind(case, case.problem, case.draft)


def _changed_cost(case: Case, way: Way) -> int | None:
    """Return what a way costs the vehicles that it changes. None: it breaks a rule more."""
    before, after = Judge(case.problem), Judge(way.problem)
    units = 0
    for k in way.changed:
        was = before.day(case.problem.vehicles[k], case.draft[k])
        will = after.day(way.problem.vehicles[k], way.draft[k])
        if len(will.violations) > len(was.violations):
            return None
        units += will.cost().total - was.cost().total
    return round(units / UNITS_PER_MINOR) + way.extra


def _left_behind(case: Case, problem: Problem, draft: Draft) -> int:
    """Return what it costs that orders in question are not brought anywhere."""
    visited = {v.order for tours in draft for tour in tours for v in tour.visits}
    stops = [relay.real_order(problem.orders[k].id) for k in visited]
    brought = {order for order, kind in stops if kind != "meet"}
    return sum(
        case.drop_costs[order] + case.at_stake(order)
        for order in case.orders
        if order not in brought
    )


def _brought_s(case: Case, way: Way) -> dict[str, int]:
    """Return when each order in question is at its door, or back at its depot."""
    judge = Judge(way.problem)
    found = {}
    for k in way.changed:
        day = judge.day(way.problem.vehicles[k], way.draft[k])
        for stop in (stop for trip in day.trips for stop in trip.stops):
            order, kind = relay.real_order(stop.order)
            if order in case.orders and kind != "meet":
                found[order] = stop.starts_s
    return found
