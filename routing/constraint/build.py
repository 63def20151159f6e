"""How is the complete model put together?"""

from routing.constraint.clocks import add_breaks, add_exposure, add_release, add_time, begin_early
from routing.constraint.layout import Layout
from routing.constraint.model import Model
from routing.constraint.rules import (
    add_loads,
    add_orders,
    add_picking,
    add_range,
    add_trips,
    add_ways,
)


def build(layout: Layout) -> Model:
    """Return the model of a layout, with every rule of `docs/route-constraint.md`."""
    model = Model(layout)
    for add in (
        add_orders,
        add_ways,
        add_time,
        add_exposure,
        add_loads,
        add_release,
        add_trips,
        add_range,
        add_picking,
        add_breaks,
        begin_early,
    ):
        add(model)
    return model
