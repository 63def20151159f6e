"""The command `frostline`: which process, or which question?

Commands import what they need when they run, so that an edge starts without a database client.
"""

import sys
from typing import Annotated, Final

import typer

from frostline import __version__
from frostline.commands import (
    alerts,
    api,
    bench,
    city,
    compensation,
    day,
    dispatch,
    edge,
    evidence,
    ingest,
    judge,
    local,
    notify,
    orders,
    policy,
    replay,
    route,
    rules,
    seal,
    sim,
    token,
    webhooks,
)
from frostline.errors import CommandRefused
from frostline.stack.errors import StackError
from schemas.ids import MalformedId
from schemas.settings import BadSetting
from schemas.topics import MalformedShards

_OURS: Final = frozenset(
    {"api", "bench", "edge", "firmware_sim", "frostline", "gateway", "routing", "schemas"}
)

app = typer.Typer(
    help="Proves the cold chain of every grocery order, and runs its deliveries.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(local.demo)
app.command()(day.day)
app.command()(local.up)
app.command()(local.doctor)
app.command()(local.migrate)
app.add_typer(edge.app, name="edge")
app.add_typer(ingest.app, name="ingest")
app.add_typer(judge.app, name="judge")
app.add_typer(policy.app, name="policy")
app.add_typer(rules.app, name="rules")
app.add_typer(alerts.app, name="alerts")
app.command()(seal.seal)
app.add_typer(evidence.app, name="evidence")
app.add_typer(compensation.app, name="compensation")
app.add_typer(notify.app, name="notify")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(route.app, name="route")
app.add_typer(city.app, name="city")
app.add_typer(orders.app, name="orders")
app.add_typer(dispatch.app, name="dispatch")
app.command()(api.api)
app.command()(api.link)
app.command()(api.console)
app.command()(sim.sim)
app.command()(replay.replay)
app.add_typer(token.app, name="token")
app.add_typer(bench.app, name="bench")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"frostline {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[  # its callback acts
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Say the version, or go on to a command."""


def main() -> None:
    """Run a command; what the caller can mend becomes one sentence and exit code 2."""
    try:
        app()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _OURS:
            raise  # a bug, not a missing package
        typer.echo(
            f"frostline: the package {error.name} is not installed; this command needs an extra "
            "of Frostline: pip install 'frostline[all]', or see README.md for smaller ones.",
            err=True,
        )
        sys.exit(2)
    except (CommandRefused, StackError, BadSetting, MalformedId, MalformedShards) as error:
        typer.echo(f"frostline: {error}", err=True)
        sys.exit(2)
