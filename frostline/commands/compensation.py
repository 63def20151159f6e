"""`frostline compensation`: the published rules, and how they were applied."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from frostline.commands.options import AsJson, ConfigFile, DatabaseUrl

app = typer.Typer(
    help="The published rules of compensation, and how they were applied.", no_args_is_help=True
)

RulesFile = Annotated[
    Path | None, typer.Argument(help="A file of rules; without one, those that come along.")
]


@app.command()
def check(file: RulesFile = None) -> None:
    """Check a file of rules; refuse a bad one with its line and the reason."""
    from frostline.compensation import rules_of

    rules = rules_of(file)
    typer.echo(f"{rules.rulebook_id}, version {rules.version}: {len(rules.clauses())} clauses")


@app.command()
def text(
    file: RulesFile = None,
    *,
    language: Annotated[Literal["zh", "en"], typer.Option(help="Chinese or English.")] = "zh",
) -> None:
    """Print the text for members that follows from the rules, as Markdown."""
    from frostline.compensation import rules_of
    from gateway.rules.compensation_text import published_text

    typer.echo(published_text(rules_of(file), language), nl=False)


@app.command()
def cases(
    *,
    clause: Annotated[str, typer.Option(help="The clause that decided, such as 3.1.")],
    rulebook: Annotated[str, typer.Option(help="The rules' id.")] = "fresh-promise",
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 20,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Show earlier decisions under one clause, so that like cases are treated alike."""
    from frostline.compensation import like_cases, render, render_json
    from frostline.database import connect

    with connect("judge", database_url, config) as connection:
        found = like_cases(connection, rulebook, clause, limit)
    typer.echo(render_json(found) if as_json else render(found))
