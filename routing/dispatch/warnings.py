"""What is an order told of its way, and when?

Estimates are written anew only when they have moved by more than two minutes, or when the promise
has come into doubt, so that a day has few events. *Next stop* and *arriving* are told once each.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from routing.dispatch.decision import Estimate, Milestone
from routing.dispatch.eta import Expected
from routing.dispatch.state import CityOrder, CityState

MOVES_BY: Final = timedelta(minutes=2)
"""A smaller change is no news."""
ARRIVING_WITHIN: Final = timedelta(minutes=10)


def estimates(state: CityState, expected: Sequence[Expected]) -> tuple[Estimate, ...]:
    """Return the estimates that are news."""
    orders = {order.id: order for order in state.orders}
    return tuple(
        Estimate(
            order_id=one.order_id,
            arrives_at=one.arrives_at,
            earliest_at=one.earliest_at,
            latest_at=one.latest_at,
        )
        for one in expected
        if (order := orders.get(one.order_id)) is not None and _is_news(order, one)
    )


def _is_news(order: CityOrder, one: Expected) -> bool:
    told = order.estimate
    if told is None or abs(one.arrives_at - told.arrives_at) > MOVES_BY:
        return True
    told_latest_at = told.latest_at or told.arrives_at
    if abs(one.latest_at - told_latest_at) > 2 * MOVES_BY:
        return True  # the same moment, but far less sure, or far surer
    served_by = _kept_by(order)
    return served_by is not None and told_latest_at <= served_by < one.latest_at


def _kept_by(order: CityOrder) -> datetime | None:
    """Return when the vehicle has to be there for the promise to be kept: service takes time."""
    if order.due_at is None:
        return None
    return order.due_at - timedelta(seconds=order.service_s)


def milestones(state: CityState, expected: Sequence[Expected]) -> tuple[Milestone, ...]:
    """Return what is to be told for the first time."""
    orders = {order.id: order for order in state.orders}
    return tuple(
        milestone
        for one in expected
        if (order := orders.get(one.order_id)) is not None
        for milestone in _milestones(order, one, state.now)
    )


def _milestones(order: CityOrder, one: Expected, now: datetime) -> Iterator[Milestone]:
    if not one.is_next:
        return
    if order.next_stop_at is None:
        yield Milestone(order_id=order.id, milestone="next_stop", at=now)
    if order.arriving_at is None and one.arrives_at - now <= ARRIVING_WITHIN:
        yield Milestone(order_id=order.id, milestone="arriving", at=now)
