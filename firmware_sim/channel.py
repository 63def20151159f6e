"""Does a radio hear an advert, and how loud?

Log-distance path loss with log-normal fading (Rappaport, "Wireless Communications", 2nd ed., 4.9):
rssi = rssi at 1 m - 10 n log10(d / 1 m) + fading. Below the receiver's sensitivity an advert is
faint and nobody hears it; of the rest some collide and are lost, some are reported twice.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, NamedTuple

_QUANTILES: Final = 1024  # of the normal distribution: a lookup is 20 times faster than its inverse
_NORMAL: Final = tuple(
    NormalDist().inv_cdf((step + 0.5) / _QUANTILES) for step in range(_QUANTILES)
)
_SIXTEEN_BITS: Final = 0xFFFF
_NEAREST_M: Final = 0.1  # the model has no meaning closer; aerials would touch


class Reception(NamedTuple):
    """What becomes of one advert at one radio. `copies`: 0 is lost. Delay in seconds."""

    faint: bool
    copies: int
    rssi_dbm: int
    delay_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """The radio world. docs/simulator.md says where the numbers come from."""

    loss: float = 0.15  # share of adverts within range that no receiver gets: collisions
    duplicates: float = 0.02  # share of those heard that are reported twice
    delay_max_s: float = 0.02  # from the air to the program, uniform from 0; order is kept
    rssi_at_1m_dbm: float = -46.0  # +4 dBm, 40.2 dB free space at 2.44 GHz, 10 dB case and aerials
    path_loss_exponent: float = 2.7  # 2 is free space; boxes, goods and walls are in the way
    fading_db: float = 4.0  # standard deviation
    sensitivity_dbm: float = -95.0  # a common Bluetooth LE receiver at 1 Mbit/s

    def mean_rssi_dbm(self, distance_m: float) -> float:
        """Return the signal strength without fading."""
        decades = math.log10(max(_NEAREST_M, distance_m))
        return self.rssi_at_1m_dbm - 10.0 * self.path_loss_exponent * decades

    def is_hopeless(self, mean_rssi_dbm: float) -> bool:
        """Tell whether no fading that `receive` knows would make it loud enough."""
        return mean_rssi_dbm + self.fading_db * _NORMAL[-1] < self.sensitivity_dbm - 1.0

    def receive(self, mean_rssi_dbm: float, chance: int) -> Reception:
        """Return what happens, given 64 random bits."""
        fading_db = self.fading_db * _NORMAL[chance & (_QUANTILES - 1)]
        rssi_dbm = round(mean_rssi_dbm + fading_db)
        if rssi_dbm < self.sensitivity_dbm:
            return Reception(True, 0, rssi_dbm, 0.0)
        if _share(chance >> 16) < self.loss:
            return Reception(False, 0, rssi_dbm, 0.0)
        copies = 2 if _share(chance >> 32) < self.duplicates else 1
        return Reception(False, copies, rssi_dbm, self.delay_max_s * _share(chance >> 48))


def _share(chance: int) -> float:
    return (chance & _SIXTEEN_BITS) / (_SIXTEEN_BITS + 1)
