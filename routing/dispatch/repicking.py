"""Which promised orders are brought from another depot than was said?

Where nobody of an order's depot can carry it any more, another depot picks it anew: it is told so
by the order's promise, whose time stands.
"""

from collections.abc import Iterator

from routing.dispatch.decision import NewPlan, NewPromise
from routing.dispatch.state import CityState
from routing.dispatch.world import WAITING


def picked_elsewhere(state: CityState, plan: NewPlan | None) -> Iterator[NewPromise]:
    """Yield the promises of orders that a plan brings from another depot, with that one."""
    if plan is None:
        return
    home = {vehicle.id: vehicle.depot_id for vehicle in state.vehicles}
    depot_of = {
        stop.order_id: home[stop.vehicle_id] for stop in plan.stops if stop.kind == "deliver"
    }
    for order in state.orders:
        depot_id = depot_of.get(order.id)
        if order.stage not in WAITING or order.due_at is None or order.depot_id is None:
            continue
        if depot_id not in {None, order.depot_id}:
            yield NewPromise(
                order_id=order.id,
                state="promised",
                due_at=order.due_at,
                not_before=order.not_before,
                depot_id=depot_id,
                alternates=tuple(each for each in order.alternates if each != depot_id),
                offers=(),
                reason=f"{order.depot_id} has nobody to bring it; {depot_id} picks it anew.",
            )
