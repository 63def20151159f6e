"""How do all roles run in one process, on a day's clock?

Edges run by themselves in the event loop, their outboxes too; ingest does in threads; the api
answers over HTTP in a thread. Judge, dispatcher and notifier are stepped by the driver, in a thread
of their own, once what they wait for is there: the same day then gives the same decisions. What
broker and database are given to answer stays real time.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import uvicorn

from api.app import create_app
from api.settings import ApiSettings
from edge import agent
from edge.agent import Agent, AgentTiming
from edge.pace import Pace
from edge.position import PositionSource
from edge.settings import EdgeSettings
from edge.uplink import UplinkTiming
from firmware_sim.air import scanner_for
from frostline.day.clock import DayClock
from frostline.local import Addresses
from frostline.stack.ports import free_port
from gateway.ingest import ingest
from gateway.ingest.settings import IngestSettings

ResultT = TypeVar("ResultT")

_STOP_TIMEOUT_S: Final = 20.0
_START_TIMEOUT_S: Final = 30.0
_POLL_S: Final = 0.003
_SNAPSHOT_EVERY_S: Final = 3600.0
_STATUS_EVERY_S: Final = 3600.0  # of real time: a day's edges are looked at through their agents
_COMMIT_INTERVAL_S: Final = 0.2
_KEEP_ALIVE_S: Final = 3600  # of real time: the day's own connection may rest for long


class RoleEnded(RuntimeError):
    """A role has ended by itself. The message names it; its cause says why."""


class DayStuck(RuntimeError):
    """What a barrier waits for does not happen. The message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """An edge of the day: its name and where its radio is at first."""

    gateway_id: str
    position_m: tuple[float, float]
    receiver: PositionSource


