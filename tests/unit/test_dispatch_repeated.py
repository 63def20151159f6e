"""The day that comes is driven like the one that is known."""

import numpy as np

from routing.dispatch.ground import depot_places, travel_of
from routing.dispatch.repeated import Repeated
from routing.dispatch.standing import Bound, Ways
from routing.dispatch.world import World
from routing.travel import Matrices, ModeMatrix, Travel, arrival_s
from tests.living_city import WAYS, city_state

SEVEN, NINE, MIDNIGHT = 7 * 3600, 9 * 3600, 24 * 3600


def rush_hour(*_: object) -> Travel:
    """Return two places that are 1,000 s apart, and 2,000 s from 7:00 to 9:00."""
    way = np.array([[0, 10_000], [10_000, 0]], np.int32)
    times = np.array([[[0, s], [s, 0]] for s in (1000, 2000, 1000)], np.int32)
    return Matrices({"van": ModeMatrix(way, times, (0, SEVEN, NINE))})


def test_the_next_morning_has_its_rush_hour() -> None:
    """Who leaves at 8:00 of the next day needs 2,000 s, too."""
    travel = Repeated(rush_hour())
    starts_s = (0, SEVEN, NINE, MIDNIGHT, MIDNIGHT + SEVEN, MIDNIGHT + NINE)
    assert travel.starts_s("van") == starts_s
    leg = travel.leg("van", 0, 1)
    assert leg.durations_s == (1000, 2000, 1000, 1000, 2000, 1000)
    at_eight = MIDNIGHT + 8 * 3600
    assert arrival_s(at_eight, leg, starts_s) == at_eight + 2000
    metres, seconds = travel.matrix("van", [0], [1])
    assert (metres.tolist(), seconds[:, 0, 0].tolist()) == ([[10_000]], list(leg.durations_s))


def test_what_is_the_same_all_day_stays_one_slice() -> None:
    way = np.array([[0]], np.int32)
    travel = Repeated(Matrices({"van": ModeMatrix(way, way[None], (0,))}))
    assert travel.starts_s("van") == (0,)
    assert travel.leg("van", 0, 0).durations_s == (0,)


def test_only_at_night_the_day_is_repeated() -> None:
    """The city closes at 23:00; until then nothing is planned for tomorrow."""
    ways = Ways(travel_of=rush_hour, book=WAYS.book, cold=WAYS.cold)
    slices = []
    for now in ("22:59", "23:00"):
        world = World(city_state(now=now), ways, Bound())
        slices.append(len(travel_of(world, depot_places(world)).starts_s("van")))
    assert slices == [3, 6]
