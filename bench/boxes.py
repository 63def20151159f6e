"""Which journeys is a forecast judged on?

Boxes of a simulation that knows more than the forecast (`boxes_physics`), drawn until the shares
are right: 40 % leave their zone, 30 % come within 1 °C of its upper limit without leaving, 30 %
stay below that. A box *leaves* when its logger, free of noise, is beyond a limit for 10 minutes in
a row, dated from the first; policies tolerate shorter peaks. Its first hour, from packing to
departure, does not count: the goods and the packs come into balance, and a box that is out by then
is not sent.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.boxes_design import KINDS, Boxes, draw_boxes
from bench.boxes_physics import Floats, Weather, advance
from bench.boxes_weather import Course, draw_course
from gateway.rules.forecast import BoxRecord

SHARES: Final = {"leaves": 0.4, "near": 0.3, "inside": 0.3}
LONGEST_MIN: Final = 480
SHORTEST_MIN: Final = 150
SETTLED_MIN: Final = 60
TOLERATED_MIN: Final = 10
NEAR_K: Final = 1.0
# A gradual excursion: a closed box, its lid neither opened nor ajar for 30 minutes before, and not
# begun to leak for 60.
CLOSED_MIN: Final = 30
TIGHT_MIN: Final = 60
_BATCH: Final = 2000
_EPOCH_MS: Final = 1_790_000_000_000
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One box from packing to the end of its journey, and what became of it."""

    record: BoxRecord  # all that was measured; `until` cuts it
    ends_ms: int
    leaves_ms: int | None
    gradual: bool  # it leaves, and nothing happened to its lid before
    near: bool  # it never leaves, but comes within 1 °C of its upper limit
    arrival_luck: float  # standard normal: how wrong its expected arrival is

    def until(self, now_ms: int) -> BoxRecord:
        """Return the record as it was known at a moment."""
        full = self.record
        n = int(np.searchsorted(full.at_ms, now_ms, side="right"))
        m = int(np.searchsorted(full.ambient_at_ms, now_ms, side="right"))
        return BoxRecord(
            packing=full.packing,
            packed_at_ms=full.packed_at_ms,
            lower_c=full.lower_c,
            upper_c=full.upper_c,
            at_ms=full.at_ms[:n],
            temperature_c=full.temperature_c[:n],
            ambient_at_ms=full.ambient_at_ms[:m],
            ambient_c=full.ambient_c[:m],
            due_at_ms=self._due_ms(now_ms),
        )

    def _due_ms(self, now_ms: int) -> int:
        """Return when it is expected to arrive: wrong by 2 minutes and 8 % of what is left."""
        error_ms = 2 * _MINUTE_MS + 0.08 * max(0, self.ends_ms - now_ms)
        return self.ends_ms + int(self.arrival_luck * error_ms)


def draw_journeys(count: int, *, seed: int) -> list[Journey]:
    """Return so many journeys with the shares above, in random order: a function of the seed."""
    random = np.random.default_rng(seed)
    wanted = {name: round(count * share) for name, share in SHARES.items()}
    wanted["inside"] = count - wanted["leaves"] - wanted["near"]
    journeys: list[Journey] = []
    while any(wanted.values()):
        for journey in _draw_batch(random):
            name = _name(journey)
            if wanted[name]:
                wanted[name] -= 1
                journeys.append(journey)
    order = random.permutation(len(journeys))
    return [journeys[i] for i in order]


def _name(journey: Journey) -> str:
    if journey.leaves_ms is not None:
        return "leaves"
    return "near" if journey.near else "inside"


def _draw_batch(random: np.random.Generator) -> list[Journey]:
    life_min = random.uniform(SHORTEST_MIN, LONGEST_MIN, _BATCH)
    course = draw_course(random, _BATCH, LONGEST_MIN)
    boxes = draw_boxes(random, course.ambient_c.mean(axis=0), life_min)
    logger_c = simulate(boxes, course)
    found = [
        _journey(random, boxes, course, logger_c, (i, int(life_min[i]))) for i in range(_BATCH)
    ]
    return [journey for journey in found if journey is not None]


