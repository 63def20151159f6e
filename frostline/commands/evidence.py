"""`frostline evidence`: what proves a decision, and does it still hold?"""

from pathlib import Path
from typing import Annotated

import typer

from frostline.commands.options import AsJson, ConfigFile, DatabaseUrl

app = typer.Typer(help="What proves a decision, and whether it still holds.", no_args_is_help=True)


@app.command()
def export(
    *,
    order: Annotated[str | None, typer.Option(help="The order: its newest bundle.")] = None,
    trigger: Annotated[
        int | None, typer.Option(help="The trigger: what the decision that stands is made from.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Write the evidence of an order or a trigger into a file."""
    from frostline.database import database_of, translate_database_errors
    from frostline.errors import CommandRefused
    from frostline.evidence import export_file

    if (order is None) == (trigger is None):
        raise CommandRefused("name an order or a trigger: --order ID, or --trigger ID.")
    with translate_database_errors():
        content = export_file(
            database_of("seal", database_url, config), order_id=order, trigger_id=trigger
        )
    try:
        out.write_bytes(content)
    except OSError as error:
        raise CommandRefused(f"{out} cannot be written: {error.strerror}") from error
    typer.echo(f"{out}: {len(content)} bytes")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A file of `evidence export` or of the API.")],
    *,
    root: Annotated[
        str | None, typer.Option(help="The Merkle root of its seal, in hex, as you know it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a file is pending, sealed or broken, and why; exit code 1 where it is broken."""
    from frostline.evidence import describe, describe_json, verify_file

    verification = verify_file(file, root)
    typer.echo(describe_json(verification) if as_json else describe(verification))
    if verification.state == "broken":
        raise typer.Exit(1)


@app.command()
def chain(*, database_url: DatabaseUrl = None, config: ConfigFile = None) -> None:
    """Check every seal in the database, and every bundle under it; exit code 1 if one is broken."""
    from frostline.database import database_of, translate_database_errors
    from frostline.evidence import check_whole_chain
    from schemas.evidence_file import BrokenSeal

    with translate_database_errors():
        try:
            typer.echo(check_whole_chain(database_of("seal", database_url, config)))
        except BrokenSeal as error:
            typer.echo(f"broken: {error}")
            raise typer.Exit(1) from error
