"""What must be known of a box to say how long it will hold?"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]


class PackKind(StrEnum):
    """What keeps a box at its temperature."""

    NONE = "none"
    ICE = "ice"
    BRINE = "brine"
    PARAFFIN_15 = "paraffin_15"
    DRY_ICE = "dry_ice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """The packing record. None: not known; the forecast then expects a typical box."""

    box_material: str | None = None  # "eps", "epp", "pu" or "vip"
    wall_w_per_k: float | None = None  # the box's own UA, learned or from its catalogue
    pack_kind: PackKind | None = None
    pack_kg: float | None = None
    product_kg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxRecord:
    """A box on its way: how it was packed, its zone, and what was measured so far.

    Readings may stand in any order, repeated, with gaps; those after `now` are not looked at.
    """

    packing: Packing
    packed_at_ms: int
    lower_c: float | None  # the zone's limits; None: no limit on that side
    upper_c: float | None
    at_ms: Int64s  # the box's own logger: n times and temperatures
    temperature_c: Float64s
    ambient_at_ms: Int64s  # the vehicle's or room's logger: m of them, may be none
    ambient_c: Float64s
    due_at_ms: int | None = None  # when it is expected to be opened; None: not known
