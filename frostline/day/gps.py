"""How does a simulated vehicle's edge know where it is? The day speaks through its receiver."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from schemas.position import Fix


class DayReceiver:
    """A position source (edge.position.PositionSource) that says what it is given."""

    def __init__(self) -> None:
        self._fixes: asyncio.Queue[Fix] = asyncio.Queue()

    def tell(self, fixes: Iterable[Fix]) -> None:
        """Let the edge know; in the event loop that it runs in."""
        for fix in fixes:
            self._fixes.put_nowait(fix)

    @property
    def is_heard(self) -> bool:
        """Whether the edge has taken all of it."""
        return self._fixes.empty()

    async def fixes(self) -> AsyncIterator[Fix]:
        """Yield fixes as they are told, for ever."""
        while True:
            yield await self._fixes.get()
