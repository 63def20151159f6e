"""Weather that comes and goes within the day."""

import numpy as np

from routing.dispatch.spells import Spell, Spelled
from routing.travel import Matrices, ModeMatrix, Travel, arrival_s

NOON, ONE, TWO = 12 * 3600, 13 * 3600, 14 * 3600


def street() -> Travel:
    """Return two places, 10 km and 1,000 s apart; from 13:00 on it takes 2,000 s."""
    way = np.array([[0, 10_000], [10_000, 0]], np.int32)
    times = np.array([[[0, 1000], [1000, 0]], [[0, 2000], [2000, 0]]], np.int32)
    return Matrices({"van": ModeMatrix(way, times, (0, ONE))})


def test_a_slice_begins_where_a_spell_begins_or_ends() -> None:
    """Half the speed from 12:00 to 14:00: 2,000 s, then 4,000 s, then 2,000 s again."""
    travel = Spelled(street(), (Spell(NOON, TWO, 2.0),))
    assert travel.starts_s("van") == (0, NOON, ONE, TWO)
    assert travel.leg("van", 0, 1).durations_s == (1000, 2000, 4000, 2000)
    assert travel.leg("van", 0, 1).distance_m == 10_000


def test_a_leg_and_a_matrix_agree() -> None:
    travel = Spelled(street(), (Spell(0, ONE, 1.4), Spell(NOON, TWO, 1.6)))
    metres, seconds = travel.matrix("van", [0, 1], [0, 1])
    for a in (0, 1):
        for b in (0, 1):
            assert tuple(seconds[:, a, b]) == travel.leg("van", a, b).durations_s
            assert metres[a, b] == travel.leg("van", a, b).distance_m


def test_who_leaves_before_a_storm_is_caught_in_it() -> None:
    """From 11:50 he has driven 600 of 1,000 s by noon; the other 400 take 800: until 12:13:20."""
    travel = Spelled(street(), (Spell(NOON, TWO, 2.0),))
    arrives_s = arrival_s(NOON - 600, travel.leg("van", 0, 1), travel.starts_s("van"))
    assert abs(arrives_s - (NOON + 800)) <= 1


def test_the_slowest_of_two_spells_counts() -> None:
    travel = Spelled(street(), (Spell(0, NOON, 1.5), Spell(0, NOON, 1.2)))
    assert travel.leg("van", 0, 1).durations_s[0] == 1500
