"""How does an edge run?

Radio, recorder, outbox and uplink, joined. Everything that touches the outbox runs in one thread of
its own, so that an fsync never makes the radio wait.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, TypeVar

from prometheus_client import start_http_server

from edge import metrics
from edge.clock import EdgeClock, SystemClock
from edge.dedupe import Track
from edge.gpsd import Gpsd
from edge.outbox import Outbox
from edge.pace import REAL_PACE, Pace
from edge.position import PositionSource
from edge.radio import Radio, ScanPlan
from edge.recorder import Recorder
from edge.settings import EdgeSettings
from edge.status import LoggerReport, Snapshot, encode_snapshot
from edge.uplink import Uplink, UplinkTiming
from schemas.status import VERSION, GatewayStatus

if TYPE_CHECKING:
    from bleak.backends.scanner import BaseBleakScanner

log = logging.getLogger(__name__)
T = TypeVar("T")

_HEARD_WITHIN_MS: Final = 10 * 60 * 1000
_LOGGERS_SHOWN: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTiming:
    """Seconds of the loops around the outbox; a test's are shorter.

    `pace` is how time passes for commits and batches; the uplink's seconds are real ones.
    `executor` waits for the outbox's disk, one call at a time: a thread of its own where None.
    """

    uplink: UplinkTiming = field(default_factory=UplinkTiming)
    snapshot_every_s: float = 5.0
    pace: Pace = REAL_PACE
    executor: Executor | None = None


async def run(
    settings: EdgeSettings,
    backend: "type[BaseBleakScanner] | None",
    stop: asyncio.Event,
    *,
    clock: EdgeClock | None = None,
    timing: AgentTiming | None = None,
    begun: "Callable[[Agent], None] | None" = None,
) -> None:
    """Run an edge until `stop`; raise RadioSilent where the radio is beyond help.

    `backend` is bleak's own for this system where None. `begun` is given the agent, to look at.
    """
    clock, timing = clock or SystemClock(), timing or AgentTiming()
    outbox = Outbox(settings.outbox_path, boot_id=clock.boot_id, max_mb=settings.outbox_max_mb)
    with ExitStack() as closing:
        executor = timing.executor
        if executor is None:
            executor = closing.enter_context(ThreadPoolExecutor(1, thread_name_prefix="outbox"))
        closing.enter_context(_metrics(settings))
        try:
            agent = Agent(settings, clock, outbox, executor, timing)
            if begun is not None:
                begun(agent)
            await agent.run(backend, stop)
        finally:
            await asyncio.get_running_loop().run_in_executor(executor, outbox.close)


@contextmanager
def _metrics(settings: EdgeSettings) -> Iterator[None]:
    if settings.metrics_port == 0:
        yield
        return
    server, thread = start_http_server(settings.metrics_port, addr="127.0.0.1")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Agent:
    """The parts of one run."""

    def __init__(
        self,
        settings: EdgeSettings,
        clock: EdgeClock,
        outbox: Outbox,
        executor: Executor,
        timing: AgentTiming,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._outbox = outbox
        self._executor = executor
        self._timing = timing
        self._recorder = Recorder(settings, clock=clock, outbox=outbox)
        self._uplink = Uplink(
            settings,
            clock=clock,
            outbox=outbox,
            in_outbox_thread=self._in_outbox_thread,
            status=self._status,
            timing=timing.uplink,
        )
        self._is_committing = False
        self._uncut_since_s: float | None = None
        self._snapshot_due_s = 0.0
        self._software = version("frostline")
        self._positions: PositionSource | None = None
        if settings.gpsd_url:
            self._positions = Gpsd(settings.gpsd_url)

    def follow(self, positions: PositionSource) -> None:
        """Take positions from this source, not from gpsd; to be said before `run`."""
        self._positions = positions

    @property
    def is_settled(self) -> bool:
        """Whether all that was heard is known to be stored, and each position to be told."""
        return not (
            self._recorder.pending
            or self._is_committing
            or self._outbox.holdings().readings
            or self._uplink.track
        )

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self._uplink.state.connected

    async def run(self, backend: "type[BaseBleakScanner] | None", stop: asyncio.Event) -> None:
        """Run until `stop` or until a part fails; either way keep what was heard."""
        settings = self._settings
        plan = ScanPlan(
            mode=settings.scan_mode, adapter=settings.adapter, silence_s=settings.radio_silence_s
        )
        radio = Radio(self._recorder.hear, backend=backend, plan=plan)
        listening = asyncio.create_task(radio.run(), name="radio")
        committing = asyncio.create_task(self._commit_for_ever(), name="commit")
        sending = asyncio.create_task(self._uplink.run(), name="uplink")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        following = asyncio.create_task(self._follow(), name="positions")
        tasks = (listening, committing, sending, stopping, following)
        log.info("edge runs", extra={"gateway": settings.gateway_id, "outbox": self._outbox.uuid})
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(listening)
            await _cancel(committing)
            await _cancel(following)
            await self._commit(last=True)
            if stop.is_set() and not sending.done():
                await self._drain()
            await _cancel(sending)
            await _cancel(stopping)
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()  # raises what ended it

    def _in_outbox_thread(self, function: Callable[..., T], /, *args: Any) -> "asyncio.Future[T]":
        return asyncio.get_running_loop().run_in_executor(self._executor, function, *args)

    async def _follow(self) -> None:
        """Follow the source of positions; that it ends is no reason to stop."""
        if self._positions is not None:
            await self._uplink.track.follow(self._positions)
        await asyncio.Event().wait()

    # Committing -----------------------------------------------------------------------------------

    async def _commit_for_ever(self) -> None:
        while True:
            await self._timing.pace.sleep(self._settings.commit_interval_s)
            await self._commit(last=False)

    async def _commit(self, *, last: bool) -> None:
        """Commit what was heard, then cut what may be sent."""
        heard = self._recorder.take()
        now_s = self._timing.pace.now_s()
        if heard or self._recorder.can_place():
            began_s = time.monotonic()
            # A cancelled commit still runs to its end in its thread: nothing is lost.
            self._is_committing = True
            await asyncio.shield(self._in_outbox_thread(self._recorder.commit, heard))
            self._is_committing = False
            metrics.COMMIT_SECONDS.observe(time.monotonic() - began_s)
            if self._uncut_since_s is None:
                self._uncut_since_s = now_s
        await self._cut(now_s, last=last)
        if last or now_s >= self._snapshot_due_s:
            self._snapshot_due_s = now_s + self._timing.snapshot_every_s
            await self._in_outbox_thread(self._write_snapshot, self._snapshot())

    async def _cut(self, now_s: float, *, last: bool) -> None:
        """Cut full batches at once; others once they have lingered and could be sent, or at last.

        At last a cancelled commit or cut may still be at work in the outbox's thread: what there is
        to cut and to send is known only behind it.
        """
        since_s = self._uncut_since_s
        lingered = since_s is None or now_s - since_s >= self._settings.batch_linger_s
        partial = last or (lingered and self._uplink.wants_batches())
        if since_s is None and not last and not (partial and self._outbox.holdings().uncut):
            return
        cut = await self._in_outbox_thread(self._cut_now, partial)
        if cut or last:
            self._uplink.wake()
        if partial:
            self._uncut_since_s = None

    def _cut_now(self, partial: bool) -> int:
        return self._outbox.cut(max_readings=self._settings.batch_max_readings, partial=partial)

    async def _drain(self) -> None:
        """Give the last batches a short while to be confirmed."""
        if self._uplink.state.connected:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.drain_s):
                    await self._uplink.idle.wait()

    # Telling --------------------------------------------------------------------------------------

    def _write_snapshot(self, snapshot: Snapshot) -> None:
        self._outbox.write_snapshot(encode_snapshot(snapshot))
        holdings = self._outbox.holdings()
        metrics.OUTBOX_READINGS.set(holdings.readings)
        metrics.OUTBOX_BYTES.set(self._outbox.bytes_used())
        metrics.OUTBOX_DROPPED.set(holdings.dropped)

    def _snapshot(self) -> Snapshot:
        clock = self._clock.confidence()
        loggers = self._loggers()
        metrics.LOGGERS.set(len(loggers))
        metrics.CLOCK_CONFIDENCE.set(-1 if clock is None else int(clock))
        return Snapshot(
            at_ms=self._clock.wall_ms(),
            gateway_id=self._settings.gateway_id,
            pid=os.getpid(),
            clock=None if clock is None else int(clock),
            broker_connected=self._uplink.state.connected,
            broker_failure=self._uplink.state.last_failure,
            batches_in_flight=self._uplink.state.unconfirmed,
            loggers_heard=len(loggers),
            loggers=[
                report
                for logger_id, track in loggers[:_LOGGERS_SHOWN]
                if (report := self._logger_report(logger_id, track)) is not None
            ],
        )

    def _loggers(self) -> list[tuple[str, Track]]:
        since_ms = self._clock.monotonic_ms() - _HEARD_WITHIN_MS
        heard = [(i, t) for i, t in self._recorder.tracks() if (t.heard_ms or 0) >= since_ms]
        return sorted(heard, key=lambda item: item[0])

    def _logger_report(self, logger_id: str, track: Track) -> LoggerReport | None:
        sample = track.sample
        if sample is None or track.heard_ms is None:
            return None
        ago_ms = self._clock.monotonic_ms() - track.heard_ms
        return LoggerReport(
            logger_id=logger_id,
            frame_format=sample.frame_format,
            heard_at_ms=self._clock.wall_ms() - ago_ms,
            temperature_c=round(sample.temperature_c, 2),
            humidity_pct=sample.humidity_pct,
            battery_mv=sample.battery_mv,
            rssi_dbm=track.rssi_dbm,
            advert_interval_s=None if track.interval_ms is None else track.interval_ms / 1000,
        )

    def _status(self) -> GatewayStatus:
        clock = self._clock.confidence()
        holdings = self._outbox.holdings()
        return GatewayStatus(
            v=VERSION,
            gateway_id=self._settings.gateway_id,
            state="online",
            at_ms=self._clock.wall_ms(),
            boot_id=str(self._clock.boot_id),
            software=self._software,
            loggers_heard=len(self._loggers()),
            outbox_readings=holdings.readings,
            outbox_dropped=holdings.dropped,
            clock=None if clock is None else int(clock),
        )


async def _cancel(task: "asyncio.Task[Any]") -> None:
    """Cancel and wait; what the task raised by itself is looked at later."""
    task.cancel()
    await asyncio.wait([task])
