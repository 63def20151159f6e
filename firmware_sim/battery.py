"""Which voltage does a coin cell show under load?

A lithium cell (CR2477) keeps its voltage for most of its life and then falls fast; cold raises its
inner resistance, so the voltage sags while the radio sends. docs/simulator.md gives the sources.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

# Voltage without load over the share of the charge used. The shape follows Ruuvi's wiki ("FAQ:
# battery"): 3.00 V within hours, slowly to 2.7 V, then rapidly below 2.0 V.
_OPEN_CIRCUIT_V: Final = (
    (0.0, 3.1),
    (0.01, 3.06),
    (0.80, 2.90),
    (0.95, 2.70),
    (1.0, 2.0),
)
_RESISTANCE_OHM_AT_20_C: Final = 10.0  # assumed; makers give 10 to 20 for a fresh CR2477
_RESISTANCE_GROWTH_PER_K: Final = 0.03  # assumed; three to four times at -20 °C
_SENDING_A: Final = 0.0075  # nRF52832 product specification 1.4: TX at +4 dBm, DC/DC, 3 V


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A cell and what drains it."""

    capacity_mah: float = 1000.0  # CR2477
    load_ua: float = 18.0  # Ruuvi's wiki: data format 5, firmware 2.4.2
    used_share: float = 0.1  # when the simulation begins

    def used_after(self, hours: float) -> float:
        """Return the share of the charge used after `hours` of simulation, 0 to 1."""
        return min(1.0, self.used_share + self.load_ua * hours / 1000.0 / self.capacity_mah)


def voltage_mv(*, used_share: float, temperature_c: float) -> int:
    """Return what the logger measures while it sends, in millivolts."""
    resistance = _RESISTANCE_OHM_AT_20_C * math.exp(
        _RESISTANCE_GROWTH_PER_K * (20.0 - temperature_c)
    )
    volts = _open_circuit_v(min(1.0, max(0.0, used_share))) - resistance * _SENDING_A
    return max(0, round(volts * 1000.0))


def _open_circuit_v(used_share: float) -> float:
    for (left, high), (right, low) in pairwise(_OPEN_CIRCUIT_V):
        if used_share <= right:
            return high + (low - high) * (used_share - left) / (right - left)
    return _OPEN_CIRCUIT_V[-1][1]
