"""`frostline sim`: loggers without hardware."""

from pathlib import Path
from typing import Annotated

import typer

from frostline.commands.options import ConfigFile


def sim(
    *,
    air: Annotated[Path | None, typer.Option("--air", help="Socket to make for the edges.")] = None,
    loggers: Annotated[int | None, typer.Option(help="How many loggers.")] = None,
    scenario: Annotated[str | None, typer.Option(help="What happens: demo or fleet.")] = None,
    seed: Annotated[int | None, typer.Option(help="Chance, repeatable.")] = None,
    loss: Annotated[float | None, typer.Option(help="Share of adverts lost in the air.")] = None,
    config: ConfigFile = None,
) -> None:
    """Run simulated loggers, the physics of their boxes, and the air between them and the edges."""
    from firmware_sim.settings import SimSettings
    from frostline.config import load_settings
    from frostline.roles import run_sim

    run_sim(
        load_settings(
            SimSettings,
            role="sim",
            file=config,
            air_path=air,
            loggers=loggers,
            scenario=scenario,
            seed=seed,
            loss=loss,
        )
    )
