"""`frostline bench`: how fast, against the raw limit in the same run?"""

from pathlib import Path
from typing import Annotated

import typer

from frostline.commands.options import AsJson

app = typer.Typer(help="Measure this machine against its own raw limits.", no_args_is_help=True)

Seconds = Annotated[int, typer.Option(min=5, help="How long to measure.")]


@app.command()
def ingest(
    *,
    runs: Annotated[int, typer.Option(min=1, help="Alternating runs; the median counts.")] = 5,
    as_json: AsJson = False,
) -> None:
    """MQTT to durable rows, beside a raw COPY into the same table."""
    from bench.ingest import run

    run(json=as_json, runs=runs)


@app.command()
def edge(
    *,
    loggers: Annotated[int, typer.Option(min=1, help="Simulated loggers in reach.")] = 1000,
    seconds: Seconds = 60,
    as_json: AsJson = False,
) -> None:
    """Core share, memory and bytes a reading of one edge."""
    from bench.edge import run

    run(loggers=loggers, seconds=seconds, json=as_json)


@app.command()
def latency(*, seconds: Seconds = 60, as_json: AsJson = False) -> None:
    """From the air to the row, the verdict and the webhook, p50 and p99."""
    from bench.latency import run

    run(seconds=seconds, json=as_json)


@app.command()
def judge(
    *,
    boxes: Annotated[
        int, typer.Option(min=2000, help="Simulated boxes that the forecast is scored on.")
    ] = 2000,
    as_json: AsJson = False,
) -> None:
    """Rules, forecasts and consignments a second, and how good the forecast is."""
    from bench.judge import run

    run(boxes=boxes, json=as_json)


@app.command()
def dispatch(
    *,
    orders: Annotated[int, typer.Option(min=1, help="Promised and under way at once.")] = 500,
    requests: Annotated[int, typer.Option(min=1, help="Promises to ask for.")] = 100,
    events: Annotated[int, typer.Option(min=1, help="Delays, cancellations, weather.")] = 60,
    iterations: Annotated[int, typer.Option(min=1, help="Of the search, a plan.")] = 2000,
    as_json: AsJson = False,
) -> None:
    """From an order to its promise, and from an event to the new plan, p50 and p99."""
    from bench.dispatch import run

    run(orders=orders, requests=requests, events=events, iterations=iterations, json=as_json)


@app.command()
def route(  # noqa: PLR0913  # each is an option
    *,
    classes: Annotated[
        str, typer.Option("--class", help="Kinds of problems, by commas.")
    ] = "public,own,plain",
    engines: Annotated[
        str, typer.Option(help="Whom to ask, by commas; also: constraint, our OR-Tools engine.")
    ] = "ours,ortools,pyvrp,vroom",
    orders: Annotated[str, typer.Option(help="Orders a day, by commas; else each class's.")] = "",
    seeds: Annotated[int, typer.Option(min=1, help="Seeds 1 to so many.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.1, help="For each engine and problem.")] = 10.0,
    instances: Annotated[
        Path | None, typer.Option(help="Folder of public instances; else the six that come along.")
    ] = None,
    replan: Annotated[bool, typer.Option("--replan", help="Plan 500 orders again in 1 s.")] = False,
    first: Annotated[bool, typer.Option("--first", help="Time to a first plan.")] = False,
    as_json: AsJson = False,
) -> None:
    """How good our plans are beside those of OR-Tools, PyVRP and VROOM, in the same time."""
    from bench.route import Wrong, asked_for, run, run_first
    from bench.route_replan import run as run_replan

    try:
        if replan:
            run_replan(seeds=seeds, json=as_json)
            return
        asked = asked_for(
            {"class": classes, "engines": engines, "orders": orders},
            seeds=seeds,
            seconds=seconds,
            instances=instances,
        )
        (run_first if first else run)(asked, json=as_json)
    except Wrong as wrong:
        raise typer.BadParameter(str(wrong)) from wrong
