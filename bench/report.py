"""How does a bench say what it found?"""

import json as json_module
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table


def publish(title: str, figures: Mapping[str, object], *, json: bool) -> None:
    """Print one JSON object on standard output, or a table."""
    if json:
        sys.stdout.write(json_module.dumps(figures) + "\n")
        return
    table = Table(title=title)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.3f}" if isinstance(value, float) else str(value))
    Console().print(table)


def progress(sentence: str) -> None:
    """Say on standard error what is going on."""
    sys.stderr.write(f"{sentence}\n")
