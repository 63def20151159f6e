"""Will an order be late, is it, and by how much?

Real lateness compares the delivery with the promise, predicted lateness the newest estimate of the
arrival. The promised moment itself is in time.
"""

from dataclasses import dataclass
from typing import Literal

State = Literal["kept", "expected", "at_risk", "broken", "not_promised"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How an order stands against its promise; times in ms UTC.

    `kept`: delivered in time. `expected`: nothing speaks against it. `at_risk`: the newest estimate
    lies after the promise. `broken`: delivered late, or not delivered and the time has passed.
    """

    state: State
    late_s: int  # broken or at risk: by how much, as far as is known; else 0
    look_again_ms: int | None  # when time alone changes the answer, None: never


def judge_lateness(
    *,
    due_at_ms: int | None,
    arrives_at_ms: int | None,
    delivered_at_ms: int | None,
    cancelled_at_ms: int | None,
    now_ms: int,
) -> Lateness:
    """Judge one order. `arrives_at_ms`: the newest estimate; a cancelled order has no promise."""
    if due_at_ms is None or cancelled_at_ms is not None:
        return Lateness(state="not_promised", late_s=0, look_again_ms=None)
    if delivered_at_ms is not None:
        late_s = _late_s(delivered_at_ms, due_at_ms)
        return Lateness(state="broken" if late_s else "kept", late_s=late_s, look_again_ms=None)
    predicted_s = _late_s(arrives_at_ms, due_at_ms)
    if now_ms > due_at_ms:
        late_s = max(_late_s(now_ms, due_at_ms), predicted_s)
        return Lateness(state="broken", late_s=late_s, look_again_ms=None)
    return Lateness(
        state="at_risk" if predicted_s else "expected",
        late_s=predicted_s,
        look_again_ms=due_at_ms + 1,
    )


def _late_s(at_ms: int | None, due_at_ms: int) -> int:
    """Return whole seconds after the promise, a begun one counting; 0: not late, or not known."""
    return 0 if at_ms is None else max(0, -((due_at_ms - at_ms) // 1000))
