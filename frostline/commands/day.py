"""`frostline day`: a whole simulated day through the real system."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frostline.commands.options import AsJson

if TYPE_CHECKING:
    from frostline.day.driver import Moment
    from frostline.day.run import DayWish
    from frostline.day.study import Study

_PLANNERS = ("search", "greedy")
_INTERRUPTED = 130  # 128 + SIGINT, as shells say it


def day(  # noqa: PLR0913  # each is an option
    *,
    orders: Annotated[int, typer.Option(min=1, max=5000, help="How many orders.")] = 400,
    scenario: Annotated[str, typer.Option(help="Which kind of day; `list` names them.")] = "normal",
    seed: Annotated[int, typer.Option(min=0, help="Which city, orders and failures.")] = 1,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="With --compare: so many, from --seed on.")
    ] = 1,
    compare: Annotated[
        bool, typer.Option("--compare", help="The same days with and without the thermal loop.")
    ] = False,
    weights: Annotated[
        str, typer.Option(help="With --compare: also with other weights of the loop: 0.5,1,2.")
    ] = "1",
    opponent: Annotated[
        str, typer.Option(help="With --compare: also `greedy` dispatch to the nearest depot.")
    ] = "",
    loop: Annotated[
        bool, typer.Option("--loop/--no-loop", help="Whether boxes' forecasts steer the plan.")
    ] = True,
    weight: Annotated[
        float, typer.Option(min=0.0, max=100.0, help="How much the loop counts expected losses.")
    ] = 1.0,
    planner: Annotated[
        str, typer.Option(help="search, or greedy: the nearest depot, first come.")
    ] = "search",
    iterations: Annotated[
        int | None, typer.Option(min=0, help="Of each search; else the dispatcher's default.")
    ] = None,
    until: Annotated[
        str, typer.Option(help="Cut the day off at this time, 14:30; else it runs to its end.")
    ] = "",
    numbers: Annotated[
        str,
        typer.Option("--with", help="Other numbers of the scenario: high_c=40,reefer_failures=3."),
    ] = "",
    on_map: Annotated[
        Path | None,
        typer.Option("--map", help="An OpenStreetMap extract instead of a made-up city."),
    ] = None,
    parallel: Annotated[
        int | None,
        typer.Option(min=1, help="With --compare: days at once; else one a core, and two."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report with charts.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the report, as JSON.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a whole day: simulated orders, traffic and boxes; real edges, broker, judge, dispatcher.

    Everything runs on one simulated clock, hours in minutes, on services of its own that end with
    it. The same seed gives the same report. Figures are of the simulator's truth: what is spoiled
    is counted by the goods' own temperature, and the judge's count stands beside it.
    """
    from frostline.day.run import DayWish
    from frostline.day.study import Study

    if scenario == "list":
        _list_scenarios()
        return
    wish = DayWish(
        orders=orders,
        scenario=scenario,
        seed=seed,
        loop=loop,
        planner=_one_of(planner, _PLANNERS, "--planner"),
        weight=weight,
        iterations=iterations,
        map_file=on_map,
        numbers=_numbers(numbers),
        until_s=_second_of(until),
    )
    if compare:
        study = Study(
            first=wish,
            seeds=seeds,
            weights=_weights(weights),
            greedy=_one_of(opponent, ("", "greedy"), "--opponent") == "greedy",
            parallel=parallel or (os.cpu_count() or 1) + 2,
        )
        document = _ended_cleanly(lambda: _compare(study))
    else:
        document = _ended_cleanly(lambda: _one(wish))
    _write(document, html=html, out=out, as_json=as_json, is_comparison=compare)


def _one(wish: "DayWish") -> dict[str, Any]:
    from frostline.day.study import line_of, run_one

    with _progress(wish.orders) as (say, show):
        return run_one(wish, lambda moment: show(line_of(wish, moment), moment), say)


def _compare(study: "Study") -> dict[str, Any]:
    from frostline.day.study import run_study

    with _status() as say:
        return run_study(study, say)


def _ended_cleanly(run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run; what Ctrl-C or SIGTERM end has stopped its processes before this returns."""
    import asyncio
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run()
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("frostline: stopped; nothing is left running.", err=True)
        raise typer.Exit(_INTERRUPTED) from None


def _write(
    document: dict[str, Any],
    *,
    html: Path | None,
    out: Path | None,
    as_json: bool,
    is_comparison: bool,
) -> None:
    from frostline.day import report_html, view

    if out is not None:
        out.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    if html is not None:
        page = report_html.comparison_page if is_comparison else report_html.day_page
        html.write_text(page(document), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
    elif is_comparison:
        view.show_comparison(document)
    elif out is None:
        view.show_day(document)


def _list_scenarios() -> None:
    from frostline.day.scenarios import SCENARIOS

    for name, scenario in SCENARIOS.items():
        typer.echo(f"{name:12} {scenario.sentence}")


def _one_of(value: str, allowed: tuple[str, ...], option: str) -> Any:
    from frostline.errors import CommandRefused

    if value not in allowed:
        names = ", ".join(name for name in allowed if name)
        raise CommandRefused(f"{option} is {value!r}; there are {names}.")
    return value


def _second_of(text: str) -> float | None:
    from frostline.errors import CommandRefused

    if not text:
        return None
    hours, _, minutes = text.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal()) or int(hours) > 24 or int(minutes) > 59:
        raise CommandRefused(f"--until is {text!r}; it looks like 14:30.")
    return int(hours) * 3600.0 + int(minutes) * 60.0


def _numbers(text: str) -> tuple[tuple[str, float], ...]:
    from frostline.errors import CommandRefused

    pairs = [part.partition("=") for part in text.split(",") if part]
    try:
        return tuple((name.strip(), float(value)) for name, _, value in pairs)
    except ValueError as error:
        raise CommandRefused(f"--with is {text!r}; it looks like high_c=40.") from error


def _weights(text: str) -> tuple[float, ...]:
    from frostline.errors import CommandRefused

    try:
        weights = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise CommandRefused(f"--weights is {text!r}; it looks like 0.5,1,2.") from error
    if any(not 0 <= weight <= 100 for weight in weights):
        raise CommandRefused(f"--weights is {text!r}; each is from 0 to 100.")
    return weights


@contextmanager
def _progress(
    orders: int,
) -> Iterator[tuple[Callable[[str], None], Callable[[str, "Moment"], None]]]:
    """Show how far a day is: a bar on a terminal, else a line an hour of the day."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        hour = -1

        def show_line(line: str, moment: "Moment") -> None:
            nonlocal hour
            if moment.second // 3600 != hour:
                hour = int(moment.second // 3600)
                typer.echo(line, err=True)

        yield (lambda words: typer.echo(words, err=True)), show_line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("preparing", total=2 * orders)

        def show_bar(line: str, moment: "Moment") -> None:
            bars.update(task, description=line, completed=moment.placed + moment.delivered)

        yield (lambda words: bars.update(task, description=words)), show_bar


@contextmanager
def _status() -> Iterator[Callable[[str], None]]:
    """Show how far several days are."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("preparing") as status:
            yield status.update
        return
    said = ""

    def say(words: str) -> None:
        nonlocal said
        done = words.partition(".")[0]
        if done != said:
            said = done
            typer.echo(words, err=True)

    yield say
