"""Which orders does a CSV file hold, and what is wrong with the others, by line and column?

The first line names the columns. A line becomes an order as `POST /orders` takes it, with a
consignment for each zone that weighs something. docs/intake.md has the columns.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from api.intake.resources import RequestedOrder
from frostline.errors import CommandRefused

ZONES: Final = ("frozen", "chilled", "ambient")
_HEAD: Final = (
    "order_id",
    "member_id",
    "member_level",
    "time_zone",
    "placed_at",
    "currency",
    "delivery_fee",
)
_DELIVERY: Final = (
    "city_id",
    "lat_deg",
    "lon_deg",
    "address",
    "wish",
    "window_from",
    "window_until",
    "locker_id",
    "service_s",
    *(f"{zone}_g" for zone in ZONES),
)
_VALUES: Final = tuple(f"{zone}_value" for zone in ZONES)
COLUMNS: Final = (*_HEAD, *_DELIVERY, *_VALUES)
REQUIRED: Final = ("order_id", "member_id", "member_level", "placed_at", "city_id")


_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a line. No column: with the line as a whole."""

    line: int
    column: str | None
    why: str

    def said_of(self, name: str) -> str:
        """Return FILE:LINE: COLUMN: why."""
        column = f" {self.column}:" if self.column else ""
        return f"{name}:{self.line}:{column} {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """A line of the file: an order, or what is wrong with it."""

    line: int
    cells: tuple[str, ...]
    order: RequestedOrder | None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFile:
    """A file's columns and lines."""

    columns: tuple[str, ...]
    lines: tuple[OrderLine, ...]


def read_order_file(path: Path) -> OrderFile:
    """Read a file. Raises CommandRefused where nothing of it can be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandRefused(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandRefused(f"{path} is not UTF-8; save it as CSV in UTF-8") from error
    return read_orders(text, name=str(path))


def read_orders(text: str, *, name: str) -> OrderFile:
    """Read the text of a file; `name` is what refusals call it. Raises CommandRefused."""
    rows = _rows(text, name)
    line, columns = next(rows, (1, ()))
    columns = tuple(column.strip() for column in columns)
    _check_columns(columns, f"{name}:{line}")
    lines = tuple(_read_line(number, columns, cells) for number, cells in rows)
    return OrderFile(columns=columns, lines=lines)


def _rows(text: str, name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield rows that are not blank, each with the number of its first line."""
    header = text.partition("\n")[0]
    delimiter = ";" if ";" in header and "," not in header else ","
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, tuple(cells)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise CommandRefused(f"{name}:{begins}: no CSV from here on: {error}") from error


def _check_columns(columns: tuple[str, ...], where: str) -> None:
    for column in columns:
        if column not in COLUMNS:
            near = get_close_matches(column, COLUMNS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(COLUMNS)}"
            raise CommandRefused(f"{where}: {column!r} is no column; {hint}")
        if columns.count(column) > 1:
            raise CommandRefused(f"{where}: the column {column} is there twice")
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise CommandRefused(f"{where}: the column {missing[0]} is missing")


def _read_line(number: int, columns: tuple[str, ...], cells: tuple[str, ...]) -> OrderLine:
    if len(cells) != len(columns):
        why = f"{len(cells)} cells, and there are {len(columns)} columns"
        fault = Fault(line=number, column=None, why=why)
        return OrderLine(line=number, cells=cells, order=None, faults=(fault,))
    given = {
        column: cell.strip() for column, cell in zip(columns, cells, strict=True) if cell.strip()
    }
    try:
        order = RequestedOrder.model_validate(_as_order(given))
    except ValidationError as error:
        faults = tuple(
            Fault(line=number, column=_column(fault, given), why=_why(fault["msg"]))
            for fault in error.errors()
        )
        return OrderLine(line=number, cells=cells, order=None, faults=faults)
    return OrderLine(line=number, cells=cells, order=order)


def _as_order(given: Mapping[str, str]) -> dict[str, Any]:
    """Return what `POST /orders` would be sent; cells stay text, which it reads as well."""
    return {
        **{name: given[name] for name in _HEAD if name in given},
        "consignments": [
            {"zone": zone, "goods_value": given.get(f"{zone}_value")} for zone in _zones(given)
        ],
        "delivery": {name: given[name] for name in _DELIVERY if name in given},
    }


def _zones(given: Mapping[str, str]) -> list[str]:
    """Return the zones of which a line says anything: a value without a weight is refused."""
    return [
        zone for zone in ZONES if given.get(f"{zone}_g", "0") != "0" or f"{zone}_value" in given
    ]


def _column(fault: ErrorDetails, given: Mapping[str, str]) -> str | None:
    """Return the column that a fault is about: by its place, else the first that it names."""
    match fault["loc"]:
        case ("consignments",):  # there is none: no zone weighs anything
            return "chilled_g"
        case ("consignments", int(index), *_):
            return f"{_zones(given)[index]}_value"
        case (*_, str(name)) if name in COLUMNS:
            return name
        case _:
            return next((word for word in _WORD.findall(fault["msg"]) if word in COLUMNS), None)


def _why(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input ")
