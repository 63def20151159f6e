"""How is a problem written as JSON, and read again?

The document is `routing.problem` field by field (docs/route-problem.md); `travel` names its source
(`routing.travel_sources`). Reading refuses what it doesn't know, and checks the problem before it
is handed out. `python -m routing.document` prints the JSON Schema of it.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from routing.check import ImpossibleProblem, check, refuse
from routing.check_travel import MAX_LEG_M
from routing.check_values import place_faults
from routing.document_reading import decoded
from routing.document_shapes import ProblemDocument, schema, strict, written
from routing.problem import Depot, Order, Place, Problem, Vehicle
from routing.travel import UNREACHABLE_S, GreatCircle, IntArray, Matrices, Travel
from routing.travel_sources import (
    GreatCircleSource,
    MatricesSource,
    MatrixRows,
    PaceRule,
    TravelSource,
    UnusableTravel,
    open_travel,
)
from routing.weather import Weathered

MAX_WRITTEN_PLACES: Final = 2000
"""Travel that is neither numbers nor the great circle is written as matrices, up to so many."""


class UnreadableProblem(ImpossibleProblem):
    """A document that is no problem: no JSON, an unknown field, or a wrong type."""


def read_problem(
    data: bytes,
    *,
    folder: Path | None = None,
    report: Callable[[str], None] | None = None,
    max_orders: int | None = None,
) -> Problem:
    """Return the problem of a document; files that it names are looked for in `folder`.

    Raises `ImpossibleProblem` with the place and the reason, `UnreadableProblem` if it can't even
    be read. `report` hears what gave way to the great circle.
    """
    document = _decode(data)
    places = msgspec.convert(document.places, tuple[Place, ...], from_attributes=True)
    refuse(place_faults(places, needed=not isinstance(document.travel, MatricesSource)))
    try:
        travel = open_travel(document.travel, places, folder=folder, report=report)
    except UnusableTravel as error:
        raise ImpossibleProblem(error.where, error.reason) from error
    problem = Problem(
        places=places,
        orders=msgspec.convert(document.orders, tuple[Order, ...], from_attributes=True),
        depots=msgspec.convert(document.depots, tuple[Depot, ...], from_attributes=True),
        vehicles=msgspec.convert(document.vehicles, tuple[Vehicle, ...], from_attributes=True),
        travel=travel,
        now_s=document.now_s,
    )
    check(problem) if max_orders is None else check(problem, max_orders=max_orders)
    return problem


def write_problem(problem: Problem, *, source: TravelSource | None = None) -> bytes:
    """Return a problem's document, a place, depot, vehicle or order a line.

    Travel is written as `source`, or else as what it is: matrices or the great circle. Any other
    is written as its matrices. Raises ValueError where they would be too large.
    """
    shape: Any = strict(ProblemDocument)
    return written(
        shape(
            now_s=problem.now_s,
            travel=source or source_of(problem.travel, len(problem.places)),
            places=_twins(problem.places, Place),
            depots=_twins(problem.depots, Depot),
            vehicles=_twins(problem.vehicles, Vehicle),
            orders=_twins(problem.orders, Order),
        )
    )


def source_of(travel: Travel, places: int) -> TravelSource:
    """Return what a document says of a travel; `places` is how many there are."""
    if isinstance(travel, Weathered) and isinstance(travel.clear, GreatCircle | Matrices):
        clear = source_of(travel.clear, places)
        return msgspec.structs.replace(clear, weather=travel.weather)
    if isinstance(travel, GreatCircle):
        return GreatCircleSource(modes={name: _rule(p) for name, p in travel.paces.items()})
    if not isinstance(travel, Matrices) and places > MAX_WRITTEN_PLACES:
        raise ValueError(
            f"travel between {places} places is too large to write; name its source, "
            f"or write at most {MAX_WRITTEN_PLACES} places"
        )
    everywhere = range(places)
    return MatricesSource(
        modes={
            mode: _rows(*travel.matrix(mode, everywhere, everywhere), travel.starts_s(mode))
            for mode in travel.modes
        }
    )


def _decode(data: bytes) -> Any:
    def refusal(where: str, reason: str) -> UnreadableProblem:
        return UnreadableProblem(_with_mode(where, data), reason)

    return decoded(data, strict(ProblemDocument), refusal)


def _with_mode(where: str, data: bytes) -> str:
    """Name the mode that a place in `travel` is about."""
    head = "travel.modes[...]"
    if not where.startswith(head):
        return where
    try:
        travel = msgspec.json.decode(data)["travel"]
        for mode, rule in travel["modes"].items():
            try:
                msgspec.convert({**travel, "modes": {mode: rule}}, TravelSource)
            except msgspec.ValidationError:
                return f"travel.modes.{mode}{where.removeprefix(head)}"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # further on it is no JSON at all; the first fault stands
    return where


def _twins(things: Sequence[object], kind: type) -> Any:
    """Return things as the document's: strict, and without what is the default."""
    return msgspec.convert(things, tuple[strict(kind), ...], from_attributes=True)  # type: ignore[misc]


def _rule(pace: Any) -> PaceRule:
    return msgspec.convert(pace, PaceRule, from_attributes=True)


def _rows(metres: IntArray, seconds: IntArray, starts_s: tuple[int, ...]) -> MatrixRows:
    """Return matrices as rows; there is no way where it takes `UNREACHABLE_S`."""
    return MatrixRows(
        distance_m=_cells(metres, metres > MAX_LEG_M),
        duration_s=_cells(seconds, seconds == UNREACHABLE_S),
        starts_s=starts_s,
    )


def _cells(values: IntArray, missing: NDArray[np.bool_]) -> Any:
    """Return nested lists with `None` for what is missing."""
    if not missing.any():
        return values.tolist()
    cells = values.astype(object)
    cells[missing] = None
    return cells.tolist()


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode() + "\n")
