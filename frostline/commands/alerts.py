"""`frostline alerts`: what asks for somebody, and who is told of it?"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from frostline.commands.options import ConfigFile, DatabaseUrl

app = typer.Typer(help="What asks for somebody, and who is told of it.", no_args_is_help=True)
plan_app = typer.Typer(help="Plans: who is told of an alert, and when.", no_args_is_help=True)
app.add_typer(plan_app, name="plan")

ReadT = TypeVar("ReadT")
PlanFile = Annotated[Path, typer.Argument(help="A plan, as TOML; docs/alerts.md.")]


@app.command("list")
def list_alerts(
    *,
    resolved_too: Annotated[bool, typer.Option("--all", help="Resolved ones, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """List the open alerts, the most urgent first."""
    from frostline.database import database_of, translate_database_errors
    from gateway.judge import alerts_shown

    with translate_database_errors():
        url = database_of("judge", database_url, config)
        found = alerts_shown.list_alerts(url, resolved_too=resolved_too, limit=limit)
    typer.echo(alerts_shown.render_list(found))


@app.command()
def show(
    alert_id: Annotated[int, typer.Argument(min=1, help="Its number, from `alerts list`.")],
    *,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Show an alert, and who did what about it, when."""
    from frostline.database import database_of, translate_database_errors
    from frostline.errors import CommandRefused
    from gateway.judge import alerts_shown

    with translate_database_errors():
        url = database_of("judge", database_url, config)
        found = alerts_shown.show_alert(url, alert_id)
    if found is None:
        raise CommandRefused(f"there is no alert {alert_id}; see `alerts list --all`.")
    typer.echo(alerts_shown.render_alert(*found))


@plan_app.command()
def check(file: PlanFile) -> None:
    """Check a plan, and say in plain words what it means."""
    from gateway.rules.alerting_file import read_alerting_plan
    from gateway.rules.alerting_text import plan_in_words

    typer.echo(plan_in_words(_read(file, read_alerting_plan)))


@plan_app.command()
def load(file: PlanFile, *, database_url: DatabaseUrl = None, config: ConfigFile = None) -> None:
    """Store a plan; from then on the judges follow it."""
    from datetime import UTC, datetime

    from frostline.database import database_of, translate_database_errors
    from frostline.errors import CommandRefused
    from gateway.judge import library
    from gateway.judge.store import Store

    document = _read(file, library.read_plan_document)
    with (
        translate_database_errors(),
        Store.connect(database_of("judge", database_url, config), name="frostline alerts") as store,
    ):
        try:
            is_new = library.load(store, document, now=datetime.now(UTC))
        except library.VersionTaken as error:
            raise CommandRefused(str(error)) from error
    typer.echo(f"{document.name} {'is stored.' if is_new else 'was stored before.'}")


def _read(file: Path, reader: Callable[..., ReadT]) -> ReadT:
    from frostline.errors import CommandRefused
    from gateway.rules.toml_lines import BadFile

    try:
        return reader(file.read_text(encoding="utf-8"), name=str(file))
    except OSError as error:
        raise CommandRefused(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandRefused(f"{file} is not UTF-8; save it as UTF-8") from error
    except BadFile as error:
        raise CommandRefused(str(error)) from error
