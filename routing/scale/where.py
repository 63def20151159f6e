"""Where is everything, in metres on a plane, and how are points cut into compact groups?"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.problem import Problem
from routing.travel import EARTH_RADIUS_M

Points = NDArray[np.float64]
"""One row a point: metres east and north."""

IndexArray = NDArray[np.int64]

LANDMARKS: Final = 2


def positions(problem: Problem) -> Points:
    """Return where each place is. Without coordinates: its ways from two far-apart places.

    Only nearness is read from it, never a leg.
    """
    lat_deg = [place.lat_deg for place in problem.places]
    lon_deg = [place.lon_deg for place in problem.places]
    if None in lat_deg or None in lon_deg:
        return _by_landmarks(problem)
    lat, lon = np.radians(np.array(lat_deg, float)), np.radians(np.array(lon_deg, float))
    return np.stack([lon * np.cos(lat.mean()), lat], axis=1) * EARTH_RADIUS_M


def _by_landmarks(problem: Problem) -> Points:
    mode, everywhere = problem.travel.modes[0], range(len(problem.places))
    landmark, columns = 0, []
    for _ in range(LANDMARKS + 1):  # the first is anywhere, and only finds a far one
        metres, _ = problem.travel.matrix(mode, [landmark], everywhere)
        columns.append(metres[0].astype(float))
        landmark = int(np.min(columns[-LANDMARKS:], axis=0).argmax())
    return np.stack(columns[1:], axis=1)


def cut(points: Points, weights: Sequence[int], *, most: int, angle: float) -> list[IndexArray]:
    """Cut points into compact groups of at most `most` weight, by lines along and across `angle`.

    Groups are about equally heavy. A point that is too heavy by itself is a group by itself.
    """
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _cut(points @ turn, np.asarray(weights), np.arange(len(points)), most)


def _cut(points: Points, weights: IndexArray, group: IndexArray, most: int) -> list[IndexArray]:
    total = int(weights[group].sum())
    if total <= most or len(group) == 1:
        return [group]
    pieces = -(-total // most)
    axis = int(np.ptp(points[group], axis=0).argmax())
    ranked = group[np.argsort(points[group, axis], kind="stable")]
    goal = total * (pieces // 2) / pieces
    before = np.cumsum(weights[ranked])[:-1]
    at = int(np.abs(before - goal).argmin()) + 1
    return [
        *_cut(points, weights, ranked[:at], most),
        *_cut(points, weights, ranked[at:], most),
    ]


def sectors(points: Points, centre: Points, weights: Sequence[float], count: int) -> IndexArray:
    """Deal points into `count` sectors around a centre, about equally heavy, from a wide gap on."""
    way = points - centre
    angles = np.arctan2(way[:, 1], way[:, 0])
    ranked = np.argsort(angles, kind="stable")
    gaps = np.diff(angles[ranked], append=angles[ranked[0]] + 2 * np.pi)
    ranked = np.roll(ranked, -(int(gaps.argmax()) + 1))
    heavy = np.asarray(weights, float)[ranked]
    middles = np.cumsum(heavy) - heavy / 2
    sector = np.empty(len(points), np.int64)
    sector[ranked] = np.minimum((middles / heavy.sum() * count).astype(np.int64), count - 1)
    return sector
