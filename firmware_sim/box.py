"""How warm does it get in an insulated box?

Many boxes at once: every array has one entry a box. Lumped nodes (Incropera, "Fundamentals of Heat
and Mass Transfer", ch. 5): walls pass heat from outside to the air inside; the air exchanges it
with the goods, with a pack that melts, and, lid open, with the outside. A pack's temperature
follows from its enthalpy (Voller's enthalpy method), so that melting costs its latent heat and
nothing is lost. The air's and the goods' equations are solved by backward Euler, which is stable at
any step; every watt that leaves one node enters another.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MAX_STEP_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PackMaterial:
    """What melts in a pack."""

    melting_c: float
    latent_j_per_kg: float
    solid_j_per_kg_k: float
    liquid_j_per_kg_k: float


# Water: latent heat as the trade rounds it (CRC Handbook: 333.6), specific heats at 0 °C.
ICE: Final = PackMaterial(
    melting_c=0.0, latent_j_per_kg=335e3, solid_j_per_kg_k=2100.0, liquid_j_per_kg_k=4190.0
)
# Eutectic brine, 22.4 % NaCl: Zalba et al. 2003, Applied Thermal Engineering 23, table 3; its
# specific heats are those of similar brines.
BRINE: Final = PackMaterial(
    melting_c=-21.2, latent_j_per_kg=222e3, solid_j_per_kg_k=2000.0, liquid_j_per_kg_k=3300.0
)
# A paraffin for 15 to 18 °C, of the kind of Rubitherm RT15: about 155 kJ/kg and 2 kJ/(kg K).
PARAFFIN_15: Final = PackMaterial(
    melting_c=15.0, latent_j_per_kg=155e3, solid_j_per_kg_k=2000.0, liquid_j_per_kg_k=2000.0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxDesign:
    """What a box is and holds; each array has one entry a box, all positive unless said.

    A box without a pack has `pack_w_per_k` 0, one without goods `product_w_per_k` 0.
    """

    wall_w_per_k: Floats  # UA: conductance of all walls
    lid_w_per_k: Floats  # what an open lid adds
    air_j_per_k: Floats  # the air and the inner skin
    product_w_per_k: Floats  # between air and goods; may be 0
    product_j_per_k: Floats
    pack_w_per_k: Floats  # between air and pack; may be 0
    pack_kg: Floats
    melting_c: Floats
    latent_j_per_kg: Floats
    solid_j_per_kg_k: Floats
    liquid_j_per_kg_k: Floats
    logger_time_constant_s: Floats  # of the logger's case in the box's air

    def __len__(self) -> int:
        return len(self.wall_w_per_k)


@dataclass(slots=True, kw_only=True)
class BoxState:
    """What changes. `pack_j` is the pack's enthalpy: 0 when solid at its melting point."""

    air_c: Floats
    product_c: Floats
    pack_j: Floats
    logger_c: Floats
    lid_open: npt.NDArray[np.bool_]
    heat_in_j: Floats  # through walls and lid, since the beginning


def pack_c(design: BoxDesign, pack_j: Floats) -> Floats:
    """Return the packs' temperatures, given their enthalpies."""
    solid_c = pack_j / (design.pack_kg * design.solid_j_per_kg_k)
    beyond_j = pack_j - design.pack_kg * design.latent_j_per_kg
    liquid_c = beyond_j / (design.pack_kg * design.liquid_j_per_kg_k)
    return design.melting_c + np.minimum(solid_c, 0.0) + np.maximum(liquid_c, 0.0)


def steady_state(design: BoxDesign, outside_c: Floats, melted_share: Floats) -> BoxState:
    """Return boxes in mid-journey: so much of the pack has melted, and all else is in balance.

    Closed form of `advance` at rest: the wall's heat is the pack's. Without a pack, as outside.
    """
    pack_j = melted_share * design.pack_kg * design.latent_j_per_kg
    conductance = design.wall_w_per_k + design.pack_w_per_k
    balance_c = (
        design.wall_w_per_k * outside_c + design.pack_w_per_k * pack_c(design, pack_j)
    ) / conductance
    return BoxState(
        air_c=balance_c.copy(),
        product_c=balance_c.copy(),
        pack_j=pack_j,
        logger_c=balance_c.copy(),
        lid_open=np.zeros(len(design), dtype=np.bool_),
        heat_in_j=np.zeros(len(design)),
    )


def advance(design: BoxDesign, state: BoxState, outside_c: Floats, seconds: float) -> None:
    """Let time pass in all boxes, in place. `outside_c` is the temperature around each box."""
    steps = max(1, int(np.ceil(seconds / MAX_STEP_S)))
    for _ in range(steps):
        _step(design, state, outside_c, seconds / steps)


def stored_j(design: BoxDesign, state: BoxState) -> Floats:
    """Return the heat in air, goods and packs, above an arbitrary zero."""
    return (
        design.air_j_per_k * state.air_c + design.product_j_per_k * state.product_c + state.pack_j
    )


def _step(design: BoxDesign, state: BoxState, outside_c: Floats, dt_s: float) -> None:
    # Conductances over the whole step: joules a kelvin, like the heat capacities.
    wall = (design.wall_w_per_k + design.lid_w_per_k * state.lid_open) * dt_s
    pack = design.pack_w_per_k * dt_s
    product = design.product_w_per_k * dt_s
    melting_c = pack_c(design, state.pack_j)
    # The goods' equation, solved for their new temperature and put into the air's.
    through = product * design.product_j_per_k / (product + design.product_j_per_k)
    air_c = (
        design.air_j_per_k * state.air_c
        + wall * outside_c
        + pack * melting_c
        + through * state.product_c
    ) / (design.air_j_per_k + wall + pack + through)
    to_product_j = through * (air_c - state.product_c)
    state.product_c = state.product_c + to_product_j / design.product_j_per_k
    state.pack_j = state.pack_j + pack * (air_c - melting_c)
    state.heat_in_j = state.heat_in_j + wall * (outside_c - air_c)
    state.air_c = air_c
    left = np.exp(-dt_s / design.logger_time_constant_s)
    state.logger_c = air_c + (state.logger_c - air_c) * left
