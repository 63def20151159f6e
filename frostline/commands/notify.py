"""`frostline notify`: tell the outside, by signed webhooks, what happened."""

from typing import Annotated

import typer

from frostline.commands.options import ConfigFile, DatabaseUrl

app = typer.Typer(help="Tell the outside, by signed webhooks, what happened.")


@app.callback(invoke_without_command=True)
def notify(
    context: typer.Context,
    *,
    allow_http: Annotated[
        bool | None,
        typer.Option("--allow-http", help="Let endpoints be http://, for trying out."),
    ] = None,
    allow_private_addresses: Annotated[
        bool | None,
        typer.Option(
            "--allow-private-addresses", help="Let endpoints be in our own network, likewise."
        ),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Run the notifier until it is told to stop."""
    if context.invoked_subcommand:
        return
    from frostline.config import load_settings
    from frostline.roles import run_notify
    from gateway.notify.settings import NotifySettings

    run_notify(
        load_settings(
            NotifySettings,
            role="notify",
            file=config,
            allow_http=allow_http,
            allow_private_addresses=allow_private_addresses,
        )
    )


@app.command()
def status(*, database_url: DatabaseUrl = None, config: ConfigFile = None) -> None:
    """Say how each endpoint fares: what waits, since when, and what went wrong last."""
    from frostline.database import database_of, translate_database_errors
    from gateway.notify.status import describe, render

    with translate_database_errors():
        typer.echo(render(describe(database_of("notify", database_url, config))))
