"""How are the public instances of vehicle routing with time windows read?

Two forms are known: Solomon's own columns, which Gehring and Homberger kept, and the sections of
VRPLIB (`TYPE : CVRPTW`). Distances and times follow the convention of the DIMACS challenge and
CVRPLIB: both are Euclidean, truncated to one decimal. A tenth becomes a metre and a second, and a
metre costs one fen: a plan's cost in fen is ten times the published one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec
import numpy as np

from routing.check import ImpossibleProblem, check
from routing.check_values import MAX_VEHICLES
from routing.problem import Depot, Load, Order, Place, Problem, Vehicle
from routing.travel import IntArray, Matrices, ModeMatrix

MODE: Final = "van"
FEN_PER_KM: Final = 1000
DROP_COST: Final = 1_000_000
"""Leaving a customer out: more than a hundred thousand of the instance's units of way."""

MAX_COORDINATE: Final = 100_000
MAX_NODES: Final = 5_000  # a matrix of them all is made
COLUMNS: Final = 7  # number, x, y, demand, opens, closes, service


class UnreadableInstance(ImpossibleProblem):
    """A file that is no such instance. `where` is its line."""


class BestKnown(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an instance: the shortest way found so far, and by how many vehicles."""

    bks: float
    bks_vehicles: int
    customers: int = 0
    vehicles_available: int = 0
    convention: str = ""


class Row(NamedTuple):
    """A line's number in the file, and its words."""

    line: int
    words: list[str]

    @property
    def where(self) -> str:
        """Return the line as a refusal names it."""
        return f"line {self.line}"


@dataclass(slots=True, kw_only=True)
class Node:
    """The depot or a customer. Coordinates are hundredths of the file's unit, times tenths."""

    number: str
    x: int = 0
    y: int = 0
    demand: int = 0
    opens: int = 0
    closes: int = 0
    service: int = 0


def read_solomon(data: bytes) -> Problem:
    """Return an instance as a problem; its first node is the depot.

    Raises `UnreadableInstance` with the line and the reason, `ImpossibleProblem` if what is read
    can't be planned.
    """
    try:
        lines = data.decode().splitlines()
    except UnicodeDecodeError as error:
        raise UnreadableInstance("file", f"is no text: {error}") from error
    rows = [Row(k, line.split()) for k, line in enumerate(lines, 1) if line.strip()]
    sections = any(row.words[0] == "NODE_COORD_SECTION" for row in rows)
    problem = _vrplib(rows) if sections else _columns(rows)
    check(problem)
    return problem


def read_best_known(data: bytes) -> dict[str, BestKnown]:
    """Return what is known of each instance, by its name. Raises `UnreadableInstance`."""
    try:
        return msgspec.json.decode(data, type=dict[str, BestKnown])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableInstance("best-known.json", str(error)) from error


def _columns(rows: Sequence[Row]) -> Problem:
    """Read Solomon's columns."""
    fleet = _after(rows, "NUMBER", "VEHICLE")
    if len(fleet.words) != 2:
        raise UnreadableInstance(fleet.where, "gives no two numbers, of vehicles and capacity")
    customers = _after(rows, "CUST", "CUSTOMER")
    nodes = [_node(row) for row in rows if row.line >= customers.line]
    vehicles = _whole(fleet, fleet.words[0], MAX_VEHICLES)
    return _problem(nodes, vehicles, _whole(fleet, fleet.words[1]))


def _after(rows: Sequence[Row], word: str, section: str) -> Row:
    """Return the row below the heading that begins with `word`."""
    for heading, row in pairwise(rows):
        if heading.words[0] == word:
            return row
    raise UnreadableInstance(
        "file",
        f"has no numbers below {section}; read are Solomon's columns "
        "and VRPLIB's sections with NODE_COORD_SECTION",
    )


def _node(row: Row) -> Node:
    if len(row.words) != COLUMNS:
        raise UnreadableInstance(row.where, f"has {len(row.words)} of {COLUMNS} columns")
    number, x, y, demand, opens, closes, service = row.words
    return Node(
        number=number,
        x=_coordinate(row, x),
        y=_coordinate(row, y),
        demand=_whole(row, demand),
        opens=_tenths(row, opens),
        closes=_tenths(row, closes),
        service=_tenths(row, service),
    )


def _vrplib(rows: Sequence[Row]) -> Problem:
    """Read VRPLIB's sections."""
    heads, sections = _parts(rows)
    if _head(heads, "EDGE_WEIGHT_TYPE").words[-1] != "EUC_2D":
        raise UnreadableInstance(heads["EDGE_WEIGHT_TYPE"].where, "is not EUC_2D; nothing else is")
    nodes = {
        row.words[0]: Node(number=row.words[0], x=_coordinate(row, x), y=_coordinate(row, y))
        for row, (x, y) in _entries(sections, "NODE_COORD_SECTION", 2)
    }
    _check_count(heads, nodes, sections)
    for row, (demand,) in _entries(sections, "DEMAND_SECTION", 1):
        _known(nodes, row).demand = _whole(row, demand)
    for row, (opens, closes) in _entries(sections, "TIME_WINDOW_SECTION", 2):
        node = _known(nodes, row)
        node.opens, node.closes = _tenths(row, opens), _tenths(row, closes)
    ordered = _depot_first(nodes, sections)
    _set_services(ordered, heads, sections)
    capacity = _head(heads, "CAPACITY")
    fleet = heads.get("VEHICLES")
    return _problem(
        ordered,
        len(nodes) if fleet is None else _whole(fleet, fleet.words[-1], MAX_VEHICLES),
        _whole(capacity, capacity.words[-1]),
    )


def _parts(rows: Sequence[Row]) -> tuple[dict[str, Row], dict[str, list[Row]]]:
    """Return the lines with a colon by their names, and each section's lines by its name."""
    heads: dict[str, Row] = {}
    sections: dict[str, list[Row]] = {}
    section: list[Row] = []
    for row in rows:
        first = row.words[0].rstrip(":")
        if first.endswith("_SECTION"):
            section = sections.setdefault(first, [])
        elif first == "EOF":
            break
        elif ":" in row.words[0] or ":" in row.words[1:2]:
            heads[first] = row
        else:
            section.append(row)
    return heads, sections


def _head(heads: Mapping[str, Row], name: str) -> Row:
    if name not in heads:
        raise UnreadableInstance("file", f"has no {name}")
    return heads[name]


def _entries(
    sections: Mapping[str, list[Row]], name: str, values: int
) -> Iterator[tuple[Row, list[str]]]:
    """Yield the lines of a section, each with its values after the node's number."""
    if not sections.get(name):
        raise UnreadableInstance("file", f"has no {name}, or an empty one")
    known: set[str] = set()
    for row in sections[name]:
        if row.words[0] in known:
            raise UnreadableInstance(row.where, f"gives node {row.words[0]} of {name} again")
        known.add(row.words[0])
        if len(row.words) != values + 1:
            reason = f"has {len(row.words)} numbers; give {values + 1} in {name}"
            raise UnreadableInstance(row.where, reason)
        yield row, row.words[1:]


def _known(nodes: Mapping[str, Node], row: Row) -> Node:
    if row.words[0] not in nodes:
        raise UnreadableInstance(row.where, f"node {row.words[0]} has no coordinates")
    return nodes[row.words[0]]


def _check_count(
    heads: Mapping[str, Row], nodes: Mapping[str, Node], sections: Mapping[str, list[Row]]
) -> None:
    """Refuse a file that leaves out a node, or what must be known of it."""
    dimension = heads.get("DIMENSION")
    if dimension is not None and _whole(dimension, dimension.words[-1]) != len(nodes):
        raise UnreadableInstance(
            dimension.where, f"is not {len(nodes)}, the nodes with coordinates"
        )
    for name in ("DEMAND_SECTION", "TIME_WINDOW_SECTION"):
        known = {row.words[0] for row in sections.get(name, [])}
        missing = [number for number in nodes if number not in known]
        if known and missing:
            raise UnreadableInstance("file", f"{name} leaves out node {missing[0]}")


def _depot_first(nodes: Mapping[str, Node], sections: Mapping[str, list[Row]]) -> list[Node]:
    depots = [row for row in sections.get("DEPOT_SECTION", []) if row.words[0] != "-1"]
    if len(depots) != 1:
        raise UnreadableInstance("file", f"has {len(depots)} depots; give one in DEPOT_SECTION")
    depot = _known(nodes, depots[0])
    return [depot, *(node for node in nodes.values() if node is not depot)]


def _set_services(
    nodes: Sequence[Node], heads: Mapping[str, Row], sections: Mapping[str, list[Row]]
) -> None:
    """Set how long the customers are served: all alike, or one by one."""
    if "SERVICE_TIME_SECTION" in sections:
        by_number = {node.number: node for node in nodes}
        for row, (service,) in _entries(sections, "SERVICE_TIME_SECTION", 1):
            _known(by_number, row).service = _tenths(row, service)
    elif "SERVICE_TIME" in heads:
        row = heads["SERVICE_TIME"]
        for node in nodes[1:]:
            node.service = _tenths(row, row.words[-1])


def _problem(nodes: Sequence[Node], vehicles: int, capacity: int) -> Problem:
    if len(nodes) > MAX_NODES:
        raise UnreadableInstance("file", f"has {len(nodes)} nodes; at most {MAX_NODES} are read")
    depot, *customers = nodes
    return Problem(
        places=tuple(Place(id=node.number) for node in nodes),
        orders=tuple(_order(node) for node in customers),
        depots=(Depot(id="depot", place=depot.number, kind="central"),),
        vehicles=tuple(
            Vehicle(
                id=f"vehicle{k}",
                depot="depot",
                mode=MODE,
                capacity=Load(ambient_g=capacity),
                start_s=depot.opens,
                end_s=depot.closes,
                cost_per_km=FEN_PER_KM,
            )
            for k in range(1, vehicles + 1)
        ),
        travel=Matrices({MODE: _matrix(nodes)}),
    )


def _order(node: Node) -> Order:
    return Order(
        id=node.number,
        place=node.number,
        load=Load(ambient_g=node.demand),
        depots=("depot",),
        not_before_s=node.opens,
        due_s=node.closes,
        latest_s=node.closes,
        service_s=node.service,
        drop_cost=DROP_COST,
    )


def _matrix(nodes: Sequence[Node]) -> ModeMatrix:
    """Return tenths: the root is exact below 2^52, and truncating hundredths truncates tenths."""
    x, y = (np.array([getattr(node, axis) for node in nodes], np.int64) for axis in "xy")
    squares = np.subtract.outer(x, x) ** 2 + np.subtract.outer(y, y) ** 2
    tenths: IntArray = (np.floor(np.sqrt(squares)) // 10).astype(np.int32)
    return ModeMatrix(tenths, tenths[None])


def _coordinate(row: Row, word: str) -> int:
    """Return hundredths."""
    number = _scaled(row, word, 100)
    if abs(number) > MAX_COORDINATE * 100:
        raise UnreadableInstance(row.where, f"coordinate {word} lies beyond {MAX_COORDINATE}")
    return number


def _tenths(row: Row, word: str) -> int:
    return _scaled(row, word, 10)


def _whole(row: Row, word: str, limit: int | None = None) -> int:
    number = _scaled(row, word, 1)
    if limit is not None and not 0 <= number <= limit:
        raise UnreadableInstance(row.where, f"is {word}; give 0 to {limit}")
    return number


def _scaled(row: Row, word: str, scale: int) -> int:
    """Return a number times `scale`, which is whole."""
    try:
        number = Decimal(word)
    except InvalidOperation as error:
        raise UnreadableInstance(row.where, f"{word} is no number") from error
    if not number.is_finite() or number.copy_abs() > 10**9:  # abs() itself may overflow
        raise UnreadableInstance(row.where, f"{word} is too large")
    scaled = number * scale
    if scaled != int(scaled):
        raise UnreadableInstance(row.where, f"{word} is finer than 1/{scale}")
    return int(scaled)
