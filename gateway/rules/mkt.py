"""At which constant temperature would goods have aged as they did? Mean kinetic temperature.

MKT = (ΔH/R) / -ln(Σ tᵢ e^(-ΔH/(R Tᵢ)) / Σ tᵢ), temperatures in kelvin, weighted by time
(USP <1079.2>). For food it informs; it never excuses an excursion.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Float64s = npt.NDArray[np.float64]

GAS_CONSTANT_J_PER_MOL_K: Final = 8.3144
ZERO_C_IN_K: Final = 273.15


def mean_kinetic_temperature_c(
    temperature_c: Float64s,
    weights: npt.NDArray[np.int64] | Float64s,
    *,
    activation_energy_kj_per_mol: float,
) -> float:
    """Return the MKT in °C of temperatures (n) that held for `weights` (n, of any unit, sum > 0).

    USP uses 83.144 kJ/mol where nothing better is known of the goods.
    """
    scale_k = activation_energy_kj_per_mol * 1000 / GAS_CONSTANT_J_PER_MOL_K
    rates = np.exp(-scale_k / (temperature_c + ZERO_C_IN_K))
    mean_rate = float(np.dot(rates, weights)) / float(weights.sum())
    return scale_k / -math.log(mean_rate) - ZERO_C_IN_K
