"""Which JSON is a problem?

The strict twin of each dataclass of a problem: one that refuses fields it doesn't know. They are
made from the dataclasses, so that there is one description of a problem and no second one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from routing.check_values import (
    BREAK,
    CURRENT,
    LOAD,
    LOCKER,
    MAX_COUNT,
    MAX_TIME_S,
    ORDER,
    ORDER_OPTIONAL,
    VEHICLE,
    VEHICLE_OPTIONAL,
    Bounds,
)
from routing.problem import Depot, Order, Place, Vehicle
from routing.travel_sources import TravelSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDocument:
    """A problem as it is written: as `routing.problem.Problem`, but travel by its source."""

    now_s: int = 0
    travel: TravelSource
    places: tuple[Place, ...]
    depots: tuple[Depot, ...]
    vehicles: tuple[Vehicle, ...]
    orders: tuple[Order, ...]


@cache
def strict(cls: type) -> type[msgspec.Struct]:
    """Return the twin of a dataclass that refuses fields it doesn't know."""
    hints = get_type_hints(cls, include_extras=True)
    return msgspec.defstruct(
        cls.__name__,
        [_field(field, _strict_hint(hints[field.name])) for field in fields(cls)],
        namespace={"__doc__": cls.__doc__},
        kw_only=True,
        frozen=True,
        forbid_unknown_fields=True,
        omit_defaults=True,
        gc=False,
    )


def _field(field: "Field[Any]", hint: Any) -> Any:
    if field.default is MISSING:
        return field.name, hint
    if field.default == frozenset():  # only an empty set of the other kind is left out
        return field.name, hint, msgspec.field(default_factory=set)
    return field.name, hint, field.default


def _strict_hint(hint: Any) -> Any:
    """Return a type with each dataclass within it replaced by its twin."""
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return strict(hint)  # type: ignore[arg-type]  # a class: no value is a type hint
    if origin in {Union, UnionType}:
        return reduce(or_, [_strict_hint(argument) for argument in arguments])
    if origin is frozenset:
        return set[arguments]  # type: ignore[valid-type]  # made while it runs
    if origin is tuple:
        return tuple[tuple(_strict_hint(argument) for argument in arguments)]  # type: ignore[misc]
    return hint


_AT: Final = re.compile(r"(?P<reason>.*?)(?: - at `\$?(?P<path>.*)`)?$", re.DOTALL)
_NAMED: Final = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)
_GOT: Final = re.compile(r"Expected `(.*)`, got `(.*)`")
_BOUND: Final = re.compile(r"Expected `(\w*)` ([^,].*)")
_VALUE: Final = re.compile(r"Invalid (?:enum )?value (.*)", re.DOTALL)
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_WORDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "array": "a list",
    "object": "an object",
    "bool": "true or false",
}
_GIVEN: Final = {**_WORDS, "float": "a fraction"}


def what_is_wrong(error: msgspec.ValidationError, shape: object) -> tuple[str, str]:
    """Return the place in the document and what to change there."""
    found = _AT.fullmatch(str(error))
    reason, path = (found["reason"], found["path"] or "") if found else (str(error), "")
    path = path.removeprefix(".")
    steps = [step[1] for step in _STEP.finditer(path)]
    if named := _NAMED.fullmatch(reason):
        where = f"{path}.{named[2]}" if path else named[2]
        if named[1] == "missing required":
            return where, "is missing; give it"
        return where, f"is not known here; {_hint(named[2], _at(shape, steps))}"
    path = path or "document"
    if value := _VALUE.fullmatch(reason):
        return path, f"is {value[1]}; {_hint(value[1].strip(_QUOTES), _at(shape, steps))}"
    if got := _GOT.fullmatch(reason):
        kinds = [_WORDS.get(kind, kind) for kind in got[1].split(" | ")]
        return path, f"is {_GIVEN.get(got[2], got[2])}; give {' or '.join(kinds)}"
    if bound := _BOUND.fullmatch(reason):
        return path, f"is out of bounds; give {_WORDS.get(bound[1], bound[1])} {bound[2]}"
    return path, reason


