"""What do streams and webhooks hear of a decision?

One event for each answer to an order, each version of the plan, each box in question and each step
that was seen: the classes of `schemas.events`.
"""

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from routing.dispatch.decision import Decision, Milestone, NewPlan, NewPromise, Rescue, Told
from routing.dispatch.state import CityState, PlannedStop
from schemas.events import (
    ORDER_MILESTONE,
    ORDER_OFFERED,
    ORDER_PROMISED,
    PLAN_CHANGED,
    RESCUE_DECIDED,
    MilestoneEvent,
    Offered,
    OfferedEvent,
    PlanEvent,
    PromisedEvent,
    RescueEvent,
)


def with_events(state: CityState, decision: Decision) -> Decision:
    """Return a decision with all that is to be told of it."""
    return replace(decision, told=tuple(_events(state, decision)))


def _events(state: CityState, decision: Decision) -> Iterator[Told]:
    city_id = state.city.id
    for promise in decision.promises:
        if promise.state == "promised":
            yield _told(ORDER_PROMISED, promise.order_id, _promised(city_id, promise))
        elif promise.state in {"offered", "impossible"}:
            yield _told(ORDER_OFFERED, promise.order_id, _offered(city_id, promise))
    if decision.plan is not None:
        yield _told(PLAN_CHANGED, None, _planned(state, decision.plan))
    version = state.plan.version if decision.plan is None else decision.plan.base + 1
    for rescue in decision.rescues:
        yield _told(RESCUE_DECIDED, rescue.order_id, _rescued(city_id, version, rescue))
    for milestone in decision.milestones:
        yield _told(ORDER_MILESTONE, milestone.order_id, _reached(milestone))


def _told(type_: str, order_id: str | None, event: object) -> Told:
    return Told(type=type_, order_id=order_id, data=msgspec.to_builtins(event))


def _promised(city_id: str, promise: NewPromise) -> PromisedEvent:
    if promise.due_at is None or promise.depot_id is None:
        raise ValueError(f"{promise.order_id} is promised without a time or a depot")
    return PromisedEvent(
        order_id=promise.order_id,
        city_id=city_id,
        due_at=promise.due_at,
        not_before=promise.not_before,
        depot_id=promise.depot_id,
        reason=promise.reason,
    )


def _offered(city_id: str, promise: NewPromise) -> OfferedEvent:
    offers = [
        Offered(
            due_at=offer.due_at,
            window_from=offer.window_from,
            locker_id=offer.locker_id,
            depot_id=offer.depot_id,
        )
        for offer in promise.offers
    ]
    return OfferedEvent(
        order_id=promise.order_id, city_id=city_id, offers=offers, reason=promise.reason
    )


def _planned(state: CityState, plan: NewPlan) -> PlanEvent:
    return PlanEvent(
        city_id=state.city.id,
        version=plan.base + 1,
        reason=plan.reason,
        changed=sum(change.what != "done" for change in plan.changes),
        unserved=len(plan.unserved),
        vehicle_ids=sorted(_changed_vehicles(state.plan.stops, plan.stops)),
    )


def _changed_vehicles(before: tuple[PlannedStop, ...], after: tuple[PlannedStop, ...]) -> set[str]:
    """Return the vehicles that drive otherwise than before: other stops, or in another order."""

    def ways(stops: tuple[PlannedStop, ...]) -> set[tuple[object, ...]]:
        return {
            (s.vehicle_id, s.trip, s.position, s.kind, s.order_id, s.depot_id, s.to_locker)
            for s in stops
        }

    return {str(way[0]) for way in ways(before) ^ ways(after)}


def _rescued(city_id: str, version: int, rescue: Rescue) -> RescueEvent:
    taken = next((o for o in rescue.options if o.action == rescue.chosen), None)
    return RescueEvent(
        city_id=city_id,
        version=version,
        order_id=rescue.order_id,
        consignment_id=rescue.consignment_id,
        cause=rescue.cause,
        chosen=rescue.chosen,
        vehicle_id=taken.vehicle_id if taken else None,
        arrives_at=taken.arrives_at if taken else None,
        cost=taken.cost if taken else 0,
        spoil_chance=taken.spoil_chance if taken else 0.0,
        compared=len(rescue.options),
        why=rescue.why,
    )


def _reached(milestone: Milestone) -> MilestoneEvent:
    return MilestoneEvent(
        order_id=milestone.order_id,
        consignment_id=None,
        step=milestone.milestone,
        at=milestone.at,
        place_id=None,
        person=None,
        temperature_c=None,
    )
