"""What does a city look like to a dispatcher who does not hear its boxes?

Without the thermal loop a plan knows of each box how it was packed, and nothing of how it fares: no
forecast, no excursion, no compartment that has failed. What it plans with is the nominal hold time.
"""

from dataclasses import replace

from routing.dispatch.state import CityState


def without_forecasts(state: CityState) -> CityState:
    """Return the state without what loggers have told."""
    orders = tuple(
        replace(
            order,
            boxes=tuple(
                replace(box, forecast=None, left_at=None, has_left_range=False)
                for box in order.boxes
            ),
        )
        for order in state.orders
    )
    disruptions = tuple(each for each in state.disruptions if each.kind != "cooling_failed")
    return replace(state, orders=orders, disruptions=disruptions, failed_places=())
