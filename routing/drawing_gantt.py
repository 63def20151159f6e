"""What does the picture of a day show?

A row a vehicle, the clock to the right. The pale bar is the shift. Along it, a line is driving, a
block is a door, hatched is waiting, an open box is a break; a triangle marks what is late.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from routing.drawing_style import INK, KIND_NAMES, LATE, MUTED, depot_colours
from routing.plan import Plan, Route
from routing.problem import Problem, Vehicle
from routing.timeline import Span, rests, spans
from routing.words import clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS: Final = 120
ROW_IN: Final = 0.27
MARGIN_IN: Final = 1.5
KIND_ORDER: Final = tuple(KIND_NAMES)
HEIGHTS: Final = {"driving": 0.14, "waiting": 0.34, "serving": 0.56, "resting": 0.56}

Row = tuple[Vehicle, Route]


def gantt_figure(problem: Problem, plan: Plan) -> "Figure":
    """Return the figure; of more than `MOST_ROWS` vehicles the first are shown."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (an extra)

    rows = _rows(problem, plan)
    shown = rows[:MOST_ROWS]
    height_in = max(3.0, MARGIN_IN + ROW_IN * len(shown))
    figure = Figure(figsize=(15, height_in), layout="constrained")
    axes = figure.add_subplot()
    colours = depot_colours([depot.id for depot in problem.depots])
    for y, (vehicle, route) in enumerate(shown):
        _row(axes, y, vehicle, route, colours[vehicle.depot])
    _late(axes, shown)
    _clock_axis(axes, problem, shown)
    _names(axes, shown)
    more = f"; {len(rows) - len(shown)} more vehicles are not shown" if rows[len(shown) :] else ""
    axes.set_title(f"{len(rows)} vehicles on the road{more}", loc="left", fontsize=11, color=INK)
    _legend(figure)
    return figure


def _rows(problem: Problem, plan: Plan) -> list[Row]:
    """Return the vehicles that move, by depot and kind."""
    vehicles = {vehicle.id: (k, vehicle) for k, vehicle in enumerate(problem.vehicles)}
    depots = {depot.id: k for k, depot in enumerate(problem.depots)}

    def place(row: tuple[int, Vehicle, Route]) -> tuple[int, int, int]:
        k, vehicle, _ = row
        return depots[vehicle.depot], KIND_ORDER.index(vehicle.kind), k

    rows = [(*vehicles[route.vehicle], route) for route in plan.routes]
    return [(vehicle, route) for _, vehicle, route in sorted(rows, key=place)]


def _row(axes: "Axes", y: int, vehicle: Vehicle, route: Route, colour: str) -> None:
    start_s, end_s = vehicle.start_s, vehicle.end_s
    axes.broken_barh(
        [(start_s, end_s - start_s)], (y - 0.42, 0.84), facecolors="#F0F0F0", zorder=0.3
    )
    drawn = [span for trip in spans(vehicle, route) for span in trip]
    between = [rest for rest in rests(vehicle, route) if not _within(rest, drawn)]
    looks: dict[str, dict[str, Any]] = {
        "driving": {"facecolors": colour, "zorder": 2},
        "waiting": {"facecolors": "white", "edgecolors": MUTED, "hatch": "//////", "zorder": 2},
        "serving": {"facecolors": colour, "edgecolors": "white", "linewidths": 0.3, "zorder": 3},
        "resting": {"facecolors": "white", "edgecolors": INK, "linewidths": 1.0, "zorder": 3},
    }
    for doing, look in looks.items():
        mine = [span for span in (*drawn, *between) if span.doing == doing]
        high = HEIGHTS[doing]
        bars = [(span.from_s, span.to_s - span.from_s) for span in mine]
        axes.broken_barh(bars, (y - high / 2, high), **({"linewidths": 0.5} | look))


def _within(rest: Span, drawn: Sequence[Span]) -> bool:
    return any(span.doing == "resting" and span.from_s == rest.from_s for span in drawn)


def _late(axes: "Axes", rows: Sequence[Row]) -> None:
    late = [
        (stop.starts_s, y - 0.4)
        for y, (_, route) in enumerate(rows)
        for trip in route.trips
        for stop in trip.stops
        if stop.late_s
    ]
    if late:
        at_s, y = zip(*late, strict=True)
        axes.scatter(at_s, y, marker="v", s=26, c=LATE, edgecolors="white", lw=0.4, zorder=5)


def _clock_axis(axes: "Axes", problem: Problem, rows: Sequence[Row]) -> None:
    from_s = min(vehicle.start_s for vehicle, _ in rows)
    from_s = min(from_s, *(route.trips[0].departs_s for _, route in rows))
    to_s = max(vehicle.end_s for vehicle, _ in rows)
    to_s = max(to_s, *(route.trips[-1].ends_s for _, route in rows))
    first_h, last_h = from_s // 3600, -(-to_s // 3600)
    step_h = max(1, (last_h - first_h) // 16)
    hours = range(first_h, last_h + 1, step_h)
    axes.set_xticks([hour * 3600 for hour in hours], [clock(hour * 3600) for hour in hours])
    axes.set_xlim(from_s - 300, to_s + 300)
    axes.grid(axis="x", color="white", linewidth=1.0)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", top=True, labeltop=len(rows) > 20, labelsize=9)
    if problem.now_s > from_s:
        axes.axvline(problem.now_s, color=INK, linewidth=1.2, linestyle=":", zorder=6)


def _names(axes: "Axes", rows: Sequence[Row]) -> None:
    """Name the rows, and part the depots by lines."""
    axes.set_ylim(len(rows) - 0.4, -0.7)
    axes.set_yticks(range(len(rows)), [vehicle.id for vehicle, _ in rows], fontsize=8)
    axes.tick_params(axis="y", length=0)
    edge = 0
    for _, group in groupby(rows, key=lambda row: row[0].depot):
        edge += len(list(group))
        if edge < len(rows):
            axes.axhline(edge - 0.5, color=MUTED, linewidth=0.7, zorder=1)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)


def _legend(figure: "Figure") -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415 (an extra)
    from matplotlib.patches import Patch  # noqa: PLC0415 (an extra)

    rows = [
        Patch(facecolor="#E4E4E4", label="shift"),
        Line2D([], [], color=MUTED, linewidth=2, label="driving"),
        Patch(facecolor=MUTED, label="at a door"),
        Patch(facecolor="white", edgecolor=MUTED, hatch="//////", label="waiting"),
        Patch(facecolor="white", edgecolor=INK, label="break"),
        Line2D([], [], color=LATE, marker="v", linestyle="none", label="late"),
    ]
    figure.legend(
        handles=rows, loc="outside lower center", ncols=len(rows), frameon=False, fontsize=9
    )
