"""Which colours and lines does a drawing use?

Colours are those of Okabe and Ito (2008), told apart by colour-blind readers; kinds of vehicles
differ by the line, too.
"""

from typing import Final

DEPOT_COLOURS: Final = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#8C6D31",
    "#5E4FA2",
)
INK: Final = "#222222"
MUTED: Final = "#777777"
LATE: Final = "#B2182B"

LineStyle = tuple[float, tuple[float, ...]]

KIND_LINES: Final[dict[str, LineStyle]] = {
    "van": (0, ()),
    "tricycle": (0, (5, 2)),
    "courier": (0, (1, 1.2)),
    "carrier": (0, (6, 2, 1, 2)),
}
KIND_NAMES: Final = {
    "van": "van",
    "tricycle": "tricycle",
    "courier": "courier",
    "carrier": "hired carrier",
}


def depot_colours(depots: list[str]) -> dict[str, str]:
    """Return each depot's colour; with more than eight they repeat."""
    return {depot: DEPOT_COLOURS[k % len(DEPOT_COLOURS)] for k, depot in enumerate(depots)}
