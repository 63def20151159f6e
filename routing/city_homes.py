"""Where do the members of a made-up city live, and where are its depots?

A square of 16 km, wider from 2,000 orders on, laid over Hangzhou's coordinates; no real address is
in it. Seven homes in ten stand in residential clusters, the rest anywhere (our assumption).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CENTRE_LAT_DEG: Final = 30.27
CENTRE_LON_DEG: Final = 120.15
M_PER_DEG: Final = 111_195.0  # of latitude, on a sphere of the mean radius
COS_LAT: Final = 0.86366  # of the centre
WIDTH_M: Final = 16_000
WIDEST_M: Final = 40_000
CLUSTER_SIGMA_M: Final = 700.0
CLUSTERED: Final = 0.7


@dataclass(frozen=True)
class Town:
    """Metres east and north of the south-western corner, one row a point.

    `cluster` is a home's cluster, or -1.
    """

    homes_m: FloatArray
    depots_m: FloatArray
    clusters_m: FloatArray
    cluster: IntArray
    width_m: float

    def nearest_depots(self) -> tuple[IntArray, IntArray]:
        """Return each home's nearest depot and its second nearest."""
        way = ((self.homes_m[:, None] - self.depots_m[None]) ** 2).sum(-1)
        order = np.argsort(way, axis=1, kind="stable")
        return order[:, 0], order[:, 1]


def draw_town(r: np.random.Generator, homes: int) -> Town:
    """Draw a town; depots stand at clusters far from each other, the first near the middle."""
    width = float(min(WIDEST_M, WIDTH_M * max(1.0, (homes / 2000) ** 0.5)))
    clusters = r.uniform(0.05 * width, 0.95 * width, (max(8, homes // 40), 2))
    cluster = np.where(r.random(homes) < CLUSTERED, r.integers(0, len(clusters), homes), -1)
    near = clusters[cluster] + r.normal(0, CLUSTER_SIGMA_M, (homes, 2))
    anywhere = r.uniform(0, width, (homes, 2))
    homes_m = np.clip(np.where(cluster[:, None] >= 0, near, anywhere), 0, width)
    return Town(
        homes_m=np.rint(homes_m),
        depots_m=np.rint(_spread(clusters, width, depot_count(homes))),
        clusters_m=np.rint(clusters),
        cluster=cluster,
        width_m=width,
    )


def depot_count(orders: int) -> int:
    """Return a city's depots: 3, 5 above 200 orders, and one more for each thousand from 2,000."""
    if orders <= 200:
        return 3
    return 5 + max(0, orders - 1000) // 1000


def coordinates(points_m: FloatArray, width_m: float) -> tuple[list[float], list[float]]:
    """Return latitudes and longitudes to 6 decimals, a tenth of a metre."""
    north = CENTRE_LAT_DEG + (points_m[:, 1] - width_m / 2) / M_PER_DEG
    east = CENTRE_LON_DEG + (points_m[:, 0] - width_m / 2) / (M_PER_DEG * COS_LAT)
    return np.round(north, 6).tolist(), np.round(east, 6).tolist()


def _spread(points: FloatArray, width: float, count: int) -> FloatArray:
    """Choose points, each as far as can be from those before; only the inner city counts."""
    inner = points[(np.abs(points - width / 2) < 0.38 * width).all(axis=1)]
    if len(inner) < count:
        inner = points
    chosen = [int(((inner - width / 2) ** 2).sum(-1).argmin())]
    way = ((inner - inner[chosen[0]]) ** 2).sum(-1)
    while len(chosen) < count:
        chosen.append(int(way.argmax()))
        way = np.minimum(way, ((inner - inner[chosen[-1]]) ** 2).sum(-1))
    return inner[chosen]
