"""A street and a ring, small enough to split by hand."""

from dataclasses import replace

import numpy as np

from routing.problem import Depot, Load, Order, Place, Problem, Vehicle
from routing.travel import Matrices, ModeMatrix

VAN = Vehicle(
    id="van",
    depot="west",
    mode="van",
    capacity=Load(chilled_g=2000),
    start_s=0,
    end_s=36_000,
)
ORDER = Order(
    id="order",
    place="p",
    load=Load(chilled_g=1000),
    depots=("west", "east"),
    due_s=36_000,
    latest_s=36_000,
    drop_cost=1000,
)


def street(doors_m: list[int], orders: list[Order], vehicles: list[Vehicle]) -> Problem:
    """Lay out a straight street with a depot at 0 m and one at 10,000 m; a metre a second."""
    metres = np.array([0, 10_000, *doors_m])
    way = np.abs(metres[:, None] - metres[None]).astype(np.int32)
    return Problem(
        places=(Place(id="west"), Place(id="east"), *(Place(id=order.place) for order in orders)),
        orders=tuple(orders),
        depots=(Depot(id="west", place="west"), Depot(id="east", place="east")),
        vehicles=tuple(vehicles),
        travel=Matrices({"van": ModeMatrix(way, way[None])}),
    )


def doors(count: int) -> list[Order]:
    return [replace(ORDER, id=f"o{k}", place=f"p{k}") for k in range(count)]


def ring(count: int, vehicles: int) -> Problem:
    """Lay out one depot, and orders on a circle around it, evenly spaced."""
    angles = np.arange(count) * 2 * np.pi / count
    xy = np.array([[0.0, 0.0], *zip(np.cos(angles), np.sin(angles), strict=True)]) * 1000
    way = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)).astype(np.int32)
    orders = [replace(order, depots=("d",)) for order in doors(count)]
    return Problem(
        places=tuple(
            Place(id=name, lat_deg=y / 111_195, lon_deg=x / 111_195)
            for name, (x, y) in zip(["d", *(order.place for order in orders)], xy, strict=True)
        ),
        orders=tuple(orders),
        depots=(Depot(id="d", place="d"),),
        vehicles=tuple(replace(VAN, id=f"v{k}", depot="d") for k in range(vehicles)),
        travel=Matrices({"van": ModeMatrix(way, way[None])}),
    )
