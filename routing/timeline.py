"""What does a vehicle do at every moment of its planned day?

A trip is cut into spans that touch and never overlap: driving, waiting at a door, serving, resting.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from routing.plan import Route, Stop, Trip
from routing.problem import Vehicle

Doing = Literal["driving", "waiting", "serving", "resting"]


@dataclass(frozen=True, slots=True)
class Span:
    """One thing that a vehicle does, from when until when."""

    doing: Doing
    from_s: int
    to_s: int
    stop: Stop | None = None


def spans(vehicle: Vehicle, route: Route) -> tuple[tuple[Span, ...], ...]:
    """Return the spans of each trip, in order; one under way begins where it is now.

    Breaks between two trips are in `rests`.
    """
    breaks = rests(vehicle, route)
    return tuple(
        tuple(_trip(trip, _begins_s(vehicle, trip, first=k == 0), breaks))
        for k, trip in enumerate(route.trips)
    )


def rests(vehicle: Vehicle, route: Route) -> tuple[Span, ...]:
    """Return the breaks of a day."""
    return tuple(
        Span("resting", from_s, from_s + rest.duration_s)
        for from_s, rest in zip(route.breaks_s, vehicle.breaks, strict=False)
    )


def _begins_s(vehicle: Vehicle, trip: Trip, *, first: bool) -> int:
    if first and vehicle.current is not None:
        return max(trip.departs_s, vehicle.current.free_s)
    return trip.departs_s


def _trip(trip: Trip, begins_s: int, breaks: Sequence[Span]) -> Iterator[Span]:
    at_s = begins_s
    for stop in trip.stops:
        yield from _between("driving", at_s, stop.arrives_s, breaks)
        yield from _between("waiting", stop.arrives_s, stop.starts_s, breaks)
        if stop.leaves_s > stop.starts_s:
            yield Span("serving", stop.starts_s, stop.leaves_s, stop)
        at_s = stop.leaves_s
    yield from _between("driving", at_s, trip.ends_s, breaks)


def _between(doing: Doing, from_s: int, to_s: int, breaks: Sequence[Span]) -> Iterator[Span]:
    """Yield a stretch, cut by the breaks within it."""
    for rest in breaks:
        if from_s <= rest.from_s < to_s:
            if rest.from_s > from_s:
                yield Span(doing, from_s, rest.from_s)
            yield Span("resting", rest.from_s, min(rest.to_s, to_s))
            from_s = min(rest.to_s, to_s)
    if to_s > from_s:
        yield Span(doing, from_s, to_s)
