"""`frostline demo`, `up`, `doctor`, `migrate`: this machine."""

from typing import Annotated

import typer

from frostline.commands.options import ConfigFile, DatabaseUrl


def demo(
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="No screen: run for a while, compare, and exit 0 or 1."),
    ] = False,
    seconds: Annotated[
        int, typer.Option(min=10, help="With --check: how long the loggers measure.")
    ] = 60,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Without --check: the API's; 0 for any free one.")
    ] = 8080,
) -> None:
    """Run the whole system on this machine: simulated loggers to a member's page."""
    from frostline.demo import check_demo, show_demo

    if check:
        raise typer.Exit(0 if check_demo(seconds) else 1)
    show_demo(port)


def up(
    *,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also ingest, judge, sealer, notifier, API and dispatchers."),
    ] = False,
) -> None:
    """Start the local services, database and broker, and say how to reach them.

    With --all every process of the gateway runs, and a dispatcher for each city that is loaded.
    """
    from frostline.up import serve_local

    serve_local(everything=everything)


def doctor() -> None:
    """Check this machine, and say what to do."""
    from frostline.doctor import examine, render

    findings = examine()
    typer.echo(render(findings))
    raise typer.Exit(1 if any(finding.level == "error" for finding in findings) else 0)


def migrate(
    *,
    plain: Annotated[
        bool, typer.Option("--plain", help="Accept a PostgreSQL without TimescaleDB.")
    ] = False,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Bring the database to this version's schema; safe to repeat."""
    from frostline.database import database_of, translate_database_errors
    from frostline.migrate import migrate as apply

    with translate_database_errors():
        applied = apply(database_of("ingest", database_url, config), require_timescaledb=not plain)
    typer.echo("\n".join(applied) if applied else "The database is up to date.")
