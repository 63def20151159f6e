"""`frostline dispatch`: keep a city's plan."""

from typing import Annotated

import typer

from frostline.commands.options import ConfigFile, DatabaseUrl

app = typer.Typer(help="Keep a city's living plan.", no_args_is_help=True)

City = Annotated[str | None, typer.Option("--city", help="Whose plan; else the settings' city.")]


@app.command()
def run(
    *,
    city: City = None,
    planner: Annotated[
        str | None, typer.Option(help="search, or greedy: the nearest depot, first come.")
    ] = None,
    thermal_loop: Annotated[
        bool | None,
        typer.Option("--loop/--no-loop", help="Whether boxes' forecasts steer the plan."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Run a city's dispatcher until it is told to stop; a second one waits to take over."""
    from frostline.config import load_settings
    from frostline.roles import run_dispatch
    from routing.dispatch.settings import DispatchSettings

    run_dispatch(
        load_settings(
            DispatchSettings,
            role="dispatch",
            file=config,
            city=city,
            planner=planner,
            thermal_loop=thermal_loop,
        )
    )


@app.command()
def status(
    *, city: City = None, database_url: DatabaseUrl = None, config: ConfigFile = None
) -> None:
    """Say who keeps each city's plan, what it holds, and what waits."""
    from frostline.database import database_of, translate_database_errors
    from routing.dispatch.status import describe, render

    with translate_database_errors():
        typer.echo(render(describe(database_of("dispatch", database_url, config), city_id=city)))
