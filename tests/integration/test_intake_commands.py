"""`frostline city load` and `frostline orders import`, over a real database."""

import json
import re
from datetime import UTC, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from frostline.cli import app
from frostline.errors import CommandRefused
from tests.api_world import World
from tests.intake_world import CITY, order, put_city, square

DOCUMENT = Path(__file__).parents[2] / "docs/intake.md"
COLUMNS = (
    "order_id,member_id,member_level,placed_at,city_id,lat_deg,lon_deg,chilled_g,chilled_value"
)


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty."""
    return wiped_world


def frostline(world: World, *arguments: str | Path) -> Result:
    """Run a command in this process; a refusal rises as it does for `main`."""
    url = ["--database-url", world.settings.database_url]
    result = CliRunner().invoke(app, [*map(str, arguments), *url])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


# A city out of a file ----------------------------------------------------------------------------


@pytest.fixture
def city_file(tmp_path: Path) -> Path:
    """Write the city of docs/intake.md, with what stands beside it."""
    found = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    path = tmp_path / "city.toml"
    path.write_text(found[1], encoding="utf-8")
    areas = {"type": "FeatureCollection", "features": [square("centre", 121.40)]}
    (tmp_path / "areas.geojson").write_text(json.dumps(areas), encoding="utf-8")
    addresses = 'address,lat_deg,lon_deg\n"12 Xinzha Road, block 3",31.2371,121.4612\n'
    (tmp_path / "addresses.csv").write_text(addresses, encoding="utf-8")
    return path


def test_the_documented_city_is_stored_and_takes_orders(world: World, city_file: Path) -> None:
    stored = frostline(world, "city", "load", city_file)
    assert stored.stdout == (
        "shanghai stored: 1 addresses, 1 depots, 1 lockers, 1 vehicles, 8 shifts\n"
    )
    depot = world.get("/depots/xinzha-road")
    assert {s["zone"]: s["available_g"] for s in depot["stock"]} == {
        "frozen": 300_000,
        "chilled": 480_000,
    }
    assert world.get("/vehicles/van-17")["city_id"] == CITY
    assert world.get("/shifts/van-17-early")["from_at"] == "2026-11-21T00:00:00Z"
    body = order(lat_deg=None, lon_deg=None, address="12 xinzha road, BLOCK 3")
    made = world.post("/orders?wait_s=0", body, status=202, **{"Idempotency-Key": "key-1"})
    assert made["delivery"]["tier_h"] == 4


def test_daily_shifts_are_of_the_citys_clock_and_so_many_days(
    world: World, city_file: Path
) -> None:
    """16:00 to 23:00 in Shanghai is 8:00 to 15:00 UTC."""
    stored = frostline(world, "city", "load", city_file, "--days", "3")
    assert ", 4 shifts\n" in stored.stdout
    rows = world.sql(
        "SELECT from_at, until_at FROM shifts WHERE shift_id <> 'van-17-early' ORDER BY from_at"
    )
    assert [from_at.astimezone(UTC).hour for from_at, _ in rows] == [8, 8, 8]
    assert all(until_at - from_at == timedelta(hours=7) for from_at, until_at in rows)
    assert {later[0] - one[0] for one, later in pairwise(rows)} == {timedelta(days=1)}


def test_a_city_is_loaded_again(world: World, city_file: Path) -> None:
    first = frostline(world, "city", "load", city_file)
    assert frostline(world, "city", "load", city_file).stdout == first.stdout
    assert len(world.get("/depots", city_id=CITY)) == 1


def test_a_city_that_is_loaded_again_keeps_what_was_counted_since(
    world: World, city_file: Path
) -> None:
    frostline(world, "city", "load", city_file)
    (depot,) = world.get("/depots", city_id=CITY)
    path = f"/depots/{depot['depot_id']}"
    zone = world.get(path)["stock"][0]["zone"]
    world.put(f"{path}/stock/{zone}", {"available_g": 7})
    frostline(world, "city", "load", city_file)
    stock = {each["zone"]: each["available_g"] for each in world.get(path)["stock"]}
    assert stock[zone] == 7


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("hours = 4", "hours = 400", r"hours: .* less than or equal to 72"),
        ("lat_deg = 31.2402", "lat_deg = 131.2402", "lat_deg: a latitude"),
        ("picking_s = 900", "piking_s = 900", "piking_s: is not known here"),
        ("from_at = 2026-11-21T08:00:00+08:00", "from_at = 2026-11-21T08:00:00", "no time zone"),
        ("closes_s = 82_800", "closes_s = ", "no TOML"),
        ('from_time = "16:00"', 'from_time = "25:00"', "from_time: .*match pattern"),
        ('drivers = ["Chen Jing"]', 'drivers = ["Li", "Li"]', "drivers: two drivers are two"),
    ],
)
def test_a_mistake_in_a_city_is_told_with_its_line_and_nothing_is_stored(
    world: World, city_file: Path, was: str, becomes: str, said: str
) -> None:
    text = city_file.read_text(encoding="utf-8")
    number = text[: text.index(was)].count("\n") + 1
    city_file.write_text(text.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(CommandRefused, match=rf"city\.toml:{number}: .*{said}"):
        frostline(world, "city", "load", city_file)
    assert world.get("/cities") == []


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('areas = ["centre"]', 'areas = ["north"]', "the area north; there are centre"),
        ("name = ", "title = ", "name: Field required"),
        ('depot_id = "xinzha-road"\nkind = "van"', 'depot_id = "d"\nkind = "van"', "no depot d"),
        ("areas.geojson", "nowhere.geojson", r"nowhere\.geojson cannot be read"),
    ],
)
def test_what_a_city_lacks_is_told_and_nothing_is_stored(
    world: World, city_file: Path, was: str, becomes: str, said: str
) -> None:
    text = city_file.read_text(encoding="utf-8")
    assert was in text
    city_file.write_text(text.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(CommandRefused, match=said):
        frostline(world, "city", "load", city_file)
    assert world.get("/cities") == []


def test_addresses_have_three_columns(world: World, city_file: Path) -> None:
    city_file.with_name("addresses.csv").write_text("street,lat_deg,lon_deg\n", encoding="utf-8")
    with pytest.raises(CommandRefused, match=r"addresses\.csv:1: the columns are address, lat_deg"):
        frostline(world, "city", "load", city_file)


# Orders out of a file ----------------------------------------------------------------------------


def line(order_id: str, lat_deg: str = "31.25", value: str = "12800") -> str:
    return f"{order_id},m-1,gold,2026-11-21T02:00:00Z,{CITY},{lat_deg},121.45,3500,{value}"


@pytest.fixture
def city(world: World) -> World:
    """Lend the module's api with a city."""
    put_city(world)
    return world


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a file with good lines and bad ones: outside, north, and without a value."""
    path = tmp_path / "orders.csv"
    lines = [line("o-1"), line("o-2", "31.35"), line("o-3", "north"), line("o-4", value="")]
    path.write_text("\n".join([COLUMNS, *lines]) + "\n", encoding="utf-8")
    return path


def orders_of(world: World) -> list[str]:
    return [found["order_id"] for found in world.get("/orders")]


def test_good_lines_go_on_and_bad_ones_are_told_with_line_and_column(
    city: World, file: Path
) -> None:
    done = frostline(city, "orders", "import", file)
    assert done.exit_code == 1
    assert done.stdout == "2 written, 0 known before, 2 refused\n"
    assert done.stderr.splitlines() == [
        f"{file}:3: lat_deg: 31.35, 121.45 lies outside the areas where shanghai delivers.",
        f"{file}:4: lat_deg: should be a valid number, unable to parse string as a number",
    ]
    assert orders_of(city) == ["o-1", "o-4"]
    assert city.get("/orders/o-1/promise")["state"] == "requested"
    assert city.get("/orders/o-1")["consignments"][0]["goods_value"] == 12_800


def test_a_line_of_an_order_that_is_not_placed_yet_is_refused(city: World, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    early = line("o-1").replace("2026-11-21", "2096-11-21")
    path.write_text(f"{COLUMNS}\n{early}\n", encoding="utf-8")
    done = frostline(city, "orders", "import", path)
    assert done.stdout == "0 written, 0 known before, 1 refused\n"
    assert done.stderr.startswith(f"{path}:2: placed_at: placed_at is 2096-11-21T02:00:00+00:00, ")
    assert orders_of(city) == []


def test_nothing_is_lost_refused_lines_are_kept_mended_and_imported(
    city: World, file: Path
) -> None:
    kept = file.with_name("mend.csv")
    frostline(city, "orders", "import", file, "--refused", kept)
    text = kept.read_text(encoding="utf-8")
    assert text.splitlines() == [COLUMNS, line("o-2", "31.35"), line("o-3", "north")]
    kept.write_text(text.replace("31.35", "31.21").replace("north", "31.22"), encoding="utf-8")
    done = frostline(city, "orders", "import", kept)
    assert (done.exit_code, done.stdout) == (0, "2 written, 0 known before, 0 refused\n")
    assert orders_of(city) == ["o-1", "o-2", "o-3", "o-4"]


def test_a_file_that_is_imported_again_doubles_nothing(city: World, file: Path) -> None:
    frostline(city, "orders", "import", file)
    again = frostline(city, "orders", "import", file)
    assert again.stdout == "0 written, 2 known before, 2 refused\n"
    assert city.sql("SELECT count(*) FROM events") == [(2,)]


def test_an_order_that_says_something_else_now_is_refused(city: World, file: Path) -> None:
    frostline(city, "orders", "import", file)
    file.write_text(f"{COLUMNS}\n{line('o-1', value='12900')}\n", encoding="utf-8")
    again = frostline(city, "orders", "import", file)
    assert "o-1. It says something else." in again.stderr
    assert again.exit_code == 1


@pytest.mark.parametrize(
    ("fee", "time_zone", "is_known"),
    [
        (600, "Asia/Shanghai", True),
        (600, "", True),
        (700, "Asia/Shanghai", False),
        (600, "Asia/Tokyo", False),
    ],
)
def test_another_fee_or_time_zone_is_something_else(
    city: World, file: Path, fee: int, time_zone: str, *, is_known: bool
) -> None:
    columns = f"{COLUMNS},delivery_fee,time_zone"
    for last in ("600,Asia/Shanghai", f"{fee},{time_zone}"):
        file.write_text(f"{columns}\n{line('o-1')},{last}\n", encoding="utf-8")
        done = frostline(city, "orders", "import", file)
    assert ("1 known before" in done.stdout) == is_known
    assert ("It says something else." in done.stderr) != is_known


@pytest.mark.parametrize("bad", [line("o-2", "31.35"), line("o-2", "north")])
def test_all_or_nothing_writes_nothing_where_a_line_is_refused(
    city: World, file: Path, bad: str
) -> None:
    file.write_text(f"{COLUMNS}\n{line('o-1')}\n{bad}\n", encoding="utf-8")
    done = frostline(city, "orders", "import", file, "--all-or-nothing")
    assert (done.exit_code, done.stdout) == (1, "0 written, 0 known before, 1 refused\n")
    assert orders_of(city) == []
    file.write_text(f"{COLUMNS}\n{line('o-1')}\n{line('o-2')}\n", encoding="utf-8")
    assert frostline(city, "orders", "import", file, "--all-or-nothing").exit_code == 0
    assert orders_of(city) == ["o-1", "o-2"]


def test_the_report_is_one_json_object(city: World, file: Path) -> None:
    report = json.loads(frostline(city, "orders", "import", file, "--json").stdout)
    assert (report["written"], report["known"]) == (2, 0)
    assert [(fault["line"], fault["column"]) for fault in report["faults"]] == [
        (3, "lat_deg"),
        (4, "lat_deg"),
    ]


def test_a_file_that_is_no_text_is_refused(city: World, file: Path) -> None:
    file.write_bytes("order_id,会员\n".encode("gb18030"))
    with pytest.raises(CommandRefused, match="save it as CSV in UTF-8"):
        frostline(city, "orders", "import", file)
