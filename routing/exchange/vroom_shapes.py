"""Which JSON is VROOM's input?

As of its version 1.14 (github.com/VROOM-Project/vroom, docs/API.md). Every field is known here, so
that one that can't be expressed is refused and none is passed over. Coordinates are longitude
first; times are seconds; windows include both ends.
"""

from typing import Annotated, Any

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]
Rate = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Window = tuple[Count, Count]
Windows = tuple[Window, ...]
Location = tuple[float, float]
Amounts = tuple[Count, ...]
Rows = list[list[Count]]

DEFAULT_PER_HOUR = 3600
"""A second of travel costs one, unless a vehicle says otherwise."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the input that refuses fields it doesn't know."""


class Job(_Entry, frozen=True, kw_only=True):
    """A delivery, or a pickup, which can't be expressed."""

    id: int
    description: str | None = None
    location: Location | None = None
    location_index: Count | None = None
    setup: Count = 0
    service: Count = 0
    setup_per_type: dict[str, Count] = {}
    service_per_type: dict[str, Count] = {}
    amount: Amounts = ()
    delivery: Amounts = ()
    pickup: Amounts = ()
    skills: tuple[int, ...] = ()
    priority: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    time_windows: Windows = ()

    @property
    def load(self) -> Amounts:
        """Return what is delivered; `amount` is its older name."""
        return self.delivery or self.amount


class Rest(_Entry, frozen=True, kw_only=True):
    """A break."""

    id: int
    time_windows: Windows = ()
    service: Count = 0
    description: str | None = None
    max_load: Amounts = ()


class Costs(_Entry, frozen=True, kw_only=True):
    """What a vehicle costs. Only travel counts as time, not waiting."""

    fixed: Count = 0
    per_hour: Rate = DEFAULT_PER_HOUR
    per_task_hour: Count = 0
    per_km: Rate = 0


class Carrier(_Entry, frozen=True, kw_only=True):
    """A vehicle."""

    id: int
    profile: str = "car"
    description: str | None = None
    start: Location | None = None
    start_index: Count | None = None
    end: Location | None = None
    end_index: Count | None = None
    capacity: Amounts = ()
    costs: Costs = Costs()
    skills: tuple[int, ...] = ()
    type: str = ""
    time_window: Window | None = None
    breaks: tuple[Rest, ...] = ()
    speed_factor: Annotated[float, msgspec.Meta(gt=0, le=5)] = 1.0
    max_tasks: Count | None = None
    max_travel_time: Count | None = None
    max_distance: Count | None = None
    steps: tuple[Any, ...] = ()


class Numbers(_Entry, frozen=True, kw_only=True):
    """One profile's matrices."""

    durations: Rows | None = None
    distances: Rows | None = None
    costs: Rows | None = None


class Input(_Entry, frozen=True, kw_only=True):
    """The whole."""

    vehicles: tuple[Carrier, ...]
    jobs: tuple[Job, ...] = ()
    shipments: tuple[Any, ...] = ()
    matrices: dict[str, Numbers] = {}
    matrix: Any = None
