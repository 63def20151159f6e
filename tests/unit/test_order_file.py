"""What a CSV file of orders says, and where it is wrong."""

import pytest

from frostline.errors import CommandRefused
from frostline.order_file import OrderFile, read_orders

COLUMNS = (
    "order_id,member_id,member_level,placed_at,city_id,lat_deg,lon_deg,chilled_g,chilled_value"
)
LINE = "o-1,m-1,gold,2026-11-21T02:00:00Z,shanghai,31.25,121.45,3500,12800"


def read(*lines: str, columns: str = COLUMNS) -> OrderFile:
    return read_orders("\n".join([columns, *lines]) + "\n", name="orders.csv")


def faults(*lines: str, columns: str = COLUMNS) -> list[str]:
    found = read(*lines, columns=columns)
    return [fault.said_of("orders.csv") for line in found.lines for fault in line.faults]


def test_a_line_is_an_order_with_a_consignment_for_each_zone_that_weighs() -> None:
    columns = f"{COLUMNS},frozen_g,frozen_value,ambient_g"
    (line,) = read(f"{LINE},900,,0", columns=columns).lines
    assert line.order is not None
    assert [(c.zone, c.goods_value) for c in line.order.consignments] == [
        ("frozen", None),
        ("chilled", 12_800),
    ]
    assert line.order.delivery is not None
    assert line.order.delivery.grams == {"frozen": 900, "chilled": 3500, "ambient": 0}
    assert (line.order.delivery.lat_deg, line.order.delivery.wish) == (31.25, "fastest")


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("order_id", "o/1", "orders.csv:3: order_id: 'o/1' is no order id"),
        ("placed_at", "2026-11-21 02:00", "orders.csv:3: placed_at: 2026-11-21T02:00:00 has no"),
        ("placed_at", "1795226400", "orders.csv:3: placed_at: expected a time with its zone"),
        ("member_id", "", "orders.csv:3: member_id: Field required"),
        ("lat_deg", "north", "orders.csv:3: lat_deg: should be a valid number"),
        ("lat_deg", "nan", "orders.csv:3: lat_deg: a latitude is -90 to 90"),
        ("chilled_g", "3.5 kg", "orders.csv:3: chilled_g: should be a valid integer"),
        ("chilled_value", "128.00 yuan", "orders.csv:3: chilled_value: should be a valid integer"),
        ("wish", "window", "orders.csv:3: wish: the wish window needs"),
        ("wish", "locker", "orders.csv:3: wish: the wish locker needs"),
        ("chilled_g", "", "orders.csv:3: chilled_g: a consignment is chilled"),
    ],
)
def test_a_fault_has_its_line_and_column(column: str, cell: str, said: str) -> None:
    cells = dict(zip(COLUMNS.split(","), LINE.split(","), strict=True)) | {column: cell}
    columns = ",".join(cells)
    (fault,) = faults(
        ",".join([*LINE.split(","), *[""] * (len(cells) - 9)]),
        ",".join(cells.values()),
        columns=columns,
    )
    assert fault.startswith(said)


def test_zero_zero_is_refused() -> None:
    (fault,) = faults(LINE.replace("31.25,121.45", "0,0"))
    assert fault.startswith("orders.csv:2: lat_deg: lat_deg and lon_deg are 0,0")


def test_a_line_may_have_several_faults() -> None:
    assert len(faults("o-1,m-1,gold,today,shanghai,north,121.45,3500,12800")) == 2


def test_an_order_without_goods_is_told_so() -> None:
    (fault,) = faults("o-1,m-1,gold,2026-11-21T02:00:00Z,shanghai,31.25,121.45,,")
    assert fault.startswith("orders.csv:2: chilled_g: ")


def test_a_line_with_too_few_cells_is_refused_and_the_next_goes_on() -> None:
    found = read("o-1,m-1", LINE)
    assert [line.order is None for line in found.lines] == [True, False]
    assert found.lines[0].faults[0].why == "2 cells, and there are 9 columns"


def test_lines_are_counted_over_blank_ones_and_quoted_ends_of_lines() -> None:
    quoted = LINE.replace("m-1", '"m\n1"')
    found = read("", quoted, LINE.replace("o-1", "o-2"))
    assert [line.line for line in found.lines] == [3, 5]


def test_semicolons_do_where_there_is_no_comma() -> None:
    (line,) = read(LINE.replace(",", ";"), columns=COLUMNS.replace(",", ";")).lines
    assert line.order is not None


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (COLUMNS.replace("lat_deg", "latdeg"), "'latdeg' is no column; did you mean lat_deg?"),
        (COLUMNS.replace("lat_deg", "lon_deg"), "the column lon_deg is there twice"),
        (COLUMNS.replace("order_id,", ""), "the column order_id is missing"),
        ("", "the column order_id is missing"),
    ],
)
def test_a_file_with_other_columns_is_refused(columns: str, said: str) -> None:
    with pytest.raises(CommandRefused) as refusal:
        read(columns=columns)
    assert said in str(refusal.value)


def test_a_quotation_that_never_ends_is_refused_with_its_line() -> None:
    with pytest.raises(CommandRefused) as refusal:
        read(LINE, '"o-2' + LINE)
    assert str(refusal.value).startswith("orders.csv:3: no CSV from here on")