_QUOTES: Final = "'"


_BYTE: Final = re.compile(r"\(byte (\d+)\)$")


def no_json(data: bytes, error: Exception) -> tuple[str, str]:
    """Return the line and the reason of what is no JSON."""
    found = _BYTE.search(str(error))
    if isinstance(error, RecursionError):
        return "document", "is nested too deeply"
    if not found:
        return "document", f"is no JSON: {error}"
    byte = int(found[1])
    line_starts = data.rfind(b"\n", 0, byte) + 1
    where = f"line {data.count(10, 0, byte) + 1}, byte {byte - line_starts + 1}"
    if data[byte : byte + 9].lstrip(b"-").startswith((b"N", b"I")):
        return where, "is no JSON: there is no NaN and no Infinity; leave out what has no limit"
    return where, f"is no JSON: {_BYTE.sub('', str(error)).removeprefix('JSON is ').strip()}"


def _hint(given: str, known: Iterable[str]) -> str:
    names = sorted(set(known))
    longer = [name for name in names if given and name.startswith(f"{given}_")]
    near = longer or get_close_matches(given, names, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"


def _at(hint: Any, steps: list[str | None]) -> Iterator[str]:
    """Yield what names may stand where a path leads to: fields of an object, or values of a word.

    A step of `None` is into a list or a map.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        for option in arguments:
            yield from _at(option, steps)
    elif origin is Annotated:
        yield from _at(arguments[0], steps)
    elif origin is Literal:
        yield from map(str, arguments)
    elif origin in {tuple, dict} and steps:
        yield from _at(arguments[0 if origin is tuple else 1], steps[1:])
    elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield from _at_struct(hint, steps)


def _at_struct(struct: type[msgspec.Struct], steps: list[str | None]) -> Iterator[str]:
    hints = get_type_hints(struct, include_extras=True)
    config = struct.__struct_config__
    if not steps:
        yield from hints
    elif steps[0] == config.tag_field:
        yield str(config.tag)
    elif steps[0] in hints:
        yield from _at(hints[steps[0]], steps[1:])


def written(document: msgspec.Struct) -> bytes:
    """Return a document as JSON, with each thing of its lists on a line. Sets are sorted."""
    encode = msgspec.json.encode
    parts = []
    for name, value in msgspec.structs.asdict(document).items():
        if value and isinstance(value, tuple):
            rows = b",\n".join(encode(row, order="deterministic") for row in value)
            parts.append(encode(name) + b": [\n" + rows + b"\n]")
        else:
            parts.append(encode(name) + b": " + encode(value))
    return b"{\n" + b",\n".join(parts) + b"\n}\n"


BOUNDS: Final[Mapping[str, Bounds]] = {
    "ProblemDocument": (("now_s", MAX_TIME_S),),
    "Load": LOAD,
    "Locker": LOCKER,
    "Order": ORDER + ORDER_OPTIONAL,
    "Break": BREAK,
    "CurrentTrip": CURRENT,
    "Vehicle": VEHICLE + VEHICLE_OPTIONAL,
    "Depot": (("picking_s", MAX_TIME_S),),
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a problem's document."""
    made = msgspec.json.schema(strict(ProblemDocument))
    kinds = made["$defs"]
    for kind, bounds in BOUNDS.items():
        for name, limit in bounds:
            described = kinds[kind]["properties"][name]
            whole = next(iter(described.get("anyOf", [described])))
            whole.update(minimum=0, maximum=limit)
    hours = kinds["Depot"]["properties"]["orders_per_hour"]["anyOf"][0]
    hours.update(minItems=24, maxItems=24)
    hours["items"].update(minimum=0, maximum=MAX_COUNT)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Problem", **made}
