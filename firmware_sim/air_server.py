"""Who hears what? The air between simulated loggers and the edges' radios.

A Unix stream socket. Radios connect and are sent the adverts that reach them; controls connect and
ask. Whatever a guest sends or fails to read, the air goes on; it outlives every edge.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, assert_never

from firmware_sim import air_wire as wire
from firmware_sim.air_radio import Beacon, Counts, Radio, World
from firmware_sim.channel import Channel
from firmware_sim.ledger import Ledger
from schemas.ids import GatewayId, LoggerId, MalformedId, parse_gateway_id, parse_logger_id

log = logging.getLogger(__name__)

_FLUSH_INTERVAL_S: Final = 0.005
_SETTLE_INTERVAL_S: Final = 0.05
_CONFIRMATION_TIMEOUT_S: Final = 5.0  # after a freeze, for a radio that hangs
_ROWS_A_PAGE: Final = 10_000
_WORLD_M: Final = 1e6
_MAX_LID_OPEN_S: Final = 86_400.0
# A dead radio's last bytes and its end reach the loop one after the other, each in its own turn.
_TURNS_TO_NOTICE_A_DEATH: Final = 4


class AirTaken(RuntimeError):
    """Another simulator serves this socket."""


class UnknownLogger(LookupError):
    """No such logger is simulated."""


class Stage(Protocol):
    """Those behind the loggers, as controls may direct them; each may raise UnknownLogger."""

    def freeze(self) -> None:
        """Stop sampling and advertising."""

    def stop_logger(self, logger_id: LoggerId) -> None:
        """Let one logger die."""

    def reboot_logger(self, logger_id: LoggerId) -> None:
        """Let one logger start again."""

    def open_lid(self, logger_id: LoggerId, seconds: float) -> None:
        """Open the box or compartment that the logger is in."""


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class AirServer:
    """The air. `start`, then `transmit` adverts; `ledger` is the caller's to enter samples in."""

    def __init__(
        self,
        path: Path,
        channel: Channel | None = None,
        *,
        seed: int = 1,
        ledger: Ledger | None = None,
        wall_ms: Callable[[], int] = _wall_ms,
    ) -> None:
        self._path = path
        self.ledger = Ledger() if ledger is None else ledger
        self._counts = Counts()
        self._world = World(
            channel=channel or Channel(), seed=seed, ledger=self.ledger, counts=self._counts
        )
        self._wall_ms = wall_ms
        self._stage: Stage | None = None
        self._server: asyncio.Server | None = None
        self._settler: asyncio.Task[None] | None = None
        self._flushing: asyncio.TimerHandle | None = None
        self._guests: set[asyncio.Task[None]] = set()
        self._radios: dict[int, Radio] = {}
        self._heard_of: set[LoggerId] = set()
        self._radios_ever = 0
        self._malformed = 0
        self._frozen = False
        self._round = asyncio.Condition()  # notified each time the ledger was brought up to date

    async def start(self, stage: Stage | None = None) -> None:
        """Serve the socket; raise AirTaken or AirPathTooLong."""
        name = wire.socket_name(self._path)
        with contextlib.suppress(OSError):  # nobody there, or only a dead simulator's socket file
            _, writer = await asyncio.open_unix_connection(name)
            writer.close()
            raise AirTaken(f"another simulator serves {name}; stop it or choose another air_path")
        self._stage = stage
        self._server = await asyncio.start_unix_server(self._welcome, name)
        self._path.chmod(0o600)
        self._settler = asyncio.create_task(self._settle())
        log.info("air open", extra={"path": name})

    async def close(self) -> None:
        """End every connection and remove the socket."""
        if self._server is None or self._settler is None:
            return
        self._server.close()
        if self._flushing is not None:
            self._flushing.cancel()
        tasks = [self._settler, *self._guests]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self._path.unlink(missing_ok=True)

    def transmit(self, beacon: Beacon) -> None:
        """Send the beacon's frame to every radio that it reaches; nothing if it has none yet."""
        frame = beacon.frame
        if frame is None or self._frozen:
            return
        self._counts.adverts_sent += 1
        self._heard_of.add(beacon.logger_id)
        now_s = asyncio.get_running_loop().time()
        for radio in self._radios.values():
            if radio.hear(beacon, frame, now_s):
                self._flush_soon()
        beacon.adverts += 1

    @property
    def is_silent(self) -> bool:
        """Whether each radio has confirmed all that it was given."""
        return not any(radio.waiting for radio in self._radios.values())

    @property
    def radios(self) -> int:
        """How many radios listen."""
        return len(self._radios)

    def move(self, gateway_id: GatewayId, position_m: tuple[float, float]) -> None:
        """Let a gateway's radio stand elsewhere, metres; raise ValueError where it isn't there."""
        moved = [radio for radio in self._radios.values() if radio.gateway_id == gateway_id]
        for radio in moved:
            radio.move_to(position_m)
        if not moved:
            raise ValueError(f"no radio of {gateway_id} is connected")

    def statistics(self) -> wire.Statistics:
        """Return the counts so far."""
        counts, ledger = self._counts, self.ledger
        return wire.Statistics(
            loggers=len(self._heard_of),
            radios=len(self._radios),
            adverts_sent=counts.adverts_sent,
            in_range=counts.in_range,
            lost=counts.lost,
            delivered=counts.delivered,
            duplicated=counts.duplicated,
            overrun=counts.overrun,
            faint=counts.faint,
            measurements=ledger.taken,
            measured=ledger.measured,
            forgotten=ledger.forgotten,
            settling=ledger.settling,
            malformed=self._malformed,
            final=ledger.closed,
        )

    async def freeze(self) -> None:
        """Stop all adverts and wait until the ledger is final: a second, six at most."""
        self._frozen = True
        if self._stage is not None:
            self._stage.freeze()
        async with self._round:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CONFIRMATION_TIMEOUT_S):
                    await self._round.wait_for(lambda: self.is_silent)
            for radio in self._radios.values():
                radio.assume_heard(asyncio.get_running_loop().time())
            await self._round.wait_for(lambda: not self.ledger.settling)
        self.ledger.close()
        log.info("air frozen", extra={"measured": self.ledger.measured})

    # Sending ----------------------------------------------------------------------------------

    def _flush_soon(self) -> None:
        if self._flushing is None:
            loop = asyncio.get_running_loop()
            self._flushing = loop.call_later(_FLUSH_INTERVAL_S, self._flush)

    def _flush(self) -> None:
        self._flushing = None
        now_s, wall_ms = asyncio.get_running_loop().time(), self._wall_ms()
        waiting = [radio.flush(now_s, wall_ms) for radio in self._radios.values()]
        if any(waiting):
            self._flush_soon()

    async def _settle(self) -> None:
        while True:
            await asyncio.sleep(_SETTLE_INTERVAL_S)
            due = self.ledger.due(asyncio.get_running_loop().time())
            if due:
                # After a pause of this process, deaths of a second ago may still be unread.
                for _ in range(_TURNS_TO_NOTICE_A_DEATH):
                    await asyncio.sleep(0)
                self.ledger.settle(due)
            async with self._round:
                self._round.notify_all()

    # Guests -----------------------------------------------------------------------------------

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve_guest(reader, writer))
        self._guests.add(task)
        task.add_done_callback(self._guests.discard)

    async def _serve_guest(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await self._serve(reader, writer)
        except (wire.MalformedMessage, MalformedId) as error:
            self._malformed += 1
            log.warning("guest of the air sent nonsense", extra={"reason": str(error)})
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # gone, as guests may at any time
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = wire.parse(wire.hello_decoder, await _read_body(reader))
        if isinstance(hello, wire.RadioHello):
            await self._serve_radio(hello, reader, writer)
        else:
            await self._serve_control(reader, writer)

    async def _serve_radio(
        self, hello: wire.RadioHello, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._radios_ever += 1
        number = self._radios_ever
        radio = Radio(
            number,
            parse_gateway_id(hello.gateway_id),
            _place(hello.x_m, hello.y_m),
            writer.transport,
            self._world,
        )
        self._radios[number] = radio
        self.ledger.radio_came(number)
        log.info("radio came", extra={"gateway_id": radio.gateway_id, "radio": number})
        try:
            await self._listen_to(radio, reader)
        finally:
            self.ledger.radio_went(number)
            del self._radios[number]
            log.info("radio went", extra={"gateway_id": radio.gateway_id, "radio": number})

    async def _listen_to(self, radio: Radio, reader: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        while True:
            message = wire.parse(wire.radio_decoder, await _read_body(reader))
            if isinstance(message, wire.Confirmed):
                radio.confirm(message.count, loop.time())
            else:
                radio.move_to(_place(message.x_m, message.y_m))

    async def _serve_control(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            question = wire.parse(wire.question_decoder, await _read_body(reader))
            writer.write(wire.pack(await self._answer(question)))
            await writer.drain()

    async def _answer(self, question: wire.Question) -> wire.Answer:
        if isinstance(question, wire.AskLedger):
            return self._page(question.first)
        if isinstance(question, wire.AskStatistics):
            return self.statistics()
        if isinstance(question, wire.Freeze):
            await self.freeze()
            return wire.Done()
        try:
            self._direct(question)
        except (UnknownLogger, ValueError) as error:
            return wire.Refused(str(error))
        return wire.Done()

    def _direct(
        self, question: wire.StopLogger | wire.RebootLogger | wire.OpenLid | wire.MoveRadio
    ) -> None:
        if isinstance(question, wire.MoveRadio):
            self.move(parse_gateway_id(question.gateway_id), _place(question.x_m, question.y_m))
            return
        logger_id = parse_logger_id(question.logger_id)
        if self._stage is None:
            raise UnknownLogger(f"{logger_id}: this air has nobody behind its loggers")
        match question:
            case wire.StopLogger():
                self._stage.stop_logger(logger_id)
            case wire.RebootLogger():
                self._stage.reboot_logger(logger_id)
            case wire.OpenLid():
                if not 0.0 <= question.seconds <= _MAX_LID_OPEN_S:
                    raise ValueError(f"seconds is {question.seconds}; a lid opens 0 to 86400 s")
                self._stage.open_lid(logger_id, question.seconds)
            case _:
                assert_never(question)

    def _page(self, first: int) -> wire.LedgerPage:
        rows = self.ledger.rows()
        last = max(0, first) + _ROWS_A_PAGE
        return wire.LedgerPage(
            rows=tuple(
                wire.Row(
                    row.logger_id,
                    row.frame_format,
                    row.boot,
                    row.sequence,
                    row.sampled_at_ms,
                    row.temperature_c,
                    row.delivered_at_ms,
                )
                for row in rows[max(0, first) : last]
            ),
            following=last if last < len(rows) else None,
            final=self.ledger.closed,
        )


async def _read_body(reader: asyncio.StreamReader) -> bytes:
    prefix = await reader.readexactly(wire.LENGTH_BYTES)
    return await reader.readexactly(wire.body_length(prefix, wire.MAX_TO_AIR_BYTES))


def _place(x_m: float, y_m: float) -> tuple[float, float]:
    if not (abs(x_m) <= _WORLD_M and abs(y_m) <= _WORLD_M):
        raise wire.MalformedMessage(f"position ({x_m}, {y_m}) is not within {_WORLD_M} m")
    return x_m, y_m