class Roles:
    """What runs by itself; `check` raises what ended one of them."""

    def __init__(self, addresses: Addresses, folder: Path, clock: DayClock) -> None:
        self.addresses = addresses
        self.folder = folder
        self.clock = clock
        self.agents: dict[str, Agent] = {}
        self._tasks: dict[str, asyncio.Future[None]] = {}
        self._deciding = ThreadPoolExecutor(1, thread_name_prefix="deciding")
        self._running = AsyncExitStack()

    async def close(self) -> None:
        """End every role, the latest first."""
        await self._running.aclose()
        self._deciding.shutdown()

    def check(self) -> None:
        """Raise RoleEnded where one has ended by itself."""
        for name, task in self._tasks.items():
            if task.done() and not task.cancelled():
                raise RoleEnded(f"{name} has ended by itself") from task.exception()

    async def deciding(self, work: Callable[[], ResultT]) -> ResultT:
        """Run what decides in its thread; one at a time, in the order asked."""
        return await asyncio.get_running_loop().run_in_executor(self._deciding, work)

    async def until(
        self, condition: Callable[[], object], what: str, *, timeout_s: float = _START_TIMEOUT_S
    ) -> None:
        """Wait for a condition in real time; raise DayStuck, or RoleEnded."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + timeout_s
        while not condition():
            self.check()
            if loop.time() > ends_s:
                raise DayStuck(f"waited {timeout_s:g} s for {what}")
            await asyncio.sleep(_POLL_S)

    # The roles ------------------------------------------------------------------------------------

    async def start_edges(self, gateways: Sequence[Gateway], air: Path) -> None:
        """Start an edge for each gateway, and wait until all reached the broker."""
        stop = asyncio.Event()
        pace = Pace(self.clock.now_s, self.clock.sleep)
        timing = AgentTiming(
            uplink=UplinkTiming(status_every_s=_STATUS_EVERY_S),
            snapshot_every_s=_SNAPSHOT_EVERY_S,
            pace=pace,
            executor=_AtOnce(),
        )
        self._running.push_async_callback(self._stop_edges, stop)
        for gateway in gateways:
            self._start_edge(gateway, air, stop, timing)
        await self.until(
            lambda: (
                len(self.agents) == len(gateways)
                and all(each.is_connected for each in self.agents.values())
            ),
            "the edges to reach the broker",
        )

    def _start_edge(
        self, gateway: Gateway, air: Path, stop: asyncio.Event, timing: AgentTiming
    ) -> None:
        name = gateway.gateway_id
        settings = EdgeSettings(
            gateway_id=name,
            broker_url=self.addresses.broker_url,
            broker_password=self.addresses.gateway_passwords[name],
            outbox_path=self.folder / f"outbox-{name}.db",
            record_interval_s=0.0,
            commit_interval_s=_COMMIT_INTERVAL_S,
            batch_linger_s=0.0,
            radio_silence_s=0.0,
            drain_s=0.1,
            position_every_s=0.0,
        )

        def begun(edge: Agent) -> None:
            edge.follow(gateway.receiver)
            self.agents[name] = edge

        running = agent.run(
            settings,
            scanner_for(air, name, gateway.position_m),
            stop,
            clock=self.clock,
            timing=timing,
            begun=begun,
        )
        self._tasks[name] = asyncio.create_task(running, name=name)

    async def _stop_edges(self, stop: asyncio.Event) -> None:
        stop.set()
        await self._end([task for name, task in self._tasks.items() if name in self.agents])

    async def start_ingest(self) -> None:
        """Start an ingestor of all shards."""
        settings = IngestSettings(
            database_url=self.addresses.database_url,
            broker_url=self.addresses.broker_url,
            broker_password=self.addresses.ingest_password,
            flush_linger_s=0.0,
        )
        stop = threading.Event()
        self._in_thread("ingest", lambda: ingest.run(settings, stop, clock=self.clock.now), stop)

    async def start_api(self, link_secret: str) -> str:
        """Start the api; return its URL once it answers."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        settings = ApiSettings(
            database_url=self.addresses.database_url,
            link_secrets=(link_secret,),
            public_url=url,
            webhooks_allow_http=True,
        )
        app = create_app(settings, clock=self.clock.now)
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            log_config=None,
            access_log=False,
            ws="none",
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        server = uvicorn.Server(config)
        self._in_thread("api", server.run, _Exit(server))
        await self.until(lambda: server.started, "the api to answer")
        return url

    def _in_thread(
        self, name: str, run: Callable[[], None], stop: "threading.Event | _Exit"
    ) -> None:
        loop = asyncio.get_running_loop()
        task: asyncio.Future[None] = loop.create_future()

        def settle(error: BaseException | None) -> None:
            if task.done():
                return
            if error is None:
                task.set_result(None)
            else:
                task.set_exception(error)

        def work() -> None:
            error: BaseException | None = None
            try:
                run()
            except BaseException as raised:  # noqa: BLE001  # `check` raises it
                error = raised
            with suppress(RuntimeError):  # the loop is gone
                loop.call_soon_threadsafe(settle, error)

        self._tasks[name] = task
        threading.Thread(target=work, name=name, daemon=True).start()

        async def end() -> None:
            stop.set()
            await self._end([task])

        self._running.push_async_callback(end)

    async def _end(self, tasks: Sequence["asyncio.Future[None]"]) -> None:
        """Wait for tasks that were told to end; what they raised is no news any more."""
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=_STOP_TIMEOUT_S)
        for task in late:
            task.cancel()
        for task in tasks:
            if task.done() and not task.cancelled():
                task.exception()


class _AtOnce(Executor):
    """Runs what it is given at once: a day's outboxes are in memory, and no radio waits for them.

    Some twenty threads that wake each other cost a day more than their outboxes do.
    """

    def submit(self, fn: Callable[..., ResultT], /, *args: Any, **kwargs: Any) -> Future[ResultT]:
        """Return what has been done."""
        done: Future[ResultT] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # raised where the result is asked for
            done.set_exception(error)
        return done


class _Exit:
    """Tells a uvicorn server to end."""

    def __init__(self, server: uvicorn.Server) -> None:
        self._server = server

    def set(self) -> None:
        self._server.should_exit = True


@asynccontextmanager
async def running_roles(
    addresses: Addresses, folder: Path, clock: DayClock
) -> AsyncIterator[Roles]:
    """Give roles to start; end those that run when the block is left."""
    roles = Roles(addresses, folder, clock)
    try:
        yield roles
    finally:
        await roles.close()
