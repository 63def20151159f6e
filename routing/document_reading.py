"""Is this JSON what it should be, and where is it not?

A field that stands twice in one object is refused: whoever decodes it takes one of the two, and
drops the other without a word.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from routing.document_shapes import no_json, what_is_wrong


def decoded(data: bytes, shape: Any, refusal: Callable[[str, str], Exception]) -> Any:
    """Return a document as `shape`, or raise a refusal of a place and a reason."""
    try:
        document = msgspec.json.decode(data, type=shape)
        twice = _repeated(data)
    except msgspec.ValidationError as error:
        raise refusal(*what_is_wrong(error, shape)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refusal(*no_json(data, error)) from error
    if twice is not None:
        raise refusal(twice, "stands here twice; give it once")
    return document


def _repeated(data: bytes) -> str | None:
    """Return the place of a field that an object gives twice, or `None`."""
    twice: list[tuple[dict[str, Any], str]] = []

    def noted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        known = dict(pairs)
        if len(known) < len(pairs):
            twice.extend((known, name) for name, times in _counted(pairs) if times > 1)
        return known

    document = json.loads(data, object_pairs_hook=noted)
    if not twice:
        return None
    holder, name = twice[0]
    path = next((path for path, value in _walked(document, "") if value is holder), "")
    return f"{path}.{name}".removeprefix(".")


def _counted(pairs: list[tuple[str, Any]]) -> Iterable[tuple[str, int]]:
    return Counter(name for name, _ in pairs).items()


def _walked(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield a value and all within it, each with its path."""
    yield path, value
    inner: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        inner = ((f"{path}.{name}".removeprefix("."), each) for name, each in value.items())
    elif isinstance(value, list):
        inner = ((f"{path}[{k}]", each) for k, each in enumerate(value))
    for place, each in inner:
        yield from _walked(each, place)
