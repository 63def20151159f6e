"""On which line of a TOML file does a value stand, so that a refusal can point at it?

The standard library's reader tells lines only of broken TOML. Here each table's header and each key
at the start of a line has its line; what stands deeper, within an inline table, has its key's.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final, TypeVar

import msgspec

ShapeT = TypeVar("ShapeT")
TomlPath = tuple[str | int, ...]

_PART: Final = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_KEY: Final = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=(.*)", re.DOTALL)
_HEADER: Final = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
# What changes whether a value is complete: texts, comments, and brackets. A text of several lines
# that is not closed yet takes the rest.
_TOKEN: Final = re.compile(
    r"""
      \"{3} (?:\\.|[^\\])*? \"{3}  |  \"{3} (?P<open>.*)
    | '{3} .*? '{3}  |  '{3} (?P<raw>.*)
    | "(?:\\.|[^"\\\n])*"  |  '[^'\n]*'  |  \#[^\n]*
    | (?P<in>[\[{])  |  (?P<out>[\]}])
    """,
    re.DOTALL | re.VERBOSE,
)
_AT: Final = re.compile(r"^(?P<reason>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


class BadFile(ValueError):
    """A file that cannot be used. The message is FILE:LINE and the reason."""

    def __init__(self, name: str, line: int, reason: str) -> None:
        super().__init__(f"{name}:{line}: {reason}")
        self.line = line
        self.reason = reason


class TomlFile:
    """A TOML file, its values and their lines."""

    def __init__(self, text: str, *, name: str) -> None:
        """Read TOML; `name` is what refusals call the file. Raises BadFile."""
        self.name = name
        try:
            self.values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            last = len(text.splitlines()) or 1
            raise BadFile(name, int(found[1]) if found else last, f"no TOML: {error}") from error
        self._lines = dict(_lines(text))

    def line_of(self, path: TomlPath) -> int:
        """Return the line of a value, or of the innermost table around it that has one."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def refuse(self, path: TomlPath, reason: str) -> BadFile:
        """Return the refusal of a value, to be raised."""
        return BadFile(self.name, self.line_of(path), reason)

    def read_as(self, shape: type[ShapeT]) -> ShapeT:
        """Return the values as a dataclass; a name that it does not know is refused, too.

        Raises BadFile.
        """
        try:
            made = msgspec.convert(self.values, shape)
        except msgspec.ValidationError as error:
            found = _AT.match(str(error))
            reason, at = (found["reason"], found["path"] or "") if found else (str(error), "")
            path = tuple(int(i) if i else name for name, i in _STEP.findall(at))
            raise self.refuse(path, _in_words(path, reason)) from error
        for path, hint in _unknown(self.values, msgspec.to_builtins(made), ()):
            raise self.refuse(path, f"{path[-1]} is not known here; {hint}")
        return made


def _unknown(given: object, known: object, path: TomlPath) -> Iterator[tuple[TomlPath, str]]:
    """Return what a file says and nobody read, with a hint at what may have been meant."""
    if isinstance(given, dict) and isinstance(known, dict):
        for name, value in given.items():
            if name in known:
                yield from _unknown(value, known[name], (*path, name))
            else:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                yield (*path, name), hint
    elif isinstance(given, list) and isinstance(known, list | tuple):
        for i, (value, of) in enumerate(zip(given, known, strict=False)):
            yield from _unknown(value, of, (*path, i))


def _in_words(path: TomlPath, reason: str) -> str:
    named = next((step for step in reversed(path) if isinstance(step, str)), None)
    return reason if named is None or named in reason else f"{named}: {reason}"


def _lines(text: str) -> Iterator[tuple[TomlPath, int]]:
    """Return each path that begins a line, with the line's number from 1."""
    tables: dict[TomlPath, int] = {}
    table: TomlPath = ()
    pending = ""
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        if pending:
            pending = _unfinished(pending + line)
        elif header := _HEADER.match(line):
            table = _table(_parts(header[2]), tables, is_array=header[1] == "[[")
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_parts(key[1])), number
            pending = _unfinished(key[2])


def _parts(dotted: str) -> tuple[str, ...]:
    value: object = tomllib.loads(f"{dotted} = 0")
    parts: list[str] = []
    while isinstance(value, Mapping):
        part, value = next(iter(value.items()))
        parts.append(part)
    return tuple(parts)


def _table(parts: tuple[str, ...], arrays: dict[TomlPath, int], *, is_array: bool) -> TomlPath:
    """Return a header's path, with the place of each array's newest table; count a new one."""
    path: TomlPath = ()
    for depth, part in enumerate(parts, start=1):
        path = (*path, part)
        if is_array and depth == len(parts):
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _unfinished(value: str) -> str:
    """Return a value that goes on in the next line; nothing if it is complete."""
    depth = 0
    for token in _TOKEN.finditer(value):
        if token["open"] is not None or token["raw"] is not None:
            return value
        depth += (token["in"] is not None) - (token["out"] is not None)
    return value if depth > 0 else ""
