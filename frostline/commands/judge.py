"""`frostline judge`: decide what the stored readings mean."""

import typer

from frostline.commands.options import ConfigFile, DatabaseUrl

app = typer.Typer(help="Decide what the stored readings mean.")


@app.callback(invoke_without_command=True)
def judge(context: typer.Context, *, config: ConfigFile = None) -> None:
    """Run a judge until it is told to stop; any number may run side by side."""
    if context.invoked_subcommand:
        return
    from frostline.config import load_settings
    from frostline.roles import run_judge
    from gateway.judge.settings import JudgeSettings

    run_judge(load_settings(JudgeSettings, role="judge", file=config))


@app.command()
def status(*, database_url: DatabaseUrl = None, config: ConfigFile = None) -> None:
    """Say what waits to be judged, what was found of late, and what is open."""
    from frostline.database import database_of, translate_database_errors
    from gateway.judge.status import describe, render

    with translate_database_errors():
        typer.echo(render(describe(database_of("judge", database_url, config))))
