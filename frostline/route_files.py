"""How do problems, plans and pictures get from files into the router, and back?

What a user can mend becomes one sentence: the file, the place in it, and the reason.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from frostline.errors import CommandRefused
from routing.check import ImpossibleProblem
from routing.document import read_problem
from routing.drawing import NothingToDraw, draw_gantt, draw_map
from routing.evaluate import MalformedDraft
from routing.exchange.vroom import Import, open_vroom
from routing.geojson import write_geojson
from routing.locked import NoFeasiblePlan
from routing.plan import Draft, Plan
from routing.plan_document import UnreadablePlan, read_draft
from routing.problem import Problem
from routing.tracks import NoCoordinates, check_mappable

FAULTS = (ImpossibleProblem, UnreadablePlan, MalformedDraft, NoFeasiblePlan)


def say(sentence: str) -> None:
    """Say something that is no result, on standard error."""
    sys.stderr.write(f"{sentence}\n")


def read(file: Path) -> bytes:
    """Return a file's bytes; `-` is standard input."""
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandRefused(f"{file} cannot be read: {error.strerror}") from error


def write(file: Path | None, content: bytes) -> None:
    """Write a result into a file, or to standard output."""
    if file is None or str(file) == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise CommandRefused(f"{file} cannot be written: {error.strerror}") from error
    say(f"{file}: {len(content):,} bytes")


@contextmanager
def refusals(file: Path) -> Iterator[None]:
    """Turn what is wrong with a file into one refusal that names it."""
    try:
        yield
    except FAULTS as error:
        raise CommandRefused(f"{file}: {error}") from error


def load_problem(file: Path, *, max_orders: int | None = None) -> Problem:
    """Read a problem; whatever stands in for a source of travel is said."""
    folder = Path() if str(file) == "-" else file.parent
    with refusals(file):
        return read_problem(read(file), folder=folder, report=say, max_orders=max_orders)


def load_vroom(file: Path) -> Import:
    """Read a VROOM input."""
    with refusals(file):
        return open_vroom(read(file))


def load_draft(file: Path, problem: Problem) -> Draft:
    """Read the tours of a plan for `problem`."""
    with refusals(file):
        return read_draft(read(file), problem)


def check_writable(*files: Path | None) -> None:
    """Refuse before a long search what could not be written after it."""
    for file in files:
        if file is not None and str(file) != "-" and not file.absolute().parent.is_dir():
            raise CommandRefused(f"{file} cannot be written: {file.parent} is no folder")


def check_drawable(
    problem: Problem, *, geojson: Path | None, on_map: Path | None, gantt: Path | None
) -> None:
    """Refuse before a long search what could not be drawn after it."""
    if on_map or gantt:
        importlib.import_module("matplotlib")  # if missing, the error names it
    if on_map or geojson:
        try:
            check_mappable(problem)
        except NoCoordinates as error:
            raise CommandRefused(f"{on_map or geojson} can't be written: {error}") from error


def write_pictures(
    problem: Problem, plan: Plan, *, geojson: Path | None, on_map: Path | None, gantt: Path | None
) -> None:
    """Write what was asked for: GeoJSON, a map, a Gantt chart."""
    made: tuple[tuple[Path | None, Callable[[Problem, Plan], bytes]], ...] = (
        (geojson, write_geojson),
        (on_map, draw_map),
        (gantt, draw_gantt),
    )
    for file, make in made:
        if file is None:
            continue
        try:
            write(file, make(problem, plan))
        except NothingToDraw as error:
            say(f"{file} is not written: {error}")
