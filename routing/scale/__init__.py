"""How is a city planned that is too large to be searched whole?

Split by depot and zone (`split`), every part searched on its own in a pool of processes or on a
cluster (`pool`, `cluster`), then polished in windows that lie across the borders (`polish`,
`windows`). No matrix of every place by every place is ever made.
"""

from routing.scale.polish import SplitSearch

__all__ = ["SplitSearch"]
