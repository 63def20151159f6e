"""`frostline edge`: read loggers here, and publish what they say."""

from pathlib import Path
from typing import Annotated

import typer

from frostline.commands.options import ConfigFile

app = typer.Typer(help="Read Bluetooth loggers and publish their readings.")

AirPath = Annotated[
    Path | None,
    typer.Option("--air", help="Hear simulated loggers on this socket instead of a radio."),
]
Position = Annotated[
    tuple[float, float],
    typer.Option(help="Where this edge stands in the simulated air, in metres."),
]


@app.callback(invoke_without_command=True)
def edge(
    context: typer.Context,
    *,
    gateway_id: Annotated[str | None, typer.Option(help="This device's name on MQTT.")] = None,
    air: AirPath = None,
    position: Position = (0.0, 0.0),
    config: ConfigFile = None,
) -> None:
    """Run the edge until it is told to stop. docs/settings.md lists its settings."""
    if context.invoked_subcommand:
        return
    from edge.settings import EdgeSettings
    from frostline.config import load_settings
    from frostline.roles import run_edge

    settings = load_settings(EdgeSettings, role="edge", file=config, gateway_id=gateway_id)
    run_edge(settings, air=air, position=position)


@app.command()
def status(
    outbox: Annotated[Path | None, typer.Option(help="The outbox; else the settings'.")] = None,
    *,
    config: ConfigFile = None,
) -> None:
    """Say what the edge on this machine hears and holds."""
    from edge.settings import EdgeSettings
    from edge.status import NoOutbox, describe, render
    from frostline.config import load_settings
    from frostline.errors import CommandRefused

    if outbox is None:
        outbox = load_settings(EdgeSettings, role="edge", file=config).outbox_path
    try:
        typer.echo(render(describe(outbox)))
    except NoOutbox as error:
        raise CommandRefused(str(error)) from error
