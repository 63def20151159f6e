"""A small day from end to end: real edges, broker, ingest, judge, dispatcher, api and notifier.

Twenty orders of one hour, cut off half an hour later, twice: by the same seed it is the same day.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from frostline.day.ledger import DayLedger
from frostline.day.report import document_of, hash_of, report_of
from frostline.day.run import DayWish, Office, gateways_of
from frostline.day.scenarios import HOUR_S, SCENARIOS
from frostline.day.truth import World
from frostline.day.view import sentences_of
from frostline.local import Addresses
from frostline.migrate import migrate

HOT_HOUR = replace(
    SCENARIOS["heat-wave"],
    demand=(1.0,),
    ordered_from_s=10 * HOUR_S,
    ordered_until_s=11 * HOUR_S,
    breakdowns=0,
    delays=0,
)
WISH = DayWish(orders=20, scenario="heat-wave", seed=3, iterations=200, until_s=11.5 * HOUR_S)


def small_day(database_url: str, broker: Any, folder: Path) -> tuple[DayLedger, dict[str, int]]:
    """Run the day on a database of its own; return its ledger, and rows of what went through."""
    world = World(WISH.seed, WISH.orders, HOT_HOUR)
    names = gateways_of(world.city_setup(), world)
    addresses = Addresses(
        database_url=database_url,
        broker_url=broker.url,
        ingest_password=broker.password("ingest"),
        gateway_passwords={name: broker.password(name) for name in names},
    )
    folder.mkdir()
    ledger = asyncio.run(Office(WISH, world, addresses, folder).run(lambda _: None))
    return ledger, rows_of(database_url)


def rows_of(database_url: str) -> dict[str, int]:
    """Count what only the real loops can have written."""
    tables = ("readings", "positions", "verdicts", "plans", "stop_visits")
    with psycopg.connect(database_url) as db:
        counted = {
            table: db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  # ours
            for table in tables
        }
        waiting = db.execute("SELECT count(*) FROM touched").fetchone()
    return {table: row[0] for table, row in counted.items() if row} | {
        "touched": waiting[0] if waiting else -1
    }


def test_a_small_day_runs_through_everything_and_twice_the_same(
    database_url: str, empty_database_url: str, broker: Any, tmp_path: Path
) -> None:
    """Readings, positions, verdicts, plans and webhooks all came to be, and the hash is one."""
    migrate(empty_database_url)
    first, rows = small_day(database_url, broker, tmp_path / "1")
    again, _ = small_day(empty_database_url, broker, tmp_path / "2")
    reports = [document_of(report_of({"seed": WISH.seed}, each)) for each in (first, again)]
    assert reports[0] == reports[1]
    assert hash_of(reports[0]) == hash_of(reports[1])

    assert all(rows[table] > 0 for table in rows if table != "touched"), rows
    assert rows["touched"] == 0
    report = report_of({"seed": WISH.seed}, first)
    assert report.demand.orders == 20
    assert report.demand.promised > 0
    assert report.demand.delivered > 0
    assert report.goods.boxes > 0
    assert report.stability.versions > 0
    assert report.driving.distance_km > 0
    # Each promise was heard outside, as a signed webhook.
    assert report.webhooks["frostline.order.promised"] >= report.demand.promised
    assert len(sentences_of(reports[0])) == 7
