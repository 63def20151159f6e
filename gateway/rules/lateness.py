"""Will an order be late, is it, by how much, and which time can be promised instead?

Real lateness compares the delivery with the promise. Predicted lateness compares the promise with
the later end of the newest estimate, or with this moment if that has passed, and the time that
handing over takes. So an order that is to be delivered is at risk before its promise breaks, even
if nobody estimates anything. The promised moment itself is in time.
"""

from dataclasses import dataclass
from typing import Final, Literal

State = Literal["kept", "expected", "at_risk", "broken", "not_promised"]

NOTICE_S: Final = 60
"""Handing over takes so long at least: the shortest notice of a promise that breaks."""
PROPOSED_STEP_MS: Final = 5 * 60_000
"""A new time is proposed in whole steps, rounded up: nobody is told 14:03."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What is known of an arrival that is to come.

    `latest_at_ms`: nine in ten arrive by then, where the newest estimate says it. `service_s` None:
    nobody was told to deliver the order, and how long that takes. `is_left_behind`: the plan that
    stands doesn't bring it.
    """

    arrives_at_ms: int | None = None
    latest_at_ms: int | None = None
    service_s: int | None = None
    is_left_behind: bool = False

    def delivered_by_ms(self, now_ms: int) -> int | None:
        """Return by when an order that is not delivered will be; None: nothing is known."""
        ends_ms = [end for end in (self.arrives_at_ms, self.latest_at_ms) if end is not None]
        if self.is_left_behind:
            return None
        if self.service_s is None:
            return max(ends_ms, default=None)
        return max([now_ms, *ends_ms]) + self._handing_over_ms()

    def runs_out_ms(self, due_at_ms: int) -> int | None:
        """Return from when on a promise is at risk by time alone."""
        return None if self.service_s is None else due_at_ms - self._handing_over_ms() + 1

    def _handing_over_ms(self) -> int:
        return max(self.service_s or 0, NOTICE_S) * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How an order stands against its promise; times in ms UTC.

    `kept`: delivered in time. `expected`: nothing speaks against it. `at_risk`: it will probably
    be delivered after the promise. `broken`: delivered late, or not delivered and the time has
    passed.
    """

    state: State
    late_s: int  # broken or at risk: by how much, as far as is known; else 0
    look_again_ms: int | None  # when time alone changes the answer, None: never
    proposed_at_ms: int | None = (
        None  # at risk, or broken and not delivered: which time can be kept
    )


def judge_lateness(
    *,
    due_at_ms: int | None,
    arrival: Arrival,
    delivered_at_ms: int | None,
    cancelled_at_ms: int | None,
    now_ms: int,
) -> Lateness:
    """Judge one order; a cancelled one has no promise."""
    if due_at_ms is None or cancelled_at_ms is not None:
        return Lateness(state="not_promised", late_s=0, look_again_ms=None)
    if delivered_at_ms is not None:
        late_s = _late_s(delivered_at_ms, due_at_ms)
        return Lateness(state="broken" if late_s else "kept", late_s=late_s, look_again_ms=None)
    return _undelivered(due_at_ms, arrival, now_ms)


def _undelivered(due_at_ms: int, arrival: Arrival, now_ms: int) -> Lateness:
    by_ms = arrival.delivered_by_ms(now_ms)
    predicted_s = _late_s(by_ms, due_at_ms)
    if now_ms > due_at_ms:
        late_s = max(_late_s(now_ms, due_at_ms), predicted_s)
        proposed_ms = None if by_ms is None else _proposed_ms(max(by_ms, now_ms))
        return Lateness(
            state="broken", late_s=late_s, look_again_ms=None, proposed_at_ms=proposed_ms
        )
    if predicted_s or arrival.is_left_behind:
        return Lateness(
            state="at_risk",
            late_s=predicted_s,
            look_again_ms=due_at_ms + 1,
            proposed_at_ms=None if by_ms is None else _proposed_ms(by_ms),
        )
    again_ms = arrival.runs_out_ms(due_at_ms)
    return Lateness(
        state="expected", late_s=0, look_again_ms=due_at_ms + 1 if again_ms is None else again_ms
    )


def _proposed_ms(by_ms: int) -> int:
    return -(-by_ms // PROPOSED_STEP_MS) * PROPOSED_STEP_MS


def _late_s(at_ms: int | None, due_at_ms: int) -> int:
    """Return whole seconds after the promise, a begun one counting; 0: not late, or not known."""
    return 0 if at_ms is None else max(0, -((due_at_ms - at_ms) // 1000))
