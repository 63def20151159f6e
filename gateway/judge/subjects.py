"""What is judged as one, and when?

A subject is an order with all its boxes, a place, a logger or an intake. One that was judged a
moment ago is put off, not forgotten: its next look is set to when it may be judged again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

Kind = Literal["order", "place", "logger", "intake"]

# An intake is judged once, while somebody waits at the door.
_AT_ONCE: Final = frozenset[Kind]({"intake"})
# A place is judged by days: carried for one that is put off is what was touched, in ms UTC.
TOUCHED: Final = "touched"
_MOST_STRETCHES: Final = 32


class Subject(NamedTuple):
    """What is judged as one."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """Something changed that concerns a subject, in a stretch of time."""

    kind: Kind
    id: str
    from_at: datetime
    to_at: datetime

    @property
    def subject(self) -> Subject:
        """What it concerns."""
        return Subject(self.kind, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A subject that is held, when it was judged and when it is to be judged next."""

    kind: Kind
    id: str
    looked_at: datetime  # 1970: never
    next_look_at: datetime | None
    carried: Mapping[str, object] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """What is held."""
        return Subject(self.kind, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """What to do with what is held: judge now, put off, or mark again what is held elsewhere."""

    now: tuple[Look, ...]
    later: tuple[Look, ...]
    elsewhere: tuple[Touch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often, and how many at once."""

    now: datetime
    min_interval: timedelta
    batch: int


def sort_looks(
    due: Sequence[Look], touches: Sequence[Touch], held: Sequence[Look], pace: Pace
) -> Sorted:
    """Sort what is due and what was touched; `held` are the looks of the touched subjects.

    What is due goes first: under load, what had to wait is not overtaken for ever.
    """
    looks = {look.subject: look for look in (*held, *due)}
    touched: dict[Subject, list[Touch]] = {}
    for touch in touches:
        touched.setdefault(touch.subject, []).append(touch)
    for subject, found in touched.items():
        if subject in looks and subject.kind == "place":
            looks[subject] = _with_touches(looks[subject], found)
    waiting = [look.subject for look in due]
    waiting += [subject for subject in touched if subject in looks and subject not in set(waiting)]
    now: list[Look] = []
    later: list[Look] = []
    for look in (looks[subject] for subject in waiting):
        may_be_at = max(_may_be_judged_at(look, pace), pace.now)
        if may_be_at == pace.now and len(now) < pace.batch:
            now.append(look)
        elif _is_later(look.next_look_at, may_be_at) or look.kind == "place":
            later.append(replace(look, next_look_at=_earlier(look.next_look_at, may_be_at)))
    elsewhere = [touch for touch in touches if touch.subject not in looks]
    return Sorted(now=tuple(now), later=tuple(later), elsewhere=tuple(elsewhere))


def touched_ms(look: Look) -> tuple[tuple[int, int], ...]:
    """Return which stretches were touched since a subject was judged, [from, to] in ms UTC."""
    kept = look.carried.get(TOUCHED, [])
    return tuple((int(a), int(b)) for a, b in kept) if isinstance(kept, list) else ()


def _may_be_judged_at(look: Look, pace: Pace) -> datetime:
    if look.kind in _AT_ONCE:
        return look.looked_at
    return look.looked_at + pace.min_interval


def _is_later(at: datetime | None, than: datetime) -> bool:
    return at is None or at > than


def _earlier(at: datetime | None, other: datetime) -> datetime:
    return other if at is None else min(at, other)


def _with_touches(look: Look, touches: Iterable[Touch]) -> Look:
    stretches = [*touched_ms(look), *((_ms(t.from_at), _ms(t.to_at)) for t in touches)]
    return replace(look, carried={**look.carried, TOUCHED: _joined(stretches)})


def _joined(stretches: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Join what overlaps; where many remain, the earliest ones become one stretch."""
    joined: list[list[int]] = []
    for from_ms, to_ms in sorted(stretches):
        if joined and from_ms <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], to_ms)
        else:
            joined.append([from_ms, to_ms])
    surplus = len(joined) - _MOST_STRETCHES
    if surplus > 0:
        joined[: surplus + 1] = [[joined[0][0], joined[surplus][1]]]
    return joined


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
