"""Solvers that others wrote, each asked for the same plan as well as its own users would ask."""
