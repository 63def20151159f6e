"""`frostline city`: where is delivered, and by whom?"""

from pathlib import Path
from typing import Annotated

import typer

from frostline.commands.options import ConfigFile, DatabaseUrl

app = typer.Typer(help="Where is delivered, and by whom.", no_args_is_help=True)


@app.callback()
def city() -> None:
    """Where is delivered, and by whom."""


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="A city, as TOML; docs/intake.md shows one.")],
    *,
    days: Annotated[
        int, typer.Option(min=1, max=366, help="Daily shifts are written for so many days.")
    ] = 7,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Store a city's policy, areas, addresses, depots, lockers, fleet and shifts at once."""
    import asyncio
    from datetime import UTC, datetime

    from api.intake.loading import load_city
    from api.refusals import Refused
    from frostline.city_file import read_city_file
    from frostline.database import database_of, translate_database_errors
    from frostline.errors import CommandRefused

    whole = read_city_file(file)
    now = datetime.now(UTC)
    try:
        with translate_database_errors():
            url = database_of("api", database_url, config)
            asyncio.run(load_city(url, whole, now=now, days=days))
    except Refused as refusal:
        raise CommandRefused(f"{file}: {refusal}") from refusal
    counts = {
        "addresses": whole.addresses,
        "depots": whole.depots,
        "lockers": whole.lockers,
        "vehicles": whole.vehicles,
        "shifts": whole.shifts_of(now, days),
    }
    said = ", ".join(f"{len(things)} {name}" for name, things in counts.items())
    typer.echo(f"{whole.city_id} stored: {said}")
