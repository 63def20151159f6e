"""OR-Tools: the complete model of a plan, recombination of routes, drivers to shifts."""

from routing.constraint.engine import Options, search

__all__ = ["Options", "search"]
