"""How does a plan look? The door to matplotlib (extra `plots`).

Figures are made without any global state, and returned as the bytes of a PNG.
"""

import io
from typing import TYPE_CHECKING, Final

from routing.drawing_gantt import gantt_figure
from routing.drawing_map import map_figure
from routing.plan import Plan
from routing.problem import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI: Final = 130


class NothingToDraw(ValueError):
    """A plan without any route."""


def draw_map(problem: Problem, plan: Plan) -> bytes:
    """Return the map of a plan: depots, routes, stops, and what stays behind.

    Raises `routing.tracks.NoCoordinates`.
    """
    return _png(map_figure(problem, plan))


def draw_gantt(problem: Problem, plan: Plan) -> bytes:
    """Return the day of each vehicle as bars over the clock."""
    if not plan.routes:
        raise NothingToDraw("the plan has no route, so there is no day to draw")
    return _png(gantt_figure(problem, plan))


def _png(figure: "Figure") -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 (an extra)

    out = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(out, format="png", dpi=DPI, metadata={"Software": "Frostline"})
    return out.getvalue()
