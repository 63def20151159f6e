"""What do the compiled functions work on?

`Facts` is the problem as arrays, and never changes. `State` is the plan under work, the best one,
and every scratch value; its arrays are made once.

- a *node* is where an order can be brought: its door (node k is order k's), its locker, and behind
  them the depots, the places of current trips, and `nowhere`, the way to which takes nothing: there
  a vehicle that need not return ends its trip
- a *row* is one trip. A vehicle owns as many as it may make, `State.trips` says in which order it
  makes them, and the two last rows are scratch
- position 0 of a row is where the trip begins, n + 1 where it ends, and the stops are between
- names end in `_s` (seconds), `_m` (metres), `_g` (grams), `_u` (cost units); a rate is units
  for each second
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Record = Any
Table = Any
Scalar = Any
"""A number from a record or an array: the compiler knows its type, the type checker does not."""

FAR: Final = 1 << 30
"""Later, longer or more than anything that is counted in 32 bits."""

CLOSED_S: Final = FAR // 4
"""What a leg takes that no road makes."""

IMPOSSIBLE: Final = 1 << 60
"""The price of what breaks a rule."""


HOURS: Final = 288
"""Departures are counted by the hour for twelve days: longer than a shift can last."""


def _record(*names: str) -> np.dtype[Any]:
    return np.dtype([(name, np.int64) for name in names], align=True)


NODE: Final = _record(
    "order",
    "early_s",
    "latest_s",
    "due_s",
    "service_s",
    "ready_s",
    "hold_s",
    "warm_after_s",
    "late_u",
    "board_u",
    "warm_u",
    "fee_u",
    "known",
    "move_u",
)
"""`known` is the vehicle that the order's move cost depends on, or -1."""

ORDER: Final = _record(
    "locker", "frozen_g", "chilled_g", "ambient_g", "drop_u", "home", "far_m", "due_s", "slack_s"
)
"""`locker` is the node of the locker, `home` the row of the trip that it is aboard, or -1."""

VEHICLE: Final = _record(
    "mode",
    "layer",
    "depot",
    "depot_node",
    "end_node",
    "class_",
    "kind",
    "start_s",
    "end_s",
    "reload_s",
    "picking_s",
    "door_s",
    "range_m",
    "frozen_g",
    "chilled_g",
    "ambient_g",
    "fixed_u",
    "km_u",
    "time_u",
    "order_u",
    "first_break",
    "last_break",
    "first_row",
    "last_row",
    "max_trips",
    "current",
    "departed_s",
    "free_s",
    "place",
)
"""`class_` is its column of `Facts.allowed`; vehicles of a `kind` are alike in everything. `layer`
is its first of `Facts.leg`, `current` the row of its current trip, or -1. Breaks and rows run from
the first to before the last."""

BREAK: Final = _record("earliest_s", "latest_s", "duration_s")
KIND: Final = _record("first", "last", "idle")
"""Vehicles that are alike: the first, the one behind the last, and none before `idle` is idle."""

ROW: Final = _record(
    "vehicle",
    "rank",
    "n",
    "locked",
    "current",
    "doors",
    "not_before_s",
    "ready_s",
    "frozen_g",
    "chilled_g",
    "ambient_g",
    "slot",
    "stamp",
    "free_s",
    "taken",
    "base_s",
    "departs_s",
    "ends_s",
    "taken_after",
    "way_m",
    "cost_u",
    "bad",
    "last_wait",
    "latest_out_s",
    "hour",
    "counted",
    "kept_n",
    "kept_not_before_s",
    "best_n",
    "best_not_before_s",
    "active",
    "noted_place",
    "noted_orders",
)
"""A trip. `free_s` and `taken` are the vehicle's time and breaks before it, `base_s` its departure
before it waits for the first door. The field `active` of the first rows lists the rows with stops;
`slot` is a row's place in it, or -1. `noted` fields list what a tried change leaves when."""

DAY: Final = _record(
    "trips",
    "cost_u",
    "way_m",
    "bad",
    "touched",
    "changed",
    "kept_trips",
    "kept_u",
    "best_trips",
    "listed",
)
"""A vehicle's day. `bad` counts the rules that it breaks; `listed` of the first days lists the
vehicles that are touched."""

TASK: Final = np.dtype(
    [(name, np.int64) for name in ("row", "at", "absent", "was_absent", "focus")]
    + [("key", np.float64)],
    align=True,
)
"""An order: its row, or -1, and its position. The other fields are lists of orders."""

CLOCK: Final = _record("free_s", "taken", "trips", "bad", "cost_u", "way_m", "full_hour")
"""Where a walk stands."""

BID: Final = _record("cost_u", "node", "row", "at", "vehicle", "rank", "not_before_s")
"""The cheapest insertion so far. `row` is -1 if there is none, -2 for a new trip."""

NOW: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "absent",
            "active",
            "touched",
            "stamp",
            "over",
            "current_u",
            "best_u",
            "iterations",
            "rows",
            "noted",
            "focus",
        )
    ]
    + [("chance", np.uint64), ("clock", CLOCK), ("bid", BID)],
    align=True,
)
"""Counters and what there is one of. `over` orders are more than depots can pick."""

SPOTS: Final = 9
STOP, WAY_M, ARRIVE_S, START_S, LEAVE_S, LATEST_S, COLD_S, BEST, KEPT = range(SPOTS)
"""What `State.spot` has of each position: the node, the way to the next one, its times, how late it
can be reached, how much longer the cold lasts; and the nodes that are kept and best."""

RATES: Final = 3
LATE_U, BOARD_U, WARM_U = range(RATES)
"""What `State.rate` has of each position: what a second of delay there costs from there on."""

PLAN: Final = 0
"""`State.trips` has the rows of each vehicle's trips for the plan under work, `KEPT` and `BEST`."""

LIMIT, LEAVING = range(2)
"""What `State.picked` has by depot and hour: how many orders may leave, and do."""


class Facts(NamedTuple):
    """The problem.

    `leg` is by layer, from, to; `leg_to` by layer, to, from. A mode's first layer are metres, the
    next are seconds, one for each slice of the day.

    It is `plain` if only the way costs, `limited` if a depot's picking is, `several` if a
    vehicle may make several trips, and its `doors_close` if an order has a `not_before_s`.
    """

    orders: int
    plain: bool
    limited: bool
    several: bool
    doors_close: bool
    slices: int
    leg: Array
    leg_to: Array
    slice_starts_s: Array
    node: Table
    order: Table
    vehicle: Table
    rest: Table
    allowed: Array
    near: Array


class State(NamedTuple):
    """The plan under work. There are few arrays, for each costs time in every call."""

    spot: Array  # by what, row, position
    rate: Array  # by what, row, position
    row: Table
    day: Table  # by vehicle
    trips: Array  # by what, vehicle, rank
    task: Table  # by order
    kind: Table
    picked: Array  # by what, depot, hour
    now: Table
