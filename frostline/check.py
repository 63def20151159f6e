"""Does what was measured stand in the database, on the curve and on the page?

The air's ledger is one side. The other is read as anyone outside would: SQL, the API, the page.
"""

import asyncio
import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from edge.status import describe
from firmware_sim.air import AirControl, LedgerView, Statistics
from frostline.proof import Proof, StoredRow, compare
from frostline.stack.waiting import wait_until
from frostline.story import Story
from frostline.system import EDGE, System

# Less would prove little: D12.
MIN_MEASURED: Final = 1000
MIN_LOST_SHARE: Final = 0.10
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

Points = dict[str, list[tuple[int, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a check found."""

    proof: Proof
    lost_share: float  # of the adverts in reach, lost in the air
    curve_ok: bool
    page_ok: bool

    @property
    def holds(self) -> bool:
        """Whether everything is as it must be, and enough of it to mean something."""
        enough = self.proof.measured >= MIN_MEASURED and self.lost_share >= MIN_LOST_SHARE
        return self.proof.holds and self.curve_ok and self.page_ok and enough

    def line(self) -> str:
        """Return the summary line."""
        proof = self.proof
        parts = {
            "measured": proof.measured,
            "stored": proof.stored,
            "missing": proof.missing,
            "duplicate": proof.duplicate,
            "unheard": proof.unheard,
            "foreign": proof.foreign,
            "altered": proof.altered,
            "lost_adverts": f"{self.lost_share:.1%}",
            "curve": "ok" if self.curve_ok else "differs",
            "page": "ok" if self.page_ok else "differs",
        }
        return "readings " + " ".join(f"{name}={value}" for name, value in parts.items())


def examine(system: System, story: Story) -> Findings:
    """Stop the loggers, let everything arrive, and compare."""
    ledger, statistics = asyncio.run(freeze(system.layout.air))
    drain(system)
    rows = stored_rows(system.addresses.database_url)
    return Findings(
        proof=compare(ledger.rows, rows),
        lost_share=statistics.lost_share,
        curve_ok=all(_curve_agrees(story, order_id, rows) for order_id in story.links),
        page_ok=all(
            _page_agrees(story, order_id, url, rows) for order_id, url in story.links.items()
        ),
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


def _curve_agrees(story: Story, order_id: str, rows: list[StoredRow]) -> bool:
    """Whether the API's raw curve is exactly what the database holds of the order's own boxes."""
    answer = json.loads(story.client.get(f"/orders/{order_id}/curve.json"))
    curve = own_points(answer)
    return bool(curve) and curve == {
        logger_id: sorted(
            (row.measured_at_ms, round(row.temperature_c, 2))
            for row in rows
            if row.logger_id == logger_id
        )
        for logger_id in curve
    }


def own_points(curve: Mapping[str, object]) -> Points:
    """Return a curve's points by logger, of the boxes' own loggers."""
    points: Points = {}
    for consignment in curve["consignments"]:  # type: ignore[attr-defined]  # JSON
        for segment in consignment["segments"]:
            if segment["source"]["kind"] != "box":
                continue
            columns = segment["points"]
            points.setdefault(segment["source"]["logger_id"], []).extend(
                (at_ms, round(celsius, 2))
                for at_ms, celsius in zip(columns["t_ms"], columns["temperature_c"], strict=True)
            )
    return points


def _page_agrees(story: Story, order_id: str, url: str, rows: list[StoredRow]) -> bool:
    """Whether the member's page shows each box's newest temperature."""
    with urllib.request.urlopen(url, timeout=_PAGE_TIMEOUT_S) as answer:  # noqa: S310  # ours
        page = answer.read().decode()
    loggers = own_points(json.loads(story.client.get(f"/orders/{order_id}/curve.json")))
    newest = {
        row.logger_id: row.temperature_c
        for row in sorted(rows, key=lambda row: row.measured_at_ms)
        if row.logger_id in loggers
    }
    return bool(newest) and all(shown(celsius) in page for celsius in newest.values())


def shown(temperature_c: float) -> str:
    """Return a temperature as the page writes it."""
    return f"{temperature_c:.1f}".replace("-", "\N{MINUS SIGN}")