def simulate(boxes: Boxes, course: Course) -> Floats:
    """Return what the loggers would show without noise (minutes, boxes); uses the state up."""
    logger_c = np.empty_like(course.ambient_c)
    for minute in range(len(logger_c)):
        weather = Weather(
            ambient_c=course.ambient_c[minute],
            open_share=course.open_share[minute],
            ajar=course.ajar[minute],
            leaks=course.leaks[minute],
        )
        advance(boxes.design, boxes.state, weather)
        logger_c[minute] = boxes.state.logger_c
    return logger_c


def leaving_minute(
    logger_c: Floats, lower_c: float | None, upper_c: float | None, since: int = SETTLED_MIN
) -> int | None:
    """Return the first minute of the first stretch out of the zone that is long enough."""
    out = np.zeros(len(logger_c), np.int64)
    if upper_c is not None:
        out |= logger_c > upper_c
    if lower_c is not None:
        out |= logger_c < lower_c
    out[:since] = 0
    long_enough = np.convolve(out, np.ones(TOLERATED_MIN, np.int64), "valid") == TOLERATED_MIN
    return int(np.argmax(long_enough)) if long_enough.any() else None


def _journey(
    random: np.random.Generator,
    boxes: Boxes,
    course: Course,
    logger_c: Floats,
    which: tuple[int, int],
) -> Journey | None:
    """Return the journey of box i over its life, or None if it never got into its zone."""
    i, life_min = which
    kind = KINDS[boxes.kind[i]]
    seen_c = logger_c[:life_min, i]
    leaves = leaving_minute(seen_c, kind.lower_c, kind.upper_c)
    if (
        leaving_minute(seen_c[:SETTLED_MIN], kind.lower_c, kind.upper_c, SETTLED_MIN - 20)
        is not None
    ):
        return None
    if leaves == SETTLED_MIN:
        return None
    packed_ms = _EPOCH_MS + int(random.integers(0, 3_600_000))
    at_ms, temperature_c = _measure(random, seen_c, int(random.integers(1, 6)), packed_ms)
    around_c = course.ambient_c[:life_min, i] + random.normal(0, 0.8)
    ambient_at_ms, ambient_c = _measure(random, around_c, 5, packed_ms)
    known = slice(None) if random.random() < 0.9 else slice(0)
    return Journey(
        record=BoxRecord(
            packing=boxes.packing[i],
            packed_at_ms=packed_ms,
            lower_c=kind.lower_c,
            upper_c=kind.upper_c,
            at_ms=at_ms,
            temperature_c=temperature_c,
            ambient_at_ms=ambient_at_ms[known],
            ambient_c=ambient_c[known],
        ),
        ends_ms=packed_ms + life_min * _MINUTE_MS,
        leaves_ms=None if leaves is None else packed_ms + (leaves + 1) * _MINUTE_MS,
        gradual=leaves is not None and _was_closed(course, i, leaves),
        near=leaves is None and float(seen_c[SETTLED_MIN:].max()) > kind.upper_c - NEAR_K,
        arrival_luck=float(random.normal()),
    )


def _was_closed(course: Course, i: int, minute: int) -> bool:
    lid = slice(max(0, minute - CLOSED_MIN), minute + 1)
    opened = (course.open_share[lid, i] + course.ajar[lid, i]).any()
    leak = course.leaks[max(0, minute - TIGHT_MIN) : minute + 1, i]
    return not opened and bool(leak[0] == leak[-1])


def _measure(
    random: np.random.Generator, seen_c: Floats, interval_min: int, packed_ms: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return readings every 1 to 5 minutes: noisy, rounded by half of the loggers, 5 % lost."""
    minutes = np.arange(int(random.integers(0, interval_min)), len(seen_c), interval_min)
    minutes = minutes[random.random(len(minutes)) >= 0.05]
    noisy_c = seen_c[minutes] + random.normal(0, random.uniform(0.02, 0.2), len(minutes))
    jitter_ms = random.integers(-2000, 2001, len(minutes))
    at_ms = packed_ms + (minutes + 1) * _MINUTE_MS + jitter_ms
    return at_ms, np.round(noisy_c, 1 if random.random() < 0.5 else 2)
