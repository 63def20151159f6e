"""Can a library that was linked against a newer glibc be loaded by an older one?

Yes, where it needs only few of the newer symbols and each has an older equal. In the library's own
tables (ELF, and "Symbol Versioning" in the Linux Standard Base) each such symbol is made
unversioned, `__isoc23_strtol` becomes `strtol`, and the newer version itself a weak need, which the
loader does not insist on. Any other newer symbol is an error: better no library than one that
fails later. Nothing changes where glibc is new enough.
"""

import os
import re
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frostline.stack.errors import StackError

Version = tuple[int, ...]

# C23's variants of strtol and sscanf differ only in reading 0b prefixes. strlcpy and strlcat came
# with glibc 2.38; the postgres program exports its own.
_ISO_C23: Final = b"__isoc23_"
EQUALS: Final = frozenset(
    {b"strlcpy", b"strlcat"}
    | {_ISO_C23 + name for name in (b"strtol", b"strtoul", b"strtoll", b"strtoull", b"sscanf")}
)

_ELF64_LITTLE_ENDIAN = b"\x7fELF\x02\x01"
_SHT_DYNSYM, _SHT_VERNEED, _SHT_VERSYM = 11, 0x6FFFFFFE, 0x6FFFFFFF
_VER_FLG_WEAK, _VER_NDX_GLOBAL, _VERSYM_HIDDEN = 2, 1, 0x8000
_SECTION = struct.Struct("<IIQQQQIIQQ")
_NEED = struct.Struct("<HHIII")  # version, count, file, offset of the first version, next need
_NEEDED_VERSION = struct.Struct("<IHHII")  # hash, flags, index, name, next version
_SYMBOL_BYTES = 24


class UnknownSymbol(StackError):
    """A library needs a newer symbol that has no known equal."""


@dataclass(frozen=True)
class _Section:
    offset: int
    size: int
    link: int


@dataclass(frozen=True)
class _NeededVersion:
    offset: int  # of its entry in the file
    flags: int
    index: int  # by which symbols refer to it
    name: bytes  # such as GLIBC_2.38


def glibc_version() -> Version:
    """Return this machine's, such as (2, 36); (0,) where the C library is another one."""
    name, _, number = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    return parse_version(number) if name == "glibc" else (0,)


def parse_version(text: str) -> Version:
    """Read such as `2.36`."""
    return tuple(int(part) for part in text.split("."))


def lower_glibc(library: Path, limit: Version, equals: Collection[bytes] = EQUALS) -> list[str]:
    """Make a library loadable with glibc `limit`; return the symbols that were changed."""
    image = bytearray(library.read_bytes())
    changed = lowered(image, limit, equals)
    if changed:
        beside = library.with_name(f"{library.name}.lowered")
        beside.write_bytes(image)
        beside.chmod(library.stat().st_mode)
        beside.replace(library)
    return changed


def lowered(image: bytearray, limit: Version, equals: Collection[bytes] = EQUALS) -> list[str]:
    """Change the image in place; return the names of the symbols that were changed."""
    sections = _sections(image)
    newer = {v.index: v for v in _needed_versions(image, sections) if _is_newer(v.name, limit)}
    if not newer:
        return []
    changed = [
        _unversion(image, sections, number, equals)
        for number in _symbols_of(image, sections[_SHT_VERSYM], newer)
    ]
    for version in newer.values():
        struct.pack_into("<H", image, version.offset + 4, version.flags | _VER_FLG_WEAK)
    return changed


def _sections(image: bytearray) -> dict[int, _Section]:
    """Return the first section of each type, and the string table of symbols as type 0."""
    if image[:6] != _ELF64_LITTLE_ENDIAN:
        raise StackError("not a 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", image, 0x28)
    entry_bytes, count = struct.unpack_from("<HH", image, 0x3A)
    found: dict[int, _Section] = {}
    all_sections = []
    for number in range(count):
        _, kind, _, _, offset, size, link, *_ = _SECTION.unpack_from(
            image, table + number * entry_bytes
        )
        all_sections.append(_Section(offset, size, link))
        found.setdefault(kind, all_sections[-1])
    if _SHT_DYNSYM in found:
        found[0] = all_sections[found[_SHT_DYNSYM].link]
    return found


def _text(image: bytearray, sections: dict[int, _Section], offset: int) -> bytes:
    start = sections[0].offset + offset
    return bytes(image[start : image.index(0, start)])


def _needed_versions(image: bytearray, sections: dict[int, _Section]) -> Iterator[_NeededVersion]:
    if _SHT_VERNEED not in sections:
        return
    at = sections[_SHT_VERNEED].offset
    following = at
    while following:
        _, count, _, first, following = _NEED.unpack_from(image, at)
        entry = at + first
        for _ in range(count):
            _, flags, index, name, step = _NEEDED_VERSION.unpack_from(image, entry)
            yield _NeededVersion(entry, flags, index, _text(image, sections, name))
            entry += step
        at += following


def _is_newer(name: bytes, limit: Version) -> bool:
    match = re.fullmatch(rb"GLIBC_([0-9.]+)", name)
    return match is not None and parse_version(match[1].decode()) > limit


def _symbols_of(image: bytearray, versions: _Section, wanted: Collection[int]) -> Iterator[int]:
    for number in range(versions.size // 2):
        (index,) = struct.unpack_from("<H", image, versions.offset + 2 * number)
        if index & ~_VERSYM_HIDDEN in wanted:
            yield number


def _unversion(
    image: bytearray, sections: dict[int, _Section], number: int, equals: Collection[bytes]
) -> str:
    symbol = sections[_SHT_DYNSYM].offset + _SYMBOL_BYTES * number
    (name_offset,) = struct.unpack_from("<I", image, symbol)
    name = _text(image, sections, name_offset)
    if name not in equals:
        raise UnknownSymbol(f"{name.decode()} needs a newer glibc and has no known equal")
    if name.startswith(_ISO_C23):  # the rest of the same text is the older name
        struct.pack_into("<I", image, symbol, name_offset + len(_ISO_C23))
    struct.pack_into("<H", image, sections[_SHT_VERSYM].offset + 2 * number, _VER_NDX_GLOBAL)
    return name.decode()
