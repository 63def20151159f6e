"""One straight street, to work days out by hand.

The depot stands at 0 m, `home(k)` at k km, all are driven at 10 m/s: a kilometre takes 100 s.
Costs are nought unless a test names them, so that it shows only what it is about.
"""

from typing import Any

import numpy as np

from routing.plan import Draft, Tour, Visit
from routing.problem import Depot, Load, Order, Place, Problem, Vehicle
from routing.travel import Matrices, ModeMatrix

HOMES = 21
EIGHT = 8 * 3600
EVENING = 23 * 3600


def order(k: int, km: int, **changes: Any) -> Order:
    """Return order `o<k>`, at `km`, which minds nothing."""
    values: dict[str, Any] = {
        "id": f"o{k}",
        "place": f"km{km}",
        "load": Load(chilled_g=1000),
        "depots": ("depot",),
        "due_s": EVENING,
        "latest_s": EVENING,
        "drop_cost": 10_000,
    }
    return Order(**(values | changes))


def van(name: str = "van", **changes: Any) -> Vehicle:
    """Return a van from eight until eleven in the evening, that costs nothing."""
    values: dict[str, Any] = {
        "id": name,
        "depot": "depot",
        "mode": "van",
        "capacity": Load(frozen_g=100_000, chilled_g=100_000, ambient_g=100_000),
        "start_s": EIGHT,
        "end_s": EVENING,
    }
    return Vehicle(**(values | changes))


def street(
    *orders: Order,
    vehicles: tuple[Vehicle, ...] = (),
    depots: tuple[Depot, ...] = (Depot(id="depot", place="km0"),),
    paces: dict[int, float] | None = None,
    **changes: Any,
) -> Problem:
    """Return a problem on the street. `paces`: metres a second by when each slice begins."""
    paces = paces or {0: 10.0}
    metres = np.abs(np.subtract.outer(np.arange(HOMES), np.arange(HOMES))).astype(np.int32) * 1000
    seconds = np.stack([np.rint(metres / pace).astype(np.int32) for pace in paces.values()])
    return Problem(
        places=tuple(Place(id=f"km{km}") for km in range(HOMES)),
        orders=orders,
        depots=depots,
        vehicles=vehicles or (van(),),
        travel=Matrices({"van": ModeMatrix(metres, seconds, tuple(paces))}),
        **changes,
    )


def tour(*orders: int, not_before_s: int = 0) -> Tour:
    """Return a tour of these orders, to their doors."""
    return Tour(tuple(Visit(k) for k in orders), not_before_s)


def draft(*tours: Tour) -> Draft:
    """Return the only vehicle's day."""
    return (tours,)
