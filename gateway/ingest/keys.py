"""How does all that a window mentions get its keys?"""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.ingest.flush import Window
from gateway.ingest.known import KnownBoots, KnownLoggers
from gateway.ingest.store import Store
from schemas.columns import Columns


@dataclass(slots=True)
class Keys:
    """What is known of loggers and boots."""

    loggers: KnownLoggers = field(default_factory=KnownLoggers)
    boots: KnownBoots = field(default_factory=KnownBoots)

    def cover(self, window: Window, columns: Columns | None) -> bool:
        """Whether everything in the window is known."""
        if columns is None:
            return True
        unknown = self.loggers.unknown(columns.loggers, columns.formats)
        return not unknown and not self.boots.unknown(window.boots())

    def learn(self, store: Store, window: Window, columns: Columns, *, now: datetime) -> None:
        """Read what is not known, and register what is new. No other transaction is under way."""
        self.loggers.make_room()
        self.boots.make_room()
        boots = self.boots.unknown(window.boots())
        loggers = self.loggers.unknown(columns.loggers, columns.formats)
        self.boots.learn(store.learn_boots(boots, now=now))
        self.loggers.learn(store.learn_loggers(loggers, now=now))
