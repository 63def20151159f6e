"""How are judge, dispatcher and notifier stepped, until nothing is left to do?

Each is the role's own loop body on its own connection. All of what was touched is claimed at once:
which claim a subject falls into decides nothing then.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from frostline.day.clock import DayClock
from gateway.judge.judge import Judge
from gateway.judge.settings import JudgeSettings
from gateway.judge.store import Store as JudgeStore
from gateway.notify.notify import Notifier
from gateway.notify.settings import NotifySettings
from gateway.notify.store import Store as NotifyStore
from routing.dispatch.settings import DispatchSettings
from routing.dispatch.store import Store as DispatchStore
from routing.dispatch.travelling import TravelOf
from routing.dispatcher import Dispatcher

_ALL: Final = 10_000
_MOST_STEPS: Final = 1000


class NeverDone(RuntimeError):
    """A role found something to do again and again at one moment of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgePace:
    """How often boxes are judged and forecast, seconds of the day."""

    min_interval_s: float = 120.0
    forecast_interval_s: float = 240.0


class JudgeSteps:
    """A judge that is stepped."""

    def __init__(self, database_url: str, clock: DayClock, pace: JudgePace) -> None:
        settings = JudgeSettings(
            database_url=database_url,
            min_interval_s=pace.min_interval_s,
            forecast_interval_s=pace.forecast_interval_s,
            parallel=1,
            batch_subjects=_ALL,
            batch_touched=_ALL,
        )
        self._store = JudgeStore.connect(database_url, name="frostline day judge")
        self._judge = Judge(self._store, settings, clock.now)

    def all(self) -> int:
        """Judge what was touched or is due; return how many subjects."""
        judged = 0
        for _ in range(_MOST_STEPS):
            claimed = self._judge.claim()
            judged += claimed.judged
            if not (claimed.judged or claimed.elsewhere):  # what is put off waits for its time
                return judged
        raise NeverDone("the judge is never done")

    def close(self) -> None:
        """Let the connection go."""
        self._store.close()


class DispatchSteps:
    """A dispatcher that is stepped, and holds its city's lock as any other would."""

    def __init__(self, settings: DispatchSettings, clock: DayClock, travel_of: TravelOf) -> None:
        self._store = DispatchStore.connect(settings.database_url, name="frostline day dispatch")
        if not self._store.try_lock(settings.city):
            raise NeverDone(f"another dispatcher keeps the city {settings.city}")
        self._dispatcher = Dispatcher(self._store, settings, clock.now, travel_of)

    def once(self) -> None:
        """Look, decide and write."""
        self._dispatcher.step()

    def close(self) -> None:
        """Let the city and the connection go."""
        self._store.close()


class NotifySteps:
    """A notifier that is stepped; it may tell this machine, over plain HTTP."""

    def __init__(self, database_url: str, clock: DayClock) -> None:
        settings = NotifySettings(
            database_url=database_url, allow_http=True, allow_private_addresses=True
        )
        self._clock = clock
        self._notifier = Notifier(settings, clock=clock.now)
        self._store = NotifyStore.connect(database_url, name="frostline day notify")

    def all(self) -> None:
        """Queue and send until nothing is new, and nothing is due that can be sent now.

        A receiver gets few messages at a time, and an order's one after the other: what waits for
        its turn is seen only once those before it have ended.
        """
        for _ in range(_MOST_STEPS):
            is_new = self._notifier.step(self._store)
            has_ended = self._notifier.finish(self._store) > 0
            if not (is_new or has_ended):
                return
        raise NeverDone("the notifier is never done")

    def is_held_back(self) -> bool:
        """Whether a transaction under way, anybody's on this server, keeps events from `all`."""
        return self._store.holds_events_back()

    def again_at(self) -> datetime | None:
        """Return when a receiver that did not answer is told again; None: all have answered."""
        return self._store.next_attempt_after(self._clock.now())

    def close(self) -> None:
        """Let threads and connection go."""
        self._notifier.close()
        self._store.__exit__()
