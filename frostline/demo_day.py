"""What does the demo show of a whole day? An hour's orders, through the parts that a day has.

It is `frostline day`, as anyone would start it: a process with services of its own, whose clock
runs ahead. Its report stays when the demo has ended.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from frostline.day.view import clock
from frostline.errors import CommandRefused
from frostline.runs import make_folder
from frostline.stack.cache import state_folder
from frostline.stack.processes import Child, Children, Program, tail

WHOLE_DAY: Final = "frostline day --orders 400 --scenario heat-wave --compare"
# Until half of it is delivered, and boxes of vans that fail were decided on.
PIECE: Final = (
    *("day", "--scenario", "hot-hour", "--until", "18:00"),
    *("--orders", "30", "--seed", "2"),
)
_CALLED: Final = "seed-2-loop "  # as its lines begin
_NAME: Final = "demo-day"
_PROMISED_AT_LEAST: Final = 0.9
_ON_TIME_AT_LEAST: Final = 0.9
_SPOILED_AT_MOST: Final = 0.1  # of all boxes: two vans' cooling fails, and one relay waits


@dataclass(frozen=True, slots=True)
class Told:
    """What a piece of a day came to."""

    report: Mapping[str, Any]
    hash: str

    @property
    def promised(self) -> int:
        """How many orders were promised; some are under way when the piece ends."""
        return int(self.report["demand"]["promised"] + self.report["demand"]["under_way"])

    @property
    def failures(self) -> list[str]:
        """Say what is not as it must be."""
        demand, kept = self.report["demand"], self.report["punctuality"]
        plan, goods = self.report["stability"], self.report["goods"]
        wrong = {
            "too few of the day's orders were promised": (
                self.promised < _PROMISED_AT_LEAST * demand["orders"]
            ),
            "nothing of the day was delivered": not demand["delivered"],
            "too few of the day's promises were kept": kept["rate"] < _ON_TIME_AT_LEAST,
            "a promise of the day broke that nobody had announced": (
                kept["announced_before_broken"] < kept["broken"]
            ),
            "the day's plan was not searched for": set(plan["by_reason"]) <= {"first"},
            "no box of the day became a question": not plan["questions"],
            "too many of the day's boxes are spoiled": (
                goods["spoiled"] > _SPOILED_AT_MOST * goods["boxes"]
            ),
        }
        return [sentence for sentence, is_so in wrong.items() if is_so]

    def line(self) -> str:
        """Return the summary line."""
        demand, kept = self.report["demand"], self.report["punctuality"]
        plan, goods = self.report["stability"], self.report["goods"]
        parts = {
            "promised": f"{self.promised}/{demand['orders']}",
            "delivered": demand["delivered"],
            "on_time": f"{kept['on_time']}/{kept['promised']}",
            "versions": plan["versions"],
            "questions": len(plan["questions"]),
            "spoiled": goods["spoiled"],
            "report": self.hash[:16],
        }
        return "day " + " ".join(f"{name}={value}" for name, value in parts.items())

    def sentences(self) -> list[str]:
        """Tell it in a few lines."""
        demand, kept = self.report["demand"], self.report["punctuality"]
        plan, goods = self.report["stability"], self.report["goods"]
        reasons = sorted(plan["by_reason"].items(), key=lambda each: (-each[1], each[0]))
        because = ", ".join(f"{count} {reason}" for reason, count in reasons)
        return [
            f"promised   {self.promised} of {demand['orders']} orders",
            f"the plan   {plan['versions']} versions: {because}",
            *_questions(plan["questions"]),
            (
                f"delivered  {demand['delivered']} until {clock(self.report['day']['until_s'])}; "
                f"on time {kept['on_time']} of {kept['promised']} that were due or came"
            ),
            f"spoiled    {goods['spoiled']} of {goods['boxes']} boxes, by their true temperature",
        ]


def _questions(questions: list[Mapping[str, Any]]) -> Iterator[str]:
    """Tell of the boxes that something was done for, else of the first that was asked about."""
    acted = [each for each in questions if each["chosen"] != "keep"]
    for each in (acted or questions)[:1]:
        yield (
            f"at risk    {each['consignment_id']} at {clock(each['at_s'])} ({each['cause']}): "
            f"{each['chosen']}; {each['why']}"
        )
    if len(questions) > 1:
        yield f"           {len(questions)} questions of boxes in all"


class Piece:
    """A piece of a day under way, in a process of its own."""

    def __init__(self, child: Child, out: Path, page: Path) -> None:
        self.page = page
        self._child = child
        self._out = out

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return not self._child.is_running

    @property
    def progress(self) -> str:
        """Say how far it is."""
        return tail(self._child.log).rpartition("\n")[2].removeprefix(_CALLED)

    def told(self) -> Told:
        """Return what it came to; raise CommandRefused if it failed."""
        if self._child.wait(0) or not self._out.exists():
            raise CommandRefused(f"the day failed; its log ends:\n{tail(self._child.log)}")
        document = json.loads(self._out.read_text(encoding="utf-8"))
        return Told(document["report"], document["hash"])


@contextmanager
def running_piece(folder: Path) -> Iterator[Piece]:
    """Start a piece of a day, its log in `folder`; stop it at the end if it still runs."""
    out = folder / f"{_NAME}.json"
    page = make_folder(state_folder(os.environ)) / f"{_NAME}.html"
    command = (sys.executable, "-m", "frostline", *PIECE, "--out", str(out), "--html", str(page))
    with Children(folder / "logs") as children:
        yield Piece(children.start(Program(_NAME, command)), out, page)
