"""A library is lowered to an older glibc only where each newer symbol has an older equal."""

import ctypes
import re
import struct
from pathlib import Path

import msgspec
import pytest

from frostline.stack.elf import UnknownSymbol, lower_glibc, lowered, parse_version
from frostline.stack.errors import StackError

NULL_SECTION = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
LOCAL, GLOBAL, OLD, NEW = 0, 1, 2, 3  # version indexes of symbols


class CraftedLibrary:
    """The tables of an ELF file that matter here, by the generic ABI and the LSB.

    It needs `memcpy` of GLIBC_2.14 and the given symbols of GLIBC_2.38.
    """

    header_bytes = 64

    def __init__(self, *newer: bytes) -> None:
        names = [b"", b"memcpy", *newer]
        strings = b"\0".join([*names, b"libc.so.6", b"GLIBC_2.14", b"GLIBC_2.38"]) + b"\0"
        at = {name: strings.index(b"\0" + name + b"\0") + 1 for name in strings.split(b"\0")[1:-1]}
        symbols = b"".join(struct.pack("<IBBHQQ", at.get(n, 0), 0x12, 0, 0, 0, 0) for n in names)
        versions = struct.pack(f"<{len(names)}H", LOCAL, OLD, *[NEW for _ in newer])
        need = struct.pack("<HHIII", 1, 2, at[b"libc.so.6"], 16, 0)
        need += struct.pack("<IHHII", 0, 0, OLD, at[b"GLIBC_2.14"], 16)
        need += struct.pack("<IHHII", 0, 0, NEW, at[b"GLIBC_2.38"], 0)
        parts = [
            (11, symbols, 2),
            (3, strings, 0),
            (0x6FFFFFFF, versions, 1),
            (0x6FFFFFFE, need, 2),
        ]
        sections, body = [NULL_SECTION], b""
        for kind, data, link in parts:
            place = self.header_bytes + len(body)
            sections.append((0, kind, 0, 0, place, len(data), link, 0, 0, 0))
            body += data
        header = bytearray(self.header_bytes)
        header[:6] = b"\x7fELF\x02\x01"
        struct.pack_into("<Q", header, 0x28, self.header_bytes + len(body))
        struct.pack_into("<HH", header, 0x3A, 64, len(sections))
        table = b"".join(struct.pack("<IIQQQQIIQQ", *section) for section in sections)
        self.image = bytearray(header + body + table)
        self._strings, self._symbols = self.header_bytes + len(symbols), self.header_bytes
        self._versions = self._strings + len(strings)
        self._need = self._versions + len(versions)

    def symbol(self, number: int) -> tuple[bytes, int]:
        """Return a symbol's name and version index."""
        (name,) = struct.unpack_from("<I", self.image, self._symbols + 24 * number)
        start = self._strings + name
        (version,) = struct.unpack_from("<H", self.image, self._versions + 2 * number)
        return bytes(self.image[start : self.image.index(0, start)]), version

    def is_weak(self, number: int) -> bool:
        """Whether a needed version may be missing (VER_FLG_WEAK, 2)."""
        (flags,) = struct.unpack_from("<H", self.image, self._need + 16 + 16 * number + 4)
        return flags == 2


def test_a_newer_symbol_becomes_its_older_equal_without_a_version():
    library = CraftedLibrary(b"__isoc23_strtol", b"strlcpy")
    assert lowered(library.image, (2, 36)) == ["__isoc23_strtol", "strlcpy"]
    assert library.symbol(2) == (b"strtol", GLOBAL)
    assert library.symbol(3) == (b"strlcpy", GLOBAL)
    assert library.is_weak(1)


def test_older_symbols_keep_their_version():
    library = CraftedLibrary(b"strlcpy")
    lowered(library.image, (2, 36))
    assert library.symbol(1) == (b"memcpy", OLD)
    assert not library.is_weak(0)


@pytest.mark.parametrize(("glibc", "changed"), [("2.37", ["strlcpy"]), ("2.38", []), ("2.41", [])])
def test_nothing_changes_where_glibc_is_new_enough(glibc, changed):
    library = CraftedLibrary(b"strlcpy")
    before = bytes(library.image)
    assert lowered(library.image, parse_version(glibc)) == changed
    assert (bytes(library.image) == before) == (not changed)


def test_a_symbol_without_an_equal_is_refused():
    with pytest.raises(UnknownSymbol, match="arc4random"):
        lowered(CraftedLibrary(b"strlcpy", b"arc4random").image, (2, 36))


def test_what_is_no_elf_file_is_refused():
    with pytest.raises(StackError, match="ELF"):
        lowered(bytearray(b"#!/bin/sh\n" + bytes(64)), (2, 36))


def test_a_real_library_still_loads_once_it_is_lowered(tmp_path):
    """A wheel's library, linked against glibc 2.14 or newer for its memcpy."""
    image = Path(msgspec._core.__file__).read_bytes()
    library = tmp_path / "library.so"
    library.write_bytes(image)
    library.chmod(0o755)
    any_name = set(re.findall(rb"\w+", image))
    assert "memcpy" in lower_glibc(library, (2, 13), equals=any_name)
    assert library.read_bytes() != image
    assert lower_glibc(library, (2, 13)) == []  # no symbol is left that asks for more
    ctypes.CDLL(str(library))
    assert library.stat().st_mode & 0o777 == 0o755
