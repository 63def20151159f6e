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
    commands_by: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose link it is: that person may command by it."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Print the signed link to the dispatcher's console of one city; it only shows.

    With --commands-by orders are pinned, moved, held and released by it, in that person's name.
    """
    from datetime import UTC, datetime

    from api.links import LinkTooLong, console_link
    from api.settings import ApiSettings
    from frostline.config import load_settings
    from frostline.errors import CommandRefused

    settings = load_settings(ApiSettings, role="api", file=config)
    expires_at = datetime.now(UTC) + timedelta(hours=hours)
    by = _name(commands_by) if commands_by is not None else None
    try:
        typer.echo(console_link(settings, city, expires_at, by=by))
    except LinkTooLong as error:
        raise CommandRefused(str(error)) from error


def _name(text: str) -> str:
    """Return a person's name; raise CommandRefused for one that the API would refuse."""
    from pydantic import TypeAdapter, ValidationError

    from api.dispatch.resources import Dispatcher
    from frostline.errors import CommandRefused

    try:
        name: str = TypeAdapter(Dispatcher).validate_python(text)
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise CommandRefused(f"--commands-by is {text!r}: {why}") from error
    return name
