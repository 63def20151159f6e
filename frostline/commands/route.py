"""`frostline route`: the best plan for a day's deliveries, and why it is as it is."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frostline.commands.options import AsJson

if TYPE_CHECKING:
    from routing.plan import Draft, Plan
    from routing.problem import Problem
    from routing.solve import Means

app = typer.Typer(help="Plan deliveries: docs/routing.md.", no_args_is_help=True)
importing = typer.Typer(help="Read problems of other forms.", no_args_is_help=True)
app.add_typer(importing, name="import")


class Form(StrEnum):
    """Whose JSON a problem and its answer are in."""

    FROSTLINE = "frostline"
    VROOM = "vroom"


class EngineChoice(StrEnum):
    """Which engine plans."""

    AUTO = "auto"
    SEARCH = "search"
    RECOMBINED = "recombined"
    SPLIT = "split"
    CONSTRAINT = "constraint"


ProblemFile = Annotated[Path, typer.Argument(help="The problem, as JSON; - is standard input.")]
PlanFile = Annotated[Path, typer.Argument(help="The plan, as `route solve --out` wrote it.")]
Out = Annotated[Path | None, typer.Option(help="The file to write; else standard output.")]


@app.command()
def solve(  # noqa: PLR0913  # each is an option
    problem: ProblemFile,
    *,
    seconds: Annotated[
        float | None, typer.Option(min=0.01, help="How long to search; 10 if nothing is said.")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="How far to search: the same plan every time.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Where chance begins.")] = 0,
    engine: Annotated[
        EngineChoice, typer.Option(help="Who searches; auto chooses by size and time.")
    ] = EngineChoice.AUTO,
    start: Annotated[
        Path | None, typer.Option(help="A plan to begin from; the answer is never worse.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the plan, as JSON.")] = None,
    geojson: Annotated[Path | None, typer.Option(help="Write the plan, as GeoJSON.")] = None,
    on_map: Annotated[Path | None, typer.Option("--map", help="Draw its map, a PNG.")] = None,
    gantt: Annotated[Path | None, typer.Option(help="Draw each vehicle's day, a PNG.")] = None,
    form: Annotated[
        Form, typer.Option("--as", help="vroom: the problem is VROOM's JSON, and so is the answer.")
    ] = Form.FROSTLINE,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes for large problems; one a core.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Plan on the Ray cluster at this address.")
    ] = None,
    max_orders: Annotated[
        int | None, typer.Option(min=1, help="Refuse more orders; 50,000 if nothing is said.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the best plan. Ctrl-C ends the search, and gives the best until then.

    What can't be served is part of the answer, with the reason and a remedy.
    """
    from frostline import route_files as files
    from routing.check import MAX_ORDERS
    from routing.exchange.vroom_answer import answer_vroom
    from routing.plan_document import write_plan
    from routing.solve import Means

    files.check_writable(out, geojson, on_map, gantt)
    imported = files.load_vroom(problem) if form is Form.VROOM else None
    task = imported.problem if imported else files.load_problem(problem, max_orders=max_orders)
    files.check_drawable(task, geojson=geojson, on_map=on_map, gantt=gantt)
    means = Means(
        engine=engine.value,
        workers=workers,
        cluster=cluster,
        max_orders=max_orders or MAX_ORDERS,
    )
    draft = files.load_draft(start, task) if start else None
    with files.refusals(problem):
        plan = _search(task, means, draft, (seconds, iterations, seed))
    content = answer_vroom(plan, imported) if imported else write_plan(plan, task)
    if out is not None or as_json or imported:
        files.write(out, content)
    if not as_json and not imported:
        _show(task, plan)
    files.write_pictures(task, plan, geojson=geojson, on_map=on_map, gantt=gantt)


def _search(
    problem: "Problem",
    means: "Means",
    start: "Draft | None",
    effort: tuple[float | None, int | None, int],
) -> "Plan":
    from frostline.route_progress import LiveProgress, until_interrupted
    from routing.solve import solve as solve_problem

    seconds, iterations, seed = effort
    with LiveProgress() as progress, until_interrupted() as called_off:
        return solve_problem(
            problem,
            time_limit_s=seconds,
            iterations=iterations,
            seed=seed,
            start=start,
            progress=progress,
            means=replace(means, called_off=called_off),
        )


