"""`frostline policy`: what may temperatures be, and for how long?"""

from pathlib import Path
from typing import Annotated

import typer

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
