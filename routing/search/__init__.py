"""The search for a good plan at size: ruin and recreate, compiled (docs/route-search.md)."""

from routing.search.ahead import compile_ahead
from routing.search.engine import WrongTotal, search, search_with_pool

__all__ = ["WrongTotal", "compile_ahead", "search", "search_with_pool"]
