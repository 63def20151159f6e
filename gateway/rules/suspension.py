"""When is what a logger says not judged?

After packing and loading, as long as the policy says; in planned maintenance; in planned defrosts.
Such time is neither beyond a limit nor fine, and no unknown time either.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.rules.judgement import Circumstances
from gateway.rules.policy import Defrost, Policy

Span = tuple[int, int]  # from, until: ms UTC, until not included


def suspended_spans(policy: Policy, circumstances: Circumstances, *, until_ms: int) -> list[Span]:
    """Return the stretches of a life that are not judged: apart, in order, begun by `until_ms`.

    Each with its whole length, though it may end after `until_ms`.
    """
    from_ms = circumstances.life.from_ms
    spans = [
        *_after(circumstances.packed_at_ms, policy.ignore_after_packing_s),
        *_after(circumstances.loaded_at_ms, policy.ignore_after_loading_s),
        *(
            (w.from_ms, until_ms + 1 if w.until_ms is None else w.until_ms)
            for w in circumstances.suspended
        ),
        *(span for d in policy.defrosts for span in defrost_spans(d, from_ms, until_ms)),
    ]
    return _joined((max(a, from_ms), b) for a, b in spans if b > from_ms and a <= until_ms)


def defrost_spans(defrost: Defrost, from_ms: int, until_ms: int) -> Iterator[Span]:
    """Return a defrost of each day that touches the stretch.

    It begins by the wall clock of its time zone and lasts real seconds. A time that the clocks skip
    in spring is taken as if they had not been moved; of one that comes twice in autumn the first
    counts.
    """
    zone = ZoneInfo(defrost.time_zone)
    at = time.fromisoformat(defrost.starts_at)
    day = _day_of(from_ms - defrost.lasts_s * 1000, zone)
    last = _day_of(until_ms, zone)
    while day <= last:
        begin = int(datetime.combine(day, at, tzinfo=zone).timestamp()) * 1000
        yield begin, begin + defrost.lasts_s * 1000
        day += timedelta(days=1)


def overlap_ms(spans: Iterable[Span], from_ms: int, until_ms: int) -> int:
    """Return how much of a stretch the spans cover, in ms."""
    return sum(max(0, min(b, until_ms) - max(a, from_ms)) for a, b in spans)


def _day_of(at_ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at_ms // 1000, tz=UTC).astimezone(zone).date()


def _after(moments_ms: Iterable[int], ignored_s: int) -> list[Span]:
    return [(at, at + ignored_s * 1000) for at in moments_ms] if ignored_s else []


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if end <= begin:
            continue
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined
