"""`frostline bench`: how fast, against the raw limit in the same run?"""

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
