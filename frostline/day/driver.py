"""How does a simulated day go, tick by tick?

In each tick the world moves on; what happened there is said to the api; loggers and receivers speak
to the edges; and once all of it is stored, judge, dispatcher and notifier are stepped. What the
plan then says, drivers do.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from frostline.day.barrier import Barrier
from frostline.day.deciders import DispatchSteps, JudgeSteps, NotifySteps
from frostline.day.desk import Desk
from frostline.day.door import Door
from frostline.day.happenings import DayOrder, Handover, Reported, Zone
from frostline.day.loggers import READINGS_EVERY_S, DayLoggers, Measured
from frostline.day.roles import Roles
from frostline.day.store import DayStore
from frostline.day.truth import World
from schemas.ids import GatewayId
from schemas.position import Fix

_TICK_S: Final = 30
_POSITIONS_EVERY_S: Final = 60
_DISPATCH_EVERY_S: Final = 60
_NOTIFY_EVERY_S: Final = 300
_LAST_STEPS: Final = frozenset({"signed", "returned"})
_AFTER_S: Final = 2 * 3600  # of judging, once the last order has come


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How far a day is, for whoever watches."""

    second: float
    placed: int
    delivered: int
    orders: int


@dataclass(slots=True)
class Told:
    """What was said on a day, and not by the world."""

    placed: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    """Orders without a promise and without offers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a day works with, beside the roles that run by themselves."""

    desk: Desk
    door: Door
    store: DayStore
    loggers: DayLoggers
    barrier: Barrier
    judge: JudgeSteps
    dispatch: DispatchSteps
    notify: NotifySteps
    heeds_curves: bool
    beside: dict[GatewayId, tuple[float, float]]


Watch = Callable[[Moment], None]


