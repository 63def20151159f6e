"""How does a box really warm? With more than the forecast's model knows of.

Every array has one entry a box, or one a box and pack, (boxes, packs). What the model in
`gateway.rules.thermal` lacks: goods have a surface and a core, packs lie unevenly and melt one
after the other, the air and the inner skin hold heat, a lid leaks, stands ajar or is opened, and
the logger feels the nearest pack as well as the air. The method is that of `firmware_sim.box`:
enthalpy for the packs, backward Euler for the air and the goods' surface; every watt that leaves a
node enters another.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STEP_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What boxes are made of and hold."""

    wall_w_per_k: Floats
    leak_w_per_k: Floats  # what a leaking lid adds, once it leaks
    open_w_per_k: Floats  # what an open lid adds
    ajar_w_per_k: Floats  # what a lid adds that stands ajar
    air_j_per_k: Floats
    surface_w_per_k: Floats  # between air and the goods' surface
    core_w_per_k: Floats  # between the goods' surface and their core
    surface_j_per_k: Floats
    core_j_per_k: Floats
    pack_w_per_k: Floats  # (boxes, packs): contact of the frozen pack
    melted_contact: Floats  # share of the contact that is left once it has melted
    contact_power: Floats  # contact follows the frozen share to this power
    pack_kg: Floats  # (boxes, packs), positive
    melting_c: Floats
    latent_j_per_kg: Floats
    solid_j_per_kg_k: Floats
    liquid_j_per_kg_k: Floats
    logger_pack_share: Floats  # of what the logger feels, the nearest pack's part
    logger_time_constant_s: Floats


@dataclass(slots=True, kw_only=True)
class State:
    """What changes. A pack's enthalpy is 0 when it is solid at its melting point."""

    air_c: Floats
    surface_c: Floats
    core_c: Floats
    pack_j: Floats  # (boxes, packs)
    logger_c: Floats
    heat_in_j: Floats  # through wall and lid, since the beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What a minute brings to each box: the ambient, and the lid as shares of the minute."""

    ambient_c: Floats
    open_share: Floats
    ajar: Floats
    leaks: Floats


def pack_c(design: Design, pack_j: Floats) -> Floats:
    """Return the packs' temperatures (boxes, packs)."""
    solid_k = pack_j / (design.pack_kg * design.solid_j_per_kg_k[:, None])
    beyond_j = pack_j - design.pack_kg * design.latent_j_per_kg[:, None]
    liquid_k = beyond_j / (design.pack_kg * design.liquid_j_per_kg_k[:, None])
    return design.melting_c[:, None] + np.minimum(solid_k, 0) + np.maximum(liquid_k, 0)


def frozen_share(design: Design, pack_j: Floats) -> Floats:
    """Return how much of each pack is frozen, 0 to 1 (boxes, packs)."""
    share: Floats = np.clip(1 - pack_j / (design.pack_kg * design.latent_j_per_kg[:, None]), 0, 1)
    return share


def stored_j(design: Design, state: State) -> Floats:
    """Return the heat in air, goods and packs, above an arbitrary zero."""
    in_packs_j: Floats = state.pack_j.sum(axis=1)
    return (
        design.air_j_per_k * state.air_c
        + design.surface_j_per_k * state.surface_c
        + design.core_j_per_k * state.core_c
        + in_packs_j
    )


def advance(design: Design, state: State, weather: Weather, minutes: int = 1) -> None:
    """Let so many minutes of one weather pass, in place."""
    wall = (
        design.wall_w_per_k
        + design.leak_w_per_k * weather.leaks
        + design.ajar_w_per_k * weather.ajar
        + design.open_w_per_k * weather.open_share
    )
    for _ in range(round(minutes * 60 / STEP_S)):
        _step(design, state, wall, weather.ambient_c)


def _contact(design: Design, pack_j: Floats) -> Floats:
    floor = design.melted_contact[:, None]
    share = frozen_share(design, pack_j) ** design.contact_power[:, None]
    contact: Floats = design.pack_w_per_k * (floor + (1 - floor) * share)
    return contact


def _step(design: Design, state: State, wall_w_per_k: Floats, ambient_c: Floats) -> None:
    # Conductances over the whole step: joules a kelvin, like the heat capacities.
    wall = wall_w_per_k * STEP_S
    packs = _contact(design, state.pack_j) * STEP_S
    surface = design.surface_w_per_k * STEP_S
    melting_c = pack_c(design, state.pack_j)
    # The surface's equation, solved for its new temperature and put into the air's.
    through = surface * design.surface_j_per_k / (surface + design.surface_j_per_k)
    air_c = (
        design.air_j_per_k * state.air_c
        + wall * ambient_c
        + (packs * melting_c).sum(axis=1)
        + through * state.surface_c
    ) / (design.air_j_per_k + wall + packs.sum(axis=1) + through)
    to_surface_j = through * (air_c - state.surface_c)
    to_core_j = design.core_w_per_k * STEP_S * (state.surface_c - state.core_c)
    state.surface_c = state.surface_c + (to_surface_j - to_core_j) / design.surface_j_per_k
    state.core_c = state.core_c + to_core_j / design.core_j_per_k
    state.pack_j = state.pack_j + packs * (air_c[:, None] - melting_c)
    state.heat_in_j = state.heat_in_j + wall * (ambient_c - air_c)
    state.air_c = air_c
    felt_c = air_c + design.logger_pack_share * (melting_c[:, 0] - air_c)
    left = np.exp(-STEP_S / design.logger_time_constant_s)
    state.logger_c = felt_c + (state.logger_c - felt_c) * left
