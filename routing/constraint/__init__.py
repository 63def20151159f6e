"""OR-Tools: the complete model of a plan, recombination of routes, drivers to shifts."""

from routing.constraint.engine import Options, search
from routing.constraint.recombination import recombine

__all__ = ["Options", "recombine", "search"]
