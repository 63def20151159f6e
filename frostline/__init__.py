"""The command `frostline`, and the local stack behind the demo and the tests."""

from importlib.metadata import version

__version__ = version("frostline")
