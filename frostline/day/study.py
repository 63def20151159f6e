"""How is one day run and written down, and how are days of several seeds put side by side?"""

import asyncio
import logging
import os
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from frostline.day import compare, many
from frostline.day.driver import Moment, Watch
from frostline.day.report import document_of, hash_of, report_of
from frostline.day.run import DayWish, Office, gateways_of
from frostline.day.scenarios import SCENARIOS, varied
from frostline.day.truth import World
from frostline.errors import CommandRefused
from frostline.local import running_services
from frostline.runs import passing_folder
from routing.roads.network import Network
from routing.search import compile_ahead

Document = Mapping[str, Any]
Report = Callable[[str], None]

# A day's database and outboxes are thrown away: memory will do, where there is enough of it.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a folder of our own in it
_MEMORY_NEEDED_BYTES: Final = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Which days are put side by side."""

    first: DayWish
    seeds: int
    weights: tuple[float, ...] = (1.0,)
    greedy: bool = False
    parallel: int = 2


# One day -----------------------------------------------------------------------------------------


def run_one(wish: DayWish, watch: Watch, say: Report) -> dict[str, Any]:
    """Run a day here; return its document: report, hash, and what the machine took."""
    world = _world(wish)
    began_s, began_cpu_s = time.monotonic(), _cpu_s()
    _compile_ahead(say)
    names = gateways_of(world.city_setup(), world)
    _quiet_logs()
    with (
        _folder() as folder,
        running_services(folder, gateways=names, report=say, durable=False) as services,
    ):
        office = Office(wish, world, services.addresses, folder)
        ledger = asyncio.run(_until_told(office, watch))
    report = document_of(report_of(day_of(wish), ledger))
    wall = {"seconds": time.monotonic() - began_s, "cpu_seconds": _cpu_s() - began_cpu_s}
    return {"report": report, "hash": hash_of(report), "wall": wall}


def _compile_ahead(say: Report) -> None:
    """Load the compiled search: no minute of the day waits for it."""
    say("loading the search; a machine's first run compiles it, for about a minute")
    compile_ahead()


def day_of(wish: DayWish) -> dict[str, Any]:
    """Say which day it is, for its report."""
    return {
        "orders": wish.orders,
        "scenario": wish.scenario,
        "seed": wish.seed,
        "loop": wish.loop,
        "planner": wish.planner,
        "weight": wish.weight,
        "iterations": wish.iterations,
        "map": None if wish.map_file is None else wish.map_file.name,
        "until_s": wish.until_s,
        "numbers": dict(wish.numbers),
    }


async def _until_told(office: Office, watch: Watch) -> Any:
    """Run the day; SIGTERM ends it as Ctrl-C does, with everything that was started."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await office.run(watch)


def _world(wish: DayWish) -> World:
    scenario = SCENARIOS.get(wish.scenario)
    if scenario is None:
        names = ", ".join(SCENARIOS)
        raise CommandRefused(f"{wish.scenario} is no scenario; there are {names}.")
    try:
        scenario = varied(scenario, dict(wish.numbers))
    except ValueError as error:
        raise CommandRefused(f"--with: {error}.") from error
    return World(wish.seed, wish.orders, scenario, _network(wish.map_file))


