"""How is a city planned that is too large to be searched whole?

Split by depot and zone (`split`), every part searched on its own in a pool of processes or on a
cluster (`pool`, `cluster`), then polished in windows that lie across the borders (`windows`). No
matrix of every place by every place is made beyond a size that one search can hold (`polish`).
"""

from routing.scale.polish import SplitSearch

__all__ = ["SplitSearch"]
