"""`frostline api`, `link` and `console`: the door for people and programs."""

from datetime import timedelta
from typing import Annotated

import typer

from frostline.commands.options import ConfigFile


def api(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")] = None,
    config: ConfigFile = None,
) -> None:
    """Serve curves, orders, live streams and the members' pages over HTTP."""
    from api.settings import ApiSettings
    from frostline.config import load_settings
    from frostline.roles import run_api

    run_api(load_settings(ApiSettings, role="api", file=config, host=host, port=port))


def link(
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")],
    *,
    hours: Annotated[
        float, typer.Option(min=0.01, max=87600, help="How long the link is good.")
    ] = 48,
    config: ConfigFile = None,
) -> None:
    """Print the signed link to a member's page for one order."""
    from datetime import UTC, datetime

    from api.links import LinkTooLong, order_link
    from api.settings import ApiSettings
    from frostline.config import load_settings
    from frostline.errors import CommandRefused

    settings = load_settings(ApiSettings, role="api", file=config)
    expires_at = datetime.now(UTC) + timedelta(hours=hours)
    try:
        typer.echo(order_link(settings, order_id, expires_at))
    except LinkTooLong as error:
        raise CommandRefused(str(error)) from error


def console(
    *,
    city: Annotated[str, typer.Option(help="The city's id.")],
    hours: Annotated[
        float, typer.Option(min=0.01, max=87600, help="How long the link is good.")
    ] = 12,
    config: ConfigFile = None,
) -> None:
    """Print the signed link to the dispatcher's console of one city."""
    from datetime import UTC, datetime

    from api.links import LinkTooLong, console_link
    from api.settings import ApiSettings
    from frostline.config import load_settings
    from frostline.errors import CommandRefused

    settings = load_settings(ApiSettings, role="api", file=config)
    expires_at = datetime.now(UTC) + timedelta(hours=hours)
    try:
        typer.echo(console_link(settings, city, expires_at))
    except LinkTooLong as error:
        raise CommandRefused(str(error)) from error
