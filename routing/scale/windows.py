"""Where does a plan deserve another look, once its parts are good by themselves?

At the parts' borders. A window takes neighbouring vehicles, as they now drive, with their orders;
windows cover the whole city, and each round cuts it at another angle, so that no border stays one.
An order without a vehicle joins a window that has one for it: the nearest first, then others.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from routing.plan import Draft, Tour
from routing.problem import Problem
from routing.scale.assign import aboard, can_carry
from routing.scale.view import Part
from routing.scale.where import IndexArray, Points, cut, positions

TURNS: Final = 3
"""So many windows are tried for an order without a vehicle, one a round, before the first again."""


class Windows:
    """Windows of one problem."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._points = positions(problem)
        self._place_of = {place.id: k for k, place in enumerate(problem.places)}
        self._aboard = aboard(problem)

    def cut(self, draft: Draft, *, most: int, angle: float, turn: int) -> list[Part]:
        """Return parts of about `most` orders; each order and vehicle is in exactly one.

        Unserved orders join the `turn`-th nearest window that could bring them, and again the
        nearest when there are no more.
        """
        centres = np.stack([self._centre(k, tours) for k, tours in enumerate(draft)])
        weights = [1 + sum(len(tour.visits) for tour in tours) for tours in draft]
        groups = cut(centres, weights, most=most, angle=angle)
        orders = [self._served(draft, group) for group in groups]
        served = {order for mine in orders for order in mine}
        window_of = {int(v): w for w, group in enumerate(groups) for v in group}
        for order in sorted(set(range(len(self._problem.orders))) - served):
            orders[self._join(order, window_of, centres, turn)].append(order)
        return [
            Part(tuple(sorted(mine)), tuple(sorted(group.tolist())))
            for mine, group in zip(orders, groups, strict=True)
        ]

    def _centre(self, vehicle: int, tours: Sequence[Tour]) -> Points:
        """Return the middle of a vehicle's doors, or where it waits."""
        doors = [
            self._place_of[self._problem.orders[visit.order].place]
            for tour in tours
            for visit in tour.visits
        ]
        if not doors:
            depot = self._problem.vehicles[vehicle].depot
            doors = [self._place_of[d.place] for d in self._problem.depots if d.id == depot]
        middle: Points = self._points[doors].mean(axis=0)
        return middle

    def _served(self, draft: Draft, group: IndexArray) -> list[int]:
        return [visit.order for k in group for tour in draft[k] for visit in tour.visits]

    def _join(self, order: int, window_of: dict[int, int], centres: Points, turn: int) -> int:
        if order in self._aboard:
            return window_of[self._aboard[order]]
        door = self._points[self._place_of[self._problem.orders[order].place]]
        near = np.argsort(((centres - door) ** 2).sum(axis=1), kind="stable").tolist()
        able: list[int] = []
        for vehicle in near:
            if window_of[vehicle] not in able and can_carry(
                self._problem.vehicles[vehicle], self._problem.orders[order]
            ):
                able.append(window_of[vehicle])
            if len(able) > turn % TURNS:
                return able[-1]
        return able[turn % len(able)] if able else window_of[near[0]]
