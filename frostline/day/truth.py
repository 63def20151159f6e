"""What really happens on a day, whoever plans it?

The world draws everything that no plan can change (orders, weather, traffic, failures, what each
stop of each order holds) from the seed alone, so that two runs of one seed differ by their plans
and by nothing else.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from frostline.day.happenings import (
    BoxTruth,
    DayOrder,
    Happening,
    Instruction,
    LoggerNow,
    Put,
    VehicleFix,
    VehicleUse,
)
from frostline.day.scenarios import Scenario
from routing.roads.network import Network


class World:
    """A city, its day, and how far that has come."""

    city_id: str
    begins_s: int
    ends_s: int
    now_s: float
    orders: tuple[DayOrder, ...]
    """In the order in which they are placed."""

    def __init__(
        self, seed: int, orders: int, scenario: Scenario, network: Network | None = None
    ) -> None:
        """Draw a day. Without a network the city is made up too."""
        raise NotImplementedError

    def time_of(self, second: float) -> datetime:
        """Return a second of the day as a time (aware)."""
        raise NotImplementedError

    def city_setup(self) -> tuple[Put, ...]:
        """Return what the API is told before the day begins.

        City, places, depots, lockers, vehicles, shifts, compartments' loggers and their bindings.
        """
        raise NotImplementedError

    def promised(self, order_id: str, depot_id: str) -> None:
        """Let a depot begin to pick an order, now. Said again, of another depot, it begins anew."""
        raise NotImplementedError

    def called_off(self, order_id: str) -> None:
        """Let an order be picked, loaded and delivered no more."""
        raise NotImplementedError

    def set_plan(self, stops: Mapping[str, Sequence[Instruction]]) -> None:
        """Hand each vehicle the stops that are before it; one that is left out has none.

        Drivers follow from their next free decision on.
        """
        raise NotImplementedError

    def advance(self, to_s: float) -> tuple[Happening, ...]:
        """Let time pass; return what happened, in order of time."""
        raise NotImplementedError

    def loggers(self) -> tuple[LoggerNow, ...]:
        """Return all loggers that are in use: in packed boxes, and in compartments."""
        raise NotImplementedError

    def fixes(self) -> tuple[VehicleFix, ...]:
        """Return where the vehicles are that have a driver now."""
        raise NotImplementedError

    def truth(self) -> tuple[BoxTruth, ...]:
        """Return what became of each box until now."""
        raise NotImplementedError

    def use(self) -> tuple[VehicleUse, ...]:
        """Return what each vehicle did until now."""
        raise NotImplementedError