def _network(map_file: Path | None) -> Network | None:
    if map_file is None:
        return None
    from routing.roads.cache import network_of
    from routing.roads.reading import UnreadableMap

    try:
        return network_of(map_file)
    except UnreadableMap as error:
        raise CommandRefused(f"--map: {error}") from error


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder for the day's data: in memory where that has room, else as any run's."""
    within = None
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED_BYTES:
        within = _MEMORY / f"frostline-{os.getuid()}"
    with passing_folder("day", within=within) as folder:
        yield folder


def _quiet_logs() -> None:
    """Keep what roles say every minute off the screen; errors are said."""
    logging.basicConfig(level=logging.ERROR)


def _cpu_s() -> float:
    """Return what this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def line_of(wish: DayWish, moment: Moment) -> str:
    """Say in a line how far a day is."""
    minutes = int(moment.second // 60)
    return (
        f"{many.name_of(wish)} {minutes // 60:02d}:{minutes % 60:02d}, "
        f"{moment.placed} of {moment.orders} ordered, {moment.delivered} delivered"
    )


# Several days ------------------------------------------------------------------------------------


def run_study(study: Study, say: Report) -> dict[str, Any]:
    """Run all days of a study; return its document."""
    began_s = time.monotonic()
    with _folder() as folder:
        done = many.run_many(wishes_of(study), folder, parallel=study.parallel, report=say)
    document = comparison_of(study, done)
    return document | {"hash": hash_of(document), "wall": {"seconds": time.monotonic() - began_s}}


def wishes_of(study: Study) -> list[DayWish]:
    """Return the days of a study: each seed without the loop, with it at each weight, greedy."""
    wishes = []
    for seed in range(study.first.seed, study.first.seed + study.seeds):
        day = replace(study.first, seed=seed, planner="search", weight=1.0)
        wishes.append(replace(day, loop=False))
        wishes += [replace(day, loop=True, weight=weight) for weight in _weights(study)]
        if study.greedy:
            wishes.append(replace(day, loop=False, planner="greedy"))
    return wishes


def comparison_of(study: Study, done: many.Documents) -> dict[str, Any]:
    """Put days side by side: a row a seed, totals, intervals, and the curve by weight."""
    found = {wish: document["report"] for wish, document in done.items()}

    def days(wanted: Callable[[DayWish], bool]) -> list[Document]:
        ours = sorted((wish for wish in found if wanted(wish)), key=lambda wish: wish.seed)
        return [found[wish] for wish in ours]

    without = days(lambda wish: not wish.loop and wish.planner == "search")
    with_loop = days(lambda wish: wish.loop and wish.weight == 1.0)
    rows = [
        compare.seed_row(on["day"]["seed"], on, off)
        for on, off in zip(with_loop, without, strict=True)
    ]
    totals = compare.totals_of(with_loop, without)
    greedy = days(lambda wish: wish.planner == "greedy")
    if greedy:
        totals |= greedy_totals(greedy)
    curve = [
        compare.point_of(weight, days(_of_weight(weight)), without) for weight in _weights(study)
    ]
    return {
        "study": day_of(study.first) | {"seeds": study.seeds},
        "rows": [asdict(row) for row in rows],
        "totals": totals,
        "intervals": {name: asdict(each) for name, each in compare.intervals_of(rows).items()},
        "curve": [asdict(point) for point in curve],
        "days": {many.name_of(wish): report for wish, report in sorted_days(found)},
        "hashes": {many.name_of(wish): done[wish]["hash"] for wish, _ in sorted_days(found)},
    }


def _of_weight(weight: float) -> Callable[[DayWish], bool]:
    return lambda wish: wish.loop and wish.weight == weight


def greedy_totals(days: Sequence[Document]) -> dict[str, Any]:
    """Return what greedy dispatch comes to over all seeds."""
    promised = sum(day["punctuality"]["promised"] for day in days)
    on_time = sum(day["punctuality"]["on_time"] for day in days)
    return {
        "on_time_greedy": on_time / promised if promised else 1.0,
        "spoiled_greedy": sum(day["goods"]["spoiled"] for day in days),
        "cost_greedy": sum(day["money"]["total"] for day in days),
    }


def sorted_days(found: Mapping[DayWish, Document]) -> list[tuple[DayWish, Document]]:
    """Return days in the order of their names."""
    return sorted(found.items(), key=lambda item: many.name_of(item[0]))


def _weights(study: Study) -> list[float]:
    """Return the weights, 1 among them: rows and totals are of it."""
    return sorted({1.0, *study.weights})
