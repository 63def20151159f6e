"""Does what was measured stand in the database, on the curve and on the page?

The air's ledger is one side. The other is read as anyone outside would: SQL, the API, the page.
"""

import asyncio
import json
import urllib.request
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import psycopg

from edge.status import describe
from firmware_sim.air import AirControl, LedgerView, Statistics
from frostline.proof import Proof, StoredRow, compare
from frostline.stack.waiting import wait_until
from frostline.story import Telling
from frostline.system import EDGE, System

# Less would prove little: D12.
MIN_MEASURED: Final = 1000
MIN_LOST_SHARE: Final = 0.10
# With four adverts a measurement and 15 % lost, 1 in 2,000 is unheard by chance; the rest is the
# start, before the edge listens, and the end.
MIN_HEARD_SHARE: Final = 0.95
_DRAIN_TIMEOUT_S: Final = 120.0
_PAGE_TIMEOUT_S: Final = 10.0

_ROWS: Final = """
SELECT l.logger_id, g.gateway_id, COALESCE(r.sequence, -1),
       (extract(epoch FROM r.measured_at) * 1000)::bigint, r.temperature_c
FROM readings r
JOIN heard_loggers l USING (logger_key)
JOIN boots b USING (boot_key)
JOIN gateways g USING (gateway_key)
"""

Points = list[tuple[int, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a check found."""

    proof: Proof
    lost_share: float  # of the adverts in reach, lost in the air
    overrun: int  # adverts that the edge did not read in time
    curve_ok: bool
    page_ok: bool

    @property
    def failures(self) -> list[str]:
        """Say what is not as it must be, or not enough to mean something."""
        proof = self.proof
        heard_share = proof.measured / max(1, proof.measured + proof.unheard)
        wrong = {
            "readings are lost, doubled, invented, changed or misplaced": not proof.holds,
            "the API's curve is not what the database holds": not self.curve_ok,
            "the member's page is not what the database holds": not self.page_ok,
            f"fewer than {MIN_MEASURED} readings were measured": proof.measured < MIN_MEASURED,
            f"less than {MIN_LOST_SHARE:.0%} of the adverts were lost in the air": (
                self.lost_share < MIN_LOST_SHARE
            ),
            f"less than {MIN_HEARD_SHARE:.0%} of the measurements were heard": (
                heard_share < MIN_HEARD_SHARE
            ),
            "the edge did not keep up with its radio": self.overrun > 0,
        }
        return [sentence for sentence, is_so in wrong.items() if is_so]

    def line(self) -> str:
        """Return the summary line."""
        proof = self.proof
        parts = {
            "measured": proof.measured,
            "stored": proof.stored,
            "missing": proof.missing,
            "duplicate": proof.duplicate,
            "unheard": proof.unheard,
            "curve": "ok" if self.curve_ok else "differs",
            "page": "ok" if self.page_ok else "differs",
            "foreign": proof.foreign,
            "altered": proof.altered,
            "misplaced": proof.misplaced,
            "lost_adverts": f"{self.lost_share:.1%}",
        }
        return "readings " + " ".join(f"{name}={value}" for name, value in parts.items())


def examine(system: System, story: Telling) -> Findings:
    """Stop the loggers, let everything arrive, and compare."""
    ledger, statistics = asyncio.run(freeze(system.layout.air))
    drain(system)
    rows = stored_rows(system.addresses.database_url)
    live = [row for row in rows if row.gateway_id == EDGE]  # the backlog was never on the air
    return Findings(
        proof=compare(ledger.rows, live),
        lost_share=statistics.lost_share,
        overrun=statistics.overrun,
        curve_ok=all(_curve_agrees(story, order_id, rows) for order_id in story.links),
        page_ok=all(_page_agrees(story, order_id, rows) for order_id in story.links),
    )


async def freeze(air: Path) -> tuple[LedgerView, Statistics]:
    """Stop the loggers; return the final ledger and the air's counts."""
    async with AirControl(air) as control:
        await control.freeze()
        return await control.ledger(), await control.statistics()


def drain(system: System, edges: tuple[str, ...] = (EDGE,)) -> None:
    """Wait until no edge holds anything that is not confirmed."""
    outboxes = [system.layout.outbox_of(name) for name in edges]
    wait_until(
        lambda: all(describe(outbox).readings == 0 for outbox in outboxes),
        timeout_s=_DRAIN_TIMEOUT_S,
        what="the edges to be rid of their readings",
    )


def stored_rows(database_url: str) -> list[StoredRow]:
    """Return every reading in the database."""
    with psycopg.connect(database_url) as connection:
        return [StoredRow(*row) for row in connection.execute(_ROWS)]


def _points_of(logger_id: str, rows: list[StoredRow]) -> Points:
    """Return a logger's stored curve."""
    return sorted(
        (row.measured_at_ms, round(row.temperature_c, 2))
        for row in rows
        if row.logger_id == logger_id
    )


def _curve_agrees(story: Telling, order_id: str, rows: list[StoredRow]) -> bool:
    """Whether the API's raw curve is what the database holds of each of the order's boxes."""
    curve = json.loads(story.client.get(f"/orders/{order_id}/curve.json?raw=true"))
    told = {body["consignment_id"]: _own_points(body) for body in curve["consignments"]}
    return told == {
        consignment_id: _points_of(logger_id, rows)
        for consignment_id, logger_id in story.boxes[order_id].items()
    }


def _own_points(consignment: dict[str, Any]) -> Points:
    """Return what the box's own logger measured; a place may fill what it did not."""
    return [
        (at_ms, round(temperature_c, 2))
        for segment in consignment["segments"]
        if segment["source"]["kind"] == "box"
        for at_ms, temperature_c in zip(
            segment["points"]["t_ms"], segment["points"]["temperature_c"], strict=True
        )
    ]


def _page_agrees(story: Telling, order_id: str, rows: list[StoredRow]) -> bool:
    """Whether the member's page shows each box's newest reading, by its time and its value."""
    with urllib.request.urlopen(story.links[order_id], timeout=_PAGE_TIMEOUT_S) as answer:  # noqa: S310  # ours
        page = MemberPage()
        page.feed(answer.read().decode())
    boxes = story.boxes[order_id]
    return page.shown.keys() == boxes.keys() and all(
        _shows(page.shown[consignment_id], _points_of(logger_id, rows))
        for consignment_id, logger_id in boxes.items()
    )


def _shows(shown: tuple[str, str], points: Points) -> bool:
    """Whether a time and a temperature in words are the newest reading's, to its decimals."""
    at_ms, temperature_c = points[-1] if points else (0, 0.0)
    written = shown[1].replace("−", "-")
    decimals = len(written.partition(".")[2])
    return shown[0] == str(at_ms) and float(written) == round(temperature_c, decimals)


class MemberPage(HTMLParser):
    """What a member's page shows of each consignment: the newest reading's time, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, tuple[str, str]] = {}
        self._consignment_id = ""
        self._at_ms = ""
        self._in_temperature = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notice a consignment's card, and its temperature."""
        named = dict(attrs)
        if "data-consignment" in named:
            self._consignment_id = named["data-consignment"] or ""
            self._at_ms = named.get("data-newest-ms") or ""
        self._in_temperature = tag == "p" and named.get("class") == "temperature"

    def handle_data(self, data: str) -> None:
        """Keep the temperature's words."""
        if self._in_temperature:
            self.shown[self._consignment_id] = (self._at_ms, data.strip())
            self._in_temperature = False
