"""How does a test or a demo ask the air for its ledger, and direct what happens there?"""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from firmware_sim import air_wire as wire

AnswerT = TypeVar("AnswerT", wire.LedgerPage, wire.Statistics, wire.Done)


class AirRefused(RuntimeError):
    """The air did not do it. The message says why."""


class NoAir(RuntimeError):
    """No simulator serves the socket, or it went away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """The ledger at one moment. `final`: after a freeze, nothing can change any more."""

    rows: tuple[wire.Row, ...]
    final: bool


class AirControl:
    """One connection: `async with AirControl(path) as control: await control.freeze()`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        name = wire.socket_name(self._path)
        try:
            self._streams = await asyncio.open_unix_connection(name)
        except OSError as error:
            raise NoAir(f"no simulator serves {name}: {error}") from error
        self._streams[1].write(wire.pack(wire.ControlHello()))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._streams is not None:
            writer = self._streams[1]
            self._streams = None
            writer.close()
            with contextlib.suppress(OSError):  # the air went first
                await writer.wait_closed()

    async def ledger(self) -> LedgerView:
        """Return every measurement, oldest first."""
        rows: list[wire.Row] = []
        first: int | None = 0
        final = False
        while first is not None:
            page = await self._ask(wire.AskLedger(first), wire.LedgerPage)
            rows.extend(page.rows)
            first, final = page.following, page.final
        return LedgerView(rows=tuple(rows), final=final)

    async def statistics(self) -> wire.Statistics:
        """Return how many adverts, measurements and so on there were."""
        return await self._ask(wire.AskStatistics(), wire.Statistics)

    async def freeze(self) -> None:
        """Stop all loggers for good and wait until the ledger is final (1 to 6 s)."""
        await self._ask(wire.Freeze(), wire.Done)

    async def stop_logger(self, logger_id: str) -> None:
        """Let a logger die; raise AirRefused if there is none."""
        await self._ask(wire.StopLogger(logger_id), wire.Done)

    async def reboot_logger(self, logger_id: str) -> None:
        """Let a logger start again; raise AirRefused if there is none."""
        await self._ask(wire.RebootLogger(logger_id), wire.Done)

    async def open_lid(self, logger_id: str, seconds: float) -> None:
        """Open the logger's box, or its compartment's door; raise AirRefused."""
        await self._ask(wire.OpenLid(logger_id, seconds), wire.Done)

    async def move_radio(self, gateway_id: str, x_m: float, y_m: float) -> None:
        """Put a gateway's radio elsewhere; raise AirRefused if it is not connected."""
        await self._ask(wire.MoveRadio(gateway_id, x_m, y_m), wire.Done)

    async def _ask(self, question: wire.Question, kind: type[AnswerT]) -> AnswerT:
        if self._streams is None:
            raise NoAir("not connected; use `async with`")
        reader, writer = self._streams
        async with self._turn:
            try:
                writer.write(wire.pack(question))
                prefix = await reader.readexactly(wire.LENGTH_BYTES)
                length = wire.body_length(prefix, wire.MAX_FROM_AIR_BYTES)
                answer = wire.parse(wire.answer_decoder, await reader.readexactly(length))
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                raise NoAir(f"the air at {self._path} is gone") from error
        if isinstance(answer, wire.Refused):
            raise AirRefused(answer.reason)
        if not isinstance(answer, kind):
            raise NoAir(f"the air at {self._path} answered with a {type(answer).__name__}")
        return answer
