"""How is a simulated day set up, with services of its own?"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import psycopg

from api import tokens
from frostline.day.barrier import Barrier
from frostline.day.city import ROAD_KINDS
from frostline.day.clock import DayClock
from frostline.day.deciders import DispatchSteps, JudgePace, JudgeSteps, NotifySteps
from frostline.day.desk import Desk
from frostline.day.door import Door
from frostline.day.driver import Day, Tools, Watch
from frostline.day.ears import WANTED, Ears, listening
from frostline.day.gps import DayReceiver
from frostline.day.happenings import Put
from frostline.day.ledger import DayLedger, Words, count_day
from frostline.day.loggers import DayLoggers
from frostline.day.roles import Gateway, Roles, running_roles
from frostline.day.scenarios import HOUR_S
from frostline.day.store import DayStore
from frostline.day.traffic import hourly
from frostline.day.travel import DayTravel
from frostline.day.truth import World
from frostline.local import Addresses
from routing.dispatch.settings import DispatchSettings
from routing.slices import Traffic
from routing.travel_values import RoadRule
from schemas.ids import parse_gateway_id

Planner = Literal["search", "greedy"]

_APART_M: Final = 1000.0  # between radios on the air: none hears what another one hears
_BESIDE_M: Final = 2.0
_TOKEN_LASTS: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWish:
    """Which day, and who plans it."""

    orders: int
    scenario: str
    seed: int
    loop: bool = True
    planner: Planner = "search"
    weight: float = 1.0
    iterations: int | None = None
    map_file: Path | None = None
    numbers: tuple[tuple[str, float], ...] = ()
    """Of the scenario, by name, where they are to be others."""
    until_s: float | None = None
    """The day is cut off here, seconds since midnight; None: it runs to its end."""


def gateways_of(puts: Sequence[Put], world: World) -> tuple[str, ...]:
    """Return the edges of a world: those on vehicles, and those of depots."""
    vehicles = {str(put.body["gateway_id"]) for put in puts if put.path.startswith("/vehicles/")}
    depots = {str(world.gateway_of(name)) for name in _named(puts, "/depots/")}
    return tuple(sorted(vehicles | depots))


def travel_of(world: World, puts: Sequence[Put]) -> DayTravel:
    """Return how the day's dispatcher believes that its city is driven."""
    starts_s = tuple(hour * HOUR_S for hour in range(24))
    traffic = {mode: Traffic(starts_s, hourly(world.scenario, mode)) for mode in ROAD_KINDS}
    standing = [
        (put.body["lat_deg"], put.body["lon_deg"])
        for put in puts
        if put.path.startswith(("/depots/", "/lockers/"))
    ]
    wished = [order.body["delivery"] for order in world.orders]
    homes = [(each["lat_deg"], each["lon_deg"]) for each in wished if "lat_deg" in each]
    return DayTravel(
        world.city.network,
        {mode: RoadRule(kind=kind) for mode, kind in ROAD_KINDS.items()},
        traffic,
        list(dict.fromkeys([*standing, *homes])),
    )


def _named(puts: Sequence[Put], folder: str) -> list[str]:
    return [put.path.removeprefix(folder) for put in puts if put.path.startswith(folder)]


def dispatch_settings(wish: DayWish, database_url: str, city_id: str) -> DispatchSettings:
    """Return how a day's dispatcher is set up: as any, but for what is compared."""
    settings = DispatchSettings(
        database_url=database_url,
        city=city_id,
        seed=wish.seed,
        planner=wish.planner,
        thermal_loop=wish.loop,
        thermal_weight_percent=round(100 * wish.weight),
    )
    return settings if wish.iterations is None else replace(settings, iterations=wish.iterations)


class Office:
    """Everything that a day works with, opened one after the other and closed in reverse."""

    def __init__(self, wish: DayWish, world: World, addresses: Addresses, folder: Path) -> None:
        self._wish = wish
        self._world = world
        self._addresses = addresses
        self._folder = folder
        self._closing = ExitStack()
        self.clock = DayClock(world.time_of(0.0))
        self.clock.move_to(world.begins_s)
        self.puts = world.city_setup()
        self.gateways = gateways_of(self.puts, world)
        self.beside = {
            parse_gateway_id(name): (number * _APART_M + _BESIDE_M, 0.0)
            for number, name in enumerate(self.gateways)
        }
        self.loggers = DayLoggers(folder / "air.sock", self.clock, seed=wish.seed)
        self.ears = Ears()

    async def run(self, watch: Watch) -> DayLedger:
        """Run the day."""
        await self.loggers.open()
        try:
            async with running_roles(self._addresses, self._folder, self.clock) as roles:
                with self._closing:
                    tools = await self._tools(roles)
                    day = Day(self._world, roles, tools)
                    await day.run(watch, until_s=self._wish.until_s)
                    return await roles.deciding(lambda: self._count(day, tools))
        finally:
            await self.loggers.close()

    async def _tools(self, roles: Roles) -> Tools:
        url = self._addresses.database_url
        await roles.start_ingest()
        door = Door(await roles.start_api(secrets.token_urlsafe(32)), _token(url, self.clock.now()))
        self._closing.callback(door.close)
        desk = Desk(door, self._world, self._world.city_id)
        ears_url = self._closing.enter_context(listening(self.ears))
        await roles.deciding(lambda: desk.set_up(self.puts))
        self.ears.trust(await roles.deciding(lambda: _subscribe(door, ears_url)))
        store = DayStore.connect(url)
        self._closing.callback(store.close)
        receivers = {name: DayReceiver() for name in self.gateways}
        await self._start_edges(roles, receivers)
        barrier = Barrier(roles, self.loggers, receivers)
        judge = JudgeSteps(url, self.clock, JudgePace())
        self._closing.callback(judge.close)
        settings = dispatch_settings(self._wish, url, self._world.city_id)
        ways = await roles.deciding(lambda: travel_of(self._world, self.puts))
        dispatch = DispatchSteps(settings, self.clock, ways)
        self._closing.callback(dispatch.close)
        notify = NotifySteps(url, self.clock)
        self._closing.callback(notify.close)
        return Tools(
            desk=desk,
            door=door,
            store=store,
            loggers=self.loggers,
            barrier=barrier,
            judge=judge,
            dispatch=dispatch,
            notify=notify,
            heeds_curves=self._wish.loop,
            beside=self.beside,
        )

    async def _start_edges(self, roles: Roles, receivers: Mapping[str, DayReceiver]) -> None:
        gateways = [
            Gateway(
                gateway_id=name,
                position_m=(number * _APART_M, 0.0),
                receiver=receivers[name],
            )
            for number, name in enumerate(self.gateways)
        ]
        await roles.start_edges(gateways, self._folder / "air.sock")
        await roles.until(
            lambda: self.loggers.radios == len(gateways), "the edges' radios to reach the air"
        )

    def _count(self, day: Day, tools: Tools) -> DayLedger:
        words = Words(told=day.told, refused=tools.desk.refused, heard=self.ears.heard())
        return count_day(self._world, self.puts, tools.store, words)


def _token(database_url: str, now: datetime) -> str:
    with psycopg.connect(database_url) as connection:
        return tokens.create(connection, "day", list(tokens.Scope), now + _TOKEN_LASTS, now=now)


def _subscribe(door: Door, url: str) -> str:
    endpoint = {"url": url, "description": "a simulated day's receiver", "event_types": [*WANTED]}
    return str(door.send("POST", "/webhooks/endpoints", endpoint, key="day-ears")["secret"])
