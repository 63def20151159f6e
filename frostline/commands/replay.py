"""`frostline replay`: recorded reality, through the same path."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from frostline.commands.options import ConfigFile


def replay(
    file: Annotated[
        Path, typer.Argument(help="A text capture of hcidump, a CSV of readings, or JSON lines.")
    ],
    *,
    start: Annotated[
        datetime | None,
        typer.Option(help="UTC time of the first frame, for a capture without times."),
    ] = None,
    interval: Annotated[
        float, typer.Option(min=0.001, help="Seconds between frames, for a capture without times.")
    ] = 1.0,
    logger: Annotated[
        str | None, typer.Option(help="The logger's address, for a CSV that names none.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Send recorded frames through edge, broker and ingest, with the clock of the file.

    A capture without times begins at --start, else when the file was last changed.
    Uses the services that the settings name, else the local ones, started if need be.
    """
    from frostline.replay import replay_file

    replay_file(file, start=start, interval_s=interval, logger=logger, config=config)