class Day:
    """One day under way."""

    def __init__(self, world: World, roles: Roles, tools: Tools) -> None:
        self._world = world
        self._roles = roles
        self._tools = tools
        self._clock = roles.clock
        self._orders = list(reversed(world.orders))
        self._fixes: dict[str, list[Fix]] = {}
        self._depots: dict[str, str] = {}
        self._version = 0
        self.told = Told()
        self.delivered: set[str] = set()

    async def run(self, watch: Watch, *, until_s: float | None = None) -> None:
        """Run until everything that was promised is delivered, or the day ends or is cut off."""
        world = self._world
        second = float(world.begins_s)
        ends_s = world.ends_s if until_s is None else min(until_s, world.ends_s)
        while second <= ends_s and not self._is_over():
            await self._tick(second)
            watch(self._moment(second))
            second += _TICK_S
        await self._wind_up(second)

    def _is_over(self) -> bool:
        return not self._orders and not (self._depots.keys() - self.delivered - self.told.dead)

    def _moment(self, second: float) -> Moment:
        return Moment(
            second=second,
            placed=len(self.told.placed),
            delivered=len(self.delivered),
            orders=len(self._world.orders),
        )

    async def _tick(self, second: float) -> None:
        self._clock.move_to(second)
        news = await self._say(second)
        positions = self._take_fixes(second)
        reads = second % READINGS_EVERY_S == 0
        if reads:
            await self._tools.loggers.say(self._measured())
        if reads or positions:
            await self._tools.barrier.pass_(second, positions=positions)
        if reads or news:
            await self._roles.deciding(self._tools.judge.all)
        if news or second % _DISPATCH_EVERY_S == 0:
            await self._dispatch()
        if second % _NOTIFY_EVERY_S == 0:
            await self._roles.deciding(self._tools.notify.all)

    # What the world shows -------------------------------------------------------------------------

    async def _say(self, second: float) -> bool:
        """Tell the api what happened and what was ordered; say whether plans may change by it."""
        happened = self._world.advance(second)
        placed: list[DayOrder] = []
        while self._orders and self._orders[-1].placed_s <= second:
            placed.append(self._orders.pop())

        def speak() -> None:
            for happening in happened:
                self._tools.desk.tell(happening)
            for order in placed:
                if self._tools.desk.place(order):
                    self.told.placed.add(order.order_id)

        await self._roles.deciding(speak)
        self.delivered |= {
            h.order_id for h in happened if isinstance(h, Handover) and h.step in _LAST_STEPS
        }
        return bool(placed) or any(isinstance(h, Reported) for h in happened)

    def _take_fixes(self, second: float) -> int:
        """Keep where the vehicles are; each minute tell it to the edges. Return how many."""
        at_ms = self._clock.wall_ms()
        for fix in self._world.fixes():
            self._fixes.setdefault(fix.gateway_id, []).append(
                Fix(
                    at_ms=at_ms,
                    lat_deg=fix.lat_deg,
                    lon_deg=fix.lon_deg,
                    speed_m_s=fix.speed_m_s,
                    accuracy_m=fix.accuracy_m,
                )
            )
        if second % _POSITIONS_EVERY_S:
            return 0
        told, self._fixes = self._fixes, {}
        for gateway_id, fixes in told.items():
            self._tools.barrier.receivers[gateway_id].tell(fixes)
        return sum(map(len, told.values()))

    def _measured(self) -> list[Measured]:
        return [
            Measured(
                logger_id=now.logger_id,
                surroundings_c=now.case_c,
                position_m=self._tools.beside[now.gateway_id],
            )
            for now in self._world.loggers()
            if now.gateway_id is not None
        ]

    # What is decided ------------------------------------------------------------------------------

    async def _dispatch(self) -> None:
        await self._roles.deciding(self._tools.dispatch.once)
        await self._heed_promises()
        version = await self._roles.deciding(
            lambda: self._tools.store.plan_version(self._world.city_id)
        )
        if version != self._version:
            self._version = version
            stops = await self._roles.deciding(self._tools.desk.instructions)
            self._world.set_plan(stops, await self._failed())

    async def _failed(self) -> frozenset[tuple[str, Zone]]:
        """Return what the packing bench knows of compartments: nothing where curves steer none."""
        if not self._tools.heeds_curves:
            return frozenset()
        return await self._roles.deciding(self._tools.desk.failed_compartments)

    async def _heed_promises(self) -> None:
        """Let depots pick what is promised; members take the first offer, if there is one."""
        rows = await self._roles.deciding(lambda: self._tools.store.promises(self._world.city_id))
        for row in rows:
            if row.state == "promised" and row.depot_id is not None:
                if self._depots.get(row.order_id) != row.depot_id:
                    self._depots[row.order_id] = row.depot_id
                    opens_s = 0.0 if row.not_before is None else self._second_of(row.not_before)
                    self._world.promised(row.order_id, row.depot_id, opens_s)
            elif row.state == "offered" and row.offers:
                await self._accept(row.order_id)
            elif row.order_id not in self.told.dead:
                self.told.dead.add(row.order_id)
                self._world.called_off(row.order_id)

    def _second_of(self, at: datetime) -> float:
        return (at - self._world.time_of(0.0)).total_seconds()

    async def _accept(self, order_id: str) -> None:
        if order_id not in self.told.accepted:
            self.told.accepted.add(order_id)
            await self._roles.deciding(lambda: self._tools.desk.accept(order_id, 0))

    async def _wind_up(self, second: float) -> None:
        """Let the judge see the ends of all boxes, and the outside hear of it."""
        for later_s in (0, _AFTER_S):
            self._clock.move_to(second + later_s)
            await self._roles.deciding(self._tools.judge.all)
        await self._tell_the_rest()

    async def _tell_the_rest(self) -> None:
        """Let the outside hear of everything; who did not answer is told again, at his time."""
        notify = self._tools.notify
        await self._roles.until(
            lambda: not notify.is_held_back(), "transactions to end that hold events back"
        )
        await self._roles.deciding(notify.all)
        while (at := await self._roles.deciding(notify.again_at)) is not None:
            self._clock.move_to(math.ceil(self._second_of(at)))
            await self._roles.deciding(notify.all)
