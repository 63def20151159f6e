"""What does the map of a plan show?

North is up, a kilometre is as long in both directions. A trip has its depot's colour and its
vehicle's kind of line; late stops are ringed, orders that stay behind are crosses.
"""

import math
from typing import TYPE_CHECKING, Any, Final

from routing.drawing_style import INK, KIND_LINES, KIND_NAMES, LATE, MUTED, depot_colours
from routing.plan import Plan
from routing.problem import Problem
from routing.tracks import Atlas, LonLat, Track
from routing.travel import Travel
from routing.words import money

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KM_PER_DEG: Final = 111.195
FEW_STOPS: Final = 400
"""Up to so many stops dots are large; beyond ten times as many, only lines remain."""

LEGEND_DEPOTS: Final = 12


def map_figure(problem: Problem, plan: Plan) -> "Figure":
    """Return the figure. Raises `NoCoordinates`."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (an extra)

    atlas = Atlas(problem)
    colours = depot_colours([depot.id for depot in problem.depots])
    tracks = list(atlas.tracks(plan.routes))
    figure = Figure(figsize=(11, 9), layout="constrained")
    axes = figure.add_subplot()
    _routes(axes, tracks, colours)
    _late(axes, tracks)
    _unserved(axes, atlas, plan)
    _depots(axes, atlas, problem, colours)
    _ground(axes, problem)
    _legend(axes, problem, plan, colours)
    axes.set_title(_title(problem, plan), loc="left", fontsize=11, color=INK)
    source = attribution_of(problem.travel)
    if source is not None:
        figure.supxlabel(source, x=0.99, ha="right", fontsize=7, color=MUTED)
    return figure


def attribution_of(travel: Travel) -> str | None:
    """Return whom to name for the roads: OpenStreetMap's licence asks for it."""
    source = getattr(travel, "clear", travel)  # below the weather
    if type(source).__module__.startswith(("routing.roads", "routing.osrm")):
        return "travel times: © OpenStreetMap contributors (ODbL)"
    return None


def _title(problem: Problem, plan: Plan) -> str:
    served = sum(len(trip.stops) for route in plan.routes for trip in route.trips)
    parts = [
        f"{served:,} of {len(problem.orders):,} orders",
        f"{plan.totals.vehicles_used:,} vehicles",
        f"{plan.totals.distance_m / 1000:,.0f} km",
        f"{plan.totals.late_orders:,} late",
        f"cost {money(plan.cost.total)}",
    ]
    return ", ".join(parts)


def _routes(axes: "Axes", tracks: list[Track], colours: dict[str, str]) -> None:
    """Draw every line, then the dots over them."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415 (an extra)

    stops = sum(len(track.doors) for track in tracks)
    crowd = min(1.0, (FEW_STOPS / max(1, stops)) ** 0.5)
    for kind, style in KIND_LINES.items():
        mine = [track for track in tracks if track.vehicle.kind == kind]
        lines = LineCollection(
            [track.line for track in mine],
            colors=[colours[track.vehicle.depot] for track in mine],
            linestyles=style,
            linewidths=max(0.3, 1.3 * crowd),
            alpha=0.75,
            zorder=2,
        )
        axes.add_collection(lines)
    if stops <= 10 * FEW_STOPS:
        _dots(axes, tracks, colours, 20 * crowd)


def _dots(axes: "Axes", tracks: list[Track], colours: dict[str, str], size: float) -> None:
    doors = [(door, colours[track.vehicle.depot]) for track in tracks for door in track.doors]
    if doors:
        lon, lat = zip(*(door for door, _ in doors), strict=True)
        dots: dict[str, Any] = {"edgecolors": "white", "linewidths": 0.4, "zorder": 3}
        axes.scatter(lon, lat, s=size, c=[colour for _, colour in doors], **dots)


def _late(axes: "Axes", tracks: list[Track]) -> None:
    late = [
        door
        for track in tracks
        for stop, door in zip(track.trip.stops, track.doors, strict=True)
        if stop.late_s
    ]
    _marks(axes, late, marker="o", s=70, facecolors="none", edgecolors=LATE, linewidths=1.3)


def _unserved(axes: "Axes", atlas: Atlas, plan: Plan) -> None:
    places = [atlas.lon_lat(atlas.orders[row.order].place) for row in plan.unserved]
    _marks(axes, places, marker="x", s=55, c=INK, linewidths=2)


def _marks(axes: "Axes", places: list[LonLat], **style: Any) -> None:
    if places:
        lon, lat = zip(*places, strict=True)
        axes.scatter(lon, lat, zorder=4, **style)


def _depots(axes: "Axes", atlas: Atlas, problem: Problem, colours: dict[str, str]) -> None:
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 (an extra)

    for depot in problem.depots:
        lon, lat = atlas.lon_lat(depot.place)
        colour = colours[depot.id]
        axes.scatter([lon], [lat], s=110, marker="s", c=colour, edgecolors=INK, zorder=5)
        if len(problem.depots) <= LEGEND_DEPOTS:
            axes.annotate(
                depot.id,
                (lon, lat),
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                fontweight="bold",
                color=INK,
                zorder=6,
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
            )


def _ground(axes: "Axes", problem: Problem) -> None:
    """Set the scale, and draw a bar of a round number of kilometres."""
    lat = [place.lat_deg for place in problem.places if place.lat_deg is not None]
    cosine = math.cos(math.radians(sum(lat) / len(lat)))
    axes.autoscale_view()
    axes.margins(0.04)
    axes.set_aspect(1 / cosine)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color("#CCCCCC")
    west, east = axes.get_xlim()
    width_km = (east - west) * KM_PER_DEG * cosine
    bar_km = _round_km(width_km / 5)
    share = bar_km / width_km
    axes.plot([0.03, 0.03 + share], [0.025, 0.025], transform=axes.transAxes, color=INK, lw=2.5)
    axes.text(0.03, 0.035, f"{bar_km:g} km", transform=axes.transAxes, fontsize=9, color=INK)


def _round_km(km: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at most `km`."""
    power = 10.0 ** math.floor(math.log10(max(km, 1e-3)))
    return next(step * power for step in (5, 2, 1) if step * power <= km or step == 1)


def _legend(axes: "Axes", problem: Problem, plan: Plan, colours: dict[str, str]) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415 (an extra)

    kinds = {vehicle.kind for vehicle in problem.vehicles}
    rows = [
        Line2D([], [], color=MUTED, linestyle=style, label=KIND_NAMES[kind])
        for kind, style in KIND_LINES.items()
        if kind in kinds
    ]
    dot: dict[str, Any] = {"linestyle": "none", "marker": "o"}
    if plan.totals.late_orders:
        label = f"late ({plan.totals.late_orders})"
        rows.append(Line2D([], [], markerfacecolor="none", color=LATE, label=label, **dot))
    if plan.unserved:
        cross: dict[str, Any] = {"linestyle": "none", "marker": "x", "color": INK, "mew": 2}
        rows.append(Line2D([], [], label=f"not served ({len(plan.unserved)})", **cross))
    for depot, colour in list(colours.items())[:LEGEND_DEPOTS]:
        square: dict[str, Any] = {"linestyle": "none", "marker": "s", "markeredgecolor": INK}
        rows.append(Line2D([], [], color=colour, label=depot, **square))
    axes.legend(
        handles=rows,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=9,
        handlelength=3,
    )
