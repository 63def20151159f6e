"""How do several days run at once? Each in a process of its own, two more than cores.

A day has its own database and broker, waits for them a fifth of its time, and takes about a
gigabyte of memory. Children are stopped when we are.
"""

import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from frostline.day.run import DayWish
from frostline.day.view import clock
from frostline.errors import CommandRefused
from frostline.stack.processes import Child, Children, Program, tail

_LOOK_S: Final = 0.5

Documents = dict[DayWish, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Running:
    """A day in its process, and where its report will be."""

    wish: DayWish
    child: Child
    out: Path


class DayFailed(CommandRefused):
    """A day ended without a report. The message has the end of its log."""


def run_many(
    wishes: Sequence[DayWish], folder: Path, *, parallel: int, report: Callable[[str], None]
) -> Documents:
    """Run days, so many at once; return each one's document."""
    waiting = deque(dict.fromkeys(wishes))
    done: Documents = {}
    running: list[Running] = []
    with Children(folder / "logs") as children:
        while waiting or running:
            while waiting and len(running) < parallel:
                running.append(_start(waiting.popleft(), folder, children))
            time.sleep(_LOOK_S)
            for day in [day for day in running if not day.child.is_running]:
                running.remove(day)
                done[day.wish] = _read(day)
            report(_progress(len(done), len(set(wishes)), running))
    return done


def name_of(wish: DayWish) -> str:
    """Return what a day is called among others."""
    how = "greedy" if wish.planner == "greedy" else "loop" if wish.loop else "no-loop"
    weight = f"-{wish.weight:g}" if wish.loop and wish.weight != 1.0 else ""
    return f"seed-{wish.seed}-{how}{weight}"


def arguments_of(wish: DayWish) -> list[str]:
    """Return what `frostline day` is told to run such a day."""
    arguments = ["--orders", str(wish.orders), "--scenario", wish.scenario]
    arguments += ["--seed", str(wish.seed), "--planner", wish.planner]
    arguments += ["--loop" if wish.loop else "--no-loop", "--weight", str(wish.weight)]
    if wish.map_file is not None:
        arguments += ["--map", str(wish.map_file.resolve())]  # a child works elsewhere
    if wish.iterations is not None:
        arguments += ["--iterations", str(wish.iterations)]
    if wish.numbers:
        arguments += ["--with", ",".join(f"{name}={value:g}" for name, value in wish.numbers)]
    if wish.until_s is not None:
        arguments += ["--until", clock(wish.until_s)]
    return arguments


def _start(wish: DayWish, folder: Path, children: Children) -> Running:
    name = name_of(wish)
    out = folder / f"{name}.json"
    command = (sys.executable, "-m", "frostline", "day", *arguments_of(wish), "--out", str(out))
    program = Program(name, command, environ=dict(os.environ))
    return Running(wish, children.start(program), out)


def _read(day: Running) -> Mapping[str, Any]:
    if not day.out.exists():
        raise DayFailed(f"the day {name_of(day.wish)} failed; its log ends:\n{tail(day.child.log)}")
    document: Mapping[str, Any] = json.loads(day.out.read_text(encoding="utf-8"))
    return document


def _progress(done: int, all_: int, running: Sequence[Running]) -> str:
    now = "; ".join(tail(day.child.log).rpartition("\n")[2] or name_of(day.wish) for day in running)
    return f"{done} of {all_} days done. {now}"
