"""When is a plan searched for again, and why?

At once where the world has changed: a disruption, another fleet, an order cancelled, an order that
the plan thought in time and its vehicle will not. New orders are inserted at once and searched with
when some have come together. Otherwise from time to time, for what has drifted.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from routing.dispatch.eta import Expected
from routing.dispatch.replanning import Why
from routing.dispatch.settings import DispatchSettings
from routing.dispatch.state import CityState, Disruption


def reason_to_search(
    state: CityState, expected: Sequence[Expected], settings: DispatchSettings
) -> Why | None:
    """Return the first reason that there is, or None."""
    reason = next(_reasons(state, expected, settings), None)
    return None if reason is None else Why(reason=reason, facts=facts_of(state, expected))


def facts_of(state: CityState, expected: Sequence[Expected] = ()) -> dict[str, Any]:
    """Return what a search goes by and the next one is to compare with."""
    fleet = [
        (v.id, v.depot_id, v.role, v.mode, v.capacity, v.range_m, v.max_trips, v.shifts)
        for v in state.vehicles
    ]
    depots = [(d.id, d.picking_s, d.orders_per_hour) for d in state.depots]
    return {
        "fleet": hashlib.sha256(repr((fleet, depots)).encode()).hexdigest()[:16],
        "late": sorted(_late(state, expected)),
        "disruptions": sorted(each.id for each in state.disruptions),
    }


def _reasons(
    state: CityState, expected: Sequence[Expected], settings: DispatchSettings
) -> Iterator[str]:
    searched_at, now = state.plan.searched_at or state.plan.made_at, state.now
    if searched_at is None:
        if any(order.stage != "requested" for order in state.orders):
            yield "first"
        return
    seen = state.plan.why.get("disruptions")
    for each in state.disruptions:
        # One that was committed after a look may have been recorded before it.
        is_unseen = seen is not None and each.id not in seen
        if is_unseen or _is_news(each, searched_at, now):
            yield each.kind
    fleet = facts_of(state)["fleet"]
    inserted_at, batch = state.plan.inserted_at, timedelta(seconds=settings.batch_s)
    holds: dict[str, Callable[[], bool]] = {
        "fleet": lambda: state.plan.why.get("fleet", fleet) != fleet,
        "cancelled": lambda: _has_planned_what_ended(state),
        "late": lambda: now - searched_at >= batch and _gets_late(state, expected),
        "orders": lambda: inserted_at is not None and now - inserted_at >= batch,
        "first": lambda: state.plan.searched_at is None,
        "progress": lambda: now - searched_at >= timedelta(seconds=settings.replan_s),
    }
    yield from (reason for reason, does_hold in holds.items() if does_hold())


def _is_news(one: Disruption, since: datetime, now: datetime) -> bool:
    """Return whether something was said, has begun or is over since then."""
    ended = one.until_at is not None and since < one.until_at <= now
    return one.recorded_at > since or since < one.from_at <= now or ended


def _has_planned_what_ended(state: CityState) -> bool:
    planned = {stop.order_id for stop in state.plan.stops}
    return any(order.stage == "ended" and order.id in planned for order in state.orders)


def _gets_late(state: CityState, expected: Sequence[Expected]) -> bool:
    """Return whether an order is late that was not when the plan was last searched for.

    The search did what it could for those that were; time's passing alone helps none of them.
    """
    return bool(_late(state, expected) - set(state.plan.why.get("late", ())))


def _late(state: CityState, expected: Sequence[Expected]) -> set[str]:
    """Return the orders that the plan brings in time and that are expected too late."""
    due = {order.id: order.due_at for order in state.orders}
    planned = {stop.order_id: stop.arrives_at for stop in state.plan.stops}
    late: set[str] = set()
    for one in expected:
        due_at, planned_at = due.get(one.order_id), planned.get(one.order_id)
        if due_at and planned_at and planned_at <= due_at < one.arrives_at:
            late.add(one.order_id)
    return late
