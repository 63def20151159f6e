"""OR-Tools: the complete model of a plan, recombination of routes, drivers to shifts."""

from routing.constraint.drivers import Driver, Rota, Shift, assign_drivers
from routing.constraint.engine import Options, search
from routing.constraint.recombination import recombine

__all__ = ["Driver", "Options", "Rota", "Shift", "assign_drivers", "recombine", "search"]
