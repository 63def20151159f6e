"""`frostline ingest`: take readings from MQTT into the database."""

from typing import Annotated

import typer

from frostline.commands.options import ConfigFile, DatabaseUrl

app = typer.Typer(help="Take readings from MQTT into the database.")
dead_letters = typer.Typer(help="What could not be read: list it, or try it again.")
app.add_typer(dead_letters, name="dead-letters")


@app.callback(invoke_without_command=True)
def ingest(
    context: typer.Context,
    *,
    shards: Annotated[
        str | None, typer.Option(help="Shards to own, such as 00-1f of 00 to 3f.")
    ] = None,
    takeover: Annotated[
        bool | None,
        typer.Option("--takeover", help="Subscribe, then wait for the shards' owner to let go."),
    ] = None,
    release: Annotated[
        bool | None,
        typer.Option("--release", help="When told to stop, drain and give the shards away."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Run the ingestor until it is told to stop."""
    if context.invoked_subcommand:
        return
    from frostline.config import load_settings
    from frostline.roles import run_ingest
    from gateway.ingest.settings import IngestSettings

    run_ingest(
        load_settings(
            IngestSettings,
            role="ingest",
            file=config,
            shards=shards,
            takeover=takeover,
            release=release,
        )
    )


@app.command()
def status(*, database_url: DatabaseUrl = None, config: ConfigFile = None) -> None:
    """Say what arrives, how late, and what could not be read."""
    from frostline.database import database_of, translate_database_errors
    from gateway.ingest.status import describe, render

    with translate_database_errors():
        typer.echo(render(describe(database_of("ingest", database_url, config))))


@dead_letters.command("list")
def list_dead_letters(
    *,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """List what could not be read, newest first, with the reason."""
    from frostline.database import database_of, translate_database_errors
    from gateway.ingest import dead_letters as letters

    with translate_database_errors():
        rows = letters.list_dead_letters(database_of("ingest", database_url, config), limit)
    typer.echo(letters.render(rows))


@dead_letters.command("replay")
def replay_dead_letters(
    ids: Annotated[
        list[int] | None,
        typer.Argument(min=1, max=2**63 - 1, help="Which; all where none is named."),
    ] = None,
    *,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Send dead letters through the ingestor's path again."""
    from frostline.database import database_of, translate_database_errors
    from gateway.ingest import dead_letters as letters

    with translate_database_errors():
        outcome = letters.replay(database_of("ingest", database_url, config), ids or None)
    typer.echo(outcome)
