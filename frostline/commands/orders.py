"""`frostline orders`: orders out of files."""

from pathlib import Path
from typing import Annotated

import typer

from frostline.commands.options import AsJson, ConfigFile, DatabaseUrl

app = typer.Typer(help="Orders out of files.", no_args_is_help=True)


@app.callback()
def orders() -> None:
    """Orders out of files."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Orders, as CSV; docs/intake.md has the columns.")],
    *,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Write none where one is refused.")
    ] = False,
    refused: Annotated[
        Path | None, typer.Option(help="Write refused lines there, to be mended.")
    ] = None,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Request the delivery of each order in a file; exit code 1 where a line is refused."""
    from datetime import UTC, datetime

    from api.intake.creating import Now
    from api.settings import DEFAULT_TIME_ZONE
    from frostline import order_import
    from frostline.config import value_of
    from frostline.database import database_of
    from frostline.order_file import read_order_file

    given = read_order_file(file)
    url = database_of("api", database_url, config)
    time_zone = value_of("api", "default_time_zone", file=config) or DEFAULT_TIME_ZONE
    now = Now(at=datetime.now(UTC), time_zone=time_zone)
    report = order_import.run(given, url, now, all_or_nothing=all_or_nothing)
    order_import.show(report, name=str(file), as_json=as_json)
    if refused is not None:
        order_import.write_refused(refused, given, report)
    if report.faults:
        raise typer.Exit(1)
