"""`frostline policy`: what may temperatures be, and for how long?"""

from pathlib import Path
from typing import Annotated

import typer

from frostline.commands.options import AsJson, ConfigFile, DatabaseUrl

app = typer.Typer(help="The limits that goods are judged by.", no_args_is_help=True)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Policies, as TOML; docs/policies.md.")],
) -> None:
    """Check files of policies, and say in plain words what they mean."""
    from frostline.errors import CommandRefused
    from frostline.policies import read_policy_file
    from gateway.rules.policy_text import in_words
    from gateway.rules.toml_lines import BadFile

    refused = 0
    for file in files:
        try:
            typer.echo(in_words(read_policy_file(file)))
        except (BadFile, CommandRefused) as refusal:
            typer.echo(f"frostline: {refusal}", err=True)
            refused += 1
    if refused:
        raise typer.Exit(2)


@app.command()
def show(
    names: Annotated[
        list[str] | None, typer.Argument(help="Such as chilled or examples/msupply.")
    ] = None,
) -> None:
    """Say what the policies that come along mean; without names, all of them."""
    from difflib import get_close_matches

    from frostline.errors import CommandRefused
    from frostline.policies import read_policy_file, shipped_policies
    from gateway.rules.policy_text import in_words

    shipped = shipped_policies()
    for name in names or shipped:
        if name not in shipped:
            near = get_close_matches(name, shipped, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(shipped)}"
            raise CommandRefused(f"no policy {name} comes along; {hint}")
        typer.echo(in_words(read_policy_file(shipped[name])))


@app.command("try")
def try_(
    file: Annotated[Path, typer.Argument(help="The policy to try, as TOML.")],
    *,
    orders: Annotated[
        list[str], typer.Option(help="An order whose stored curves to judge; repeat it for more.")
    ],
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Say what a policy would have said of stored curves; nothing is written."""
    from datetime import UTC, datetime

    from frostline import policy_trial
    from frostline.database import database_of, translate_database_errors
    from frostline.errors import CommandRefused
    from frostline.policies import read_policy_file
    from gateway.judge.store import Store
    from gateway.judge.trial import try_policy
    from gateway.rules.toml_lines import BadFile

    try:
        policy = read_policy_file(file)
    except BadFile as refusal:
        raise CommandRefused(str(refusal)) from refusal
    with (
        translate_database_errors(),
        Store.connect(database_of("judge", database_url, config)) as store,
    ):
        trials = try_policy(store, policy, orders, now=datetime.now(UTC))
    if not trials:
        raise CommandRefused(f"none of these orders has a {policy.zone} box with a logger.")
    if as_json:
        typer.echo(policy_trial.render_json(trials))
    else:
        policy_trial.show(trials)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="The policy, as TOML.")],
    *,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Store a version of a policy: boxes opened from now on are judged by the newest."""
    from frostline.database import database_of
    from frostline.loading import load_file
    from gateway.judge.library import read_policy_document

    typer.echo(load_file(file, read_policy_document, database_of("judge", database_url, config)))
