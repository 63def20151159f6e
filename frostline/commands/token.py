"""`frostline token`: who may ask the API what?"""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from frostline.commands.options import ConfigFile, DatabaseUrl

app = typer.Typer(help="Tokens for programs that use the API.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose token; shown in lists.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; repeatable. docs/api.md.")],
    *,
    days: Annotated[
        float | None, typer.Option(min=0.01, max=36500, help="Ends after so many days.")
    ] = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Make a token and print it, once: only its hash is kept."""
    from datetime import UTC

    from api import tokens
    from frostline.database import connect
    from frostline.errors import CommandRefused

    now = datetime.now(UTC)
    expires_at = None if days is None else now + timedelta(days=days)
    with connect("api", database_url, config) as connection:
        try:
            token = tokens.create(connection, name, scope, expires_at, now=now)
        except tokens.UnknownScope as error:
            raise CommandRefused(str(error)) from error
    typer.echo(token)


@app.command("list")
def list_tokens(*, database_url: DatabaseUrl = None, config: ConfigFile = None) -> None:
    """List tokens: id, name, scopes, and whether they are good."""
    from datetime import UTC

    from api import tokens
    from frostline.database import connect

    with connect("api", database_url, config) as connection:
        rows = tokens.list_all(connection)
    now = datetime.now(UTC)
    for row in rows:
        state = _state(row.revoked_at, row.expires_at, now)
        typer.echo(f"{row.token_id}  {state:8}  {row.name}  {' '.join(row.scopes)}")


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(help="The token's id, from `token list`.")],
    *,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """End a token now."""
    from datetime import UTC

    from api import tokens
    from frostline.database import connect
    from frostline.errors import CommandRefused

    with connect("api", database_url, config) as connection:
        if not tokens.revoke(connection, token_id, now=datetime.now(UTC)):
            raise CommandRefused(f"there is no live token {token_id!r}; see `token list`.")
    typer.echo(f"{token_id} is revoked.")


def _state(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> str:
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= now else "good"
