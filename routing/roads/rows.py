"""Which rows of the matrix are kept?

The last that were asked for, up to a number of bytes; at least one.
"""

from collections import OrderedDict
from typing import NamedTuple

from routing.travel import IntArray


class Row(NamedTuple):
    """Metres and seconds from one place to each."""

    metres: IntArray
    seconds: IntArray

    @property
    def nbytes(self) -> int:
        """Return its size."""
        return self.metres.nbytes + self.seconds.nbytes


class Rows:
    """Rows by origin, the one used last at the end."""

    def __init__(self, most_bytes: int):
        self.most_bytes = most_bytes
        self._rows: OrderedDict[int, Row] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._rows)

    def items(self) -> list[tuple[int, Row]]:
        """Return every row that is kept."""
        return list(self._rows.items())

    def get(self, origin: int) -> Row | None:
        """Return the row of an origin, if it's kept."""
        row = self._rows.get(origin)
        if row is not None:
            self._rows.move_to_end(origin)
        return row

    def put(self, origin: int, row: Row) -> None:
        """Keep a row that wasn't, and let those go that were used longest ago."""
        self._rows[origin] = row
        self._bytes += row.nbytes
        while self._bytes > self.most_bytes and len(self._rows) > 1:
            _, oldest = self._rows.popitem(last=False)
            self._bytes -= oldest.nbytes
