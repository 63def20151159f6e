"""`frostline rules`: versions of compensation rules and alerting plans."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from frostline.commands.options import ConfigFile, DatabaseUrl

app = typer.Typer(help="Versions of compensation rules and alerting plans.", no_args_is_help=True)


@app.callback()
def rules() -> None:
    """Versions of compensation rules and alerting plans."""


@app.command()
def load(
    kind: Annotated[Literal["compensation", "alerting"], typer.Argument(help="What it is.")],
    file: Annotated[Path, typer.Argument(help="The rules or the plan, as TOML.")],
    *,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Store a version: compensation rules for orders placed from now on, a plan at once."""
    from frostline.database import database_of
    from frostline.loading import load_file
    from gateway.judge.library import read_plan_document, read_rules_document

    read = read_rules_document if kind == "compensation" else read_plan_document
    typer.echo(load_file(file, read, database_of("judge", database_url, config)))