def _show(problem: "Problem", plan: "Plan") -> None:
    from frostline.route_table import show_plan
    from routing.explain import explain_plan

    show_plan(problem, plan, explain_plan(problem, plan))


@app.command()
def explain(
    plan: PlanFile,
    problem: ProblemFile,
    order: Annotated[str | None, typer.Argument(help="One order; without, the whole plan.")] = None,
) -> None:
    """Say why a plan is as it is: of one order, or in all."""
    from frostline import route_files as files
    from frostline.errors import CommandRefused
    from frostline.route_table import show_explained
    from routing import explain as explaining
    from routing.solve import as_plan

    task = files.load_problem(problem)
    with files.refusals(plan):
        answer = as_plan(task, files.load_draft(plan, task))
    if order is None:
        show_explained(explaining.explain_plan(task, answer))
        return
    try:
        typer.echo(explaining.explain(task, answer, order))
    except explaining.NoSuchOrder as error:
        raise CommandRefused(str(error)) from error


@app.command()
def check(plan: PlanFile, problem: ProblemFile, *, as_json: AsJson = False) -> None:
    """Judge a plan against a problem: each rule that it breaks. Exit code 1 if there is one."""
    import msgspec

    from frostline import route_files as files
    from frostline.route_table import show_violations
    from routing.evaluate import evaluate
    from routing.plan_document import amounts
    from routing.words import count, money

    task = files.load_problem(problem)
    draft = files.load_draft(plan, task)
    with files.refusals(plan):
        evaluation = evaluate(task, draft)
    if as_json:
        found = {
            "cost": amounts(evaluation.cost),
            "totals": evaluation.totals,
            "violations": evaluation.violations,
        }
        files.write(None, msgspec.json.encode(found) + b"\n")
    elif evaluation.feasible:
        served = sum(len(tour.visits) for tours in draft for tour in tours)
        orders = f"{served:,} of {count(len(task.orders), 'order')}"
        typer.echo(
            f"The plan breaks no rule; it serves {orders} for {money(evaluation.cost.total)}."
        )
    else:
        show_violations(evaluation)
    if not evaluation.feasible:
        raise typer.Exit(1)


@app.command()
def generate(
    *,
    orders: Annotated[int, typer.Option(min=1, max=50_000, help="How many orders.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Which city and day.")] = 0,
    scenario: Annotated[str, typer.Option(help="Which kind of day; `list` names them.")] = "normal",
    out: Out = None,
) -> None:
    """Draw a city's day to plan: homes, depots, a fleet, orders of an afternoon."""
    from frostline import route_files as files
    from frostline.errors import CommandRefused
    from routing.city import SCENARIOS, city_day
    from routing.document import write_problem

    if scenario == "list":
        for name, sentence in SCENARIOS.items():
            typer.echo(f"{name:12} {sentence}")
        return
    if scenario not in SCENARIOS:
        raise CommandRefused(f"{scenario} is no scenario; there are {', '.join(SCENARIOS)}.")
    files.write(out, write_problem(city_day(orders=orders, seed=seed, scenario=scenario)))


@importing.command()
def vroom(
    file: Annotated[Path, typer.Argument(help="VROOM's JSON input.")], *, out: Out = None
) -> None:
    """Read a problem of VROOM's; `route solve --as vroom` also answers in its form."""
    from frostline import route_files as files
    from routing.document import write_problem

    files.write(out, write_problem(files.load_vroom(file).problem))


@importing.command()
def solomon(
    file: Annotated[Path, typer.Argument(help="A VRPTW instance: Solomon's text, or VRPLIB.")],
    *,
    out: Out = None,
) -> None:
    """Read a public instance: one depot, equal vehicles, hard windows, the cost is the way."""
    from frostline import route_files as files
    from routing.document import write_problem
    from routing.exchange.solomon import read_solomon

    with files.refusals(file):
        problem = read_solomon(files.read(file))
    files.write(out, write_problem(problem))
