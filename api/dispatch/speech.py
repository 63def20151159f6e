"""How is a dispatcher spoken to: in which words, and by which clock?"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from api.dispatch.console_words import ConsoleWords
from api.dispatch.resources import Pin, PlannedStop


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """The console's words of one language, and the clock of the city."""

    console: ConsoleWords
    zone: ZoneInfo
    now: datetime

    def clock(self, at: datetime) -> str:
        """Say when; another day is named."""
        local = at.astimezone(self.zone)
        same_day = local.date() == self.now.astimezone(self.zone).date()
        return f"{local:%H:%M}" if same_day else f"{local:%m-%d %H:%M}"

    def cost(self, more: int) -> str:
        """Say what something costs more or less."""
        phrase = self.console.saved_cost if more < 0 else self.console.extra_cost
        return phrase.format(amount=f"{abs(more) / 100:.2f}")

    def expected(self, stop: PlannedStop) -> str:
        """Say when a vehicle is at a stop, with the interval."""
        return self.console.expected_at.format(
            time=self.clock(stop.arrives_at),
            earliest=self.clock(stop.earliest_at),
            latest=self.clock(stop.latest_at),
        )

    def pinned(self, pin: Pin) -> str:
        """Say what a dispatcher's standing wish is."""
        if pin.hold_until is not None:
            time = self.clock(pin.hold_until)
            return self.console.hold.format(order=pin.order_id, time=time)
        return self.console.pin.format(order=pin.order_id, vehicle=pin.vehicle_id)
