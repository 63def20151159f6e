"""What may a zone's temperature be, for how long, and what follows if it is not?

A policy is data: a TOML file, read by `policy_file`. All limits are beyond, durations at least: a
limit of 8 °C for 30 minutes is broken by half an hour above 8 °C.
"""

from dataclasses import dataclass
from enum import StrEnum

from schemas.events import Severity, Side
from schemas.reading import Zone


class Counting(StrEnum):
    """How the time beyond a limit is counted."""

    CONSECUTIVE = "consecutive"
    CUMULATIVE = "cumulative"


class Measured(StrEnum):
    """Which temperature a limit is about."""

    AIR = "air"  # what the logger says
    PRODUCT = "product"  # the logger's, through a first-order filter (`product.py`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A temperature that must not be passed for `duration_s` or longer; 0: not at all."""

    name: str
    side: Side
    limit_c: float
    duration_s: int
    severity: Severity
    counts_at_limit: bool = False  # the limit itself is already beyond: "at or below -0.5 °C"
    measured: Measured = Measured.AIR
    counting: Counting = Counting.CONSECUTIVE
    window_s: int | None = None  # CUMULATIVE: within any so long a stretch; None: the whole life
    hysteresis_c: float = 0.0  # an excursion ends once it is back by so much,
    verify_normal_s: int = 0  # and has stayed there for so long; it then ended when it came back


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Time or heat beyond a temperature that may be used up over the whole life; more breaks it."""

    name: str
    side: Side
    limit_c: float
    severity: Severity
    allowed_s: int | None = None
    allowed_degree_minutes: float | None = None  # exactly one of the two
    measured: Measured = Measured.AIR


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfLife:
    """How long goods keep at a temperature, and how that changes with it (Arrhenius)."""

    life_s: int
    reference_c: float
    activation_energy_kj_per_mol: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Defrost:
    """A time of day at which a place defrosts by plan: what it measures then is not judged."""

    starts_at: str  # "03:30"
    lasts_s: int
    time_zone: str  # IANA


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules for goods of one zone, or of one product class in it."""

    policy_id: str
    version: int
    zone: Zone
    source: str  # the law, the standard, or whose promise it is
    limits: tuple[Limit, ...]
    product_class: str | None = None  # None: all goods of the zone
    lower_c: float | None = None  # what a chart shows as the range, and the forecast's limits
    upper_c: float | None = None
    budgets: tuple[Budget, ...] = ()
    shelf_life: ShelfLife | None = None
    mkt_activation_energy_kj_per_mol: float = 83.144  # USP <1079.2>
    product_time_constant_s: float = 0.0  # of the goods in the box's air; 0: the air itself
    ignore_after_packing_s: int = 0
    ignore_after_loading_s: int = 0
    defrosts: tuple[Defrost, ...] = ()
    largest_unknown_share: float = 0.25  # of a life; beyond it the verdict is unknown
