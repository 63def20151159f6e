"""What does a consignment's temperature look like over time?

Drawn as SVG: the zone's range as a band, the box's own readings as a line, a place's as a dashed
one, gaps hatched and never bridged, out-of-range stretches thicker, excursions shaded. Values in,
text out; colours are in static/chart.css, light and dark.
"""

import base64
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.resources import files
from typing import Final
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

import numpy as np

from api.curve import ConsignmentCurve, Policy, Verdict, extremes_of, newest_of
from api.words import WORDS, Language, Words, degrees_under, limit, range_words
from schemas.segments import Segment, Window

STYLE: Final = files("api").joinpath("static", "chart.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

# For a chart that stands alone: its one style, and nothing else.
CONTENT_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'"
)

_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 12, 16, 22  # room around the plot, px
_LABEL_PX: Final = 64  # width of a time's label with the room it needs
_SMALLEST_SPAN_MS: Final = 10 * 60_000
_SMALLEST_SPAN_C: Final = 4.0
_PLACE_LABEL_PX: Final = 60
_GAP_LABEL_PX: Final = 46
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_TIME_STEPS_MS: Final = (
    *(m * _MINUTE_MS for m in (1, 2, 5, 10, 15, 30)),
    *(h * _HOUR_MS for h in (1, 2, 3, 6, 12, 24, 48, 168)),
)
_DEGREE_STEPS: Final = (0.5, 1, 2, 5, 10, 20, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """For whom a chart is drawn: when, where, in which language, and how large (px)."""

    now_ms: int
    zone: ZoneInfo
    language: Language
    width: int = 720
    height: int = 260
    prefix: str = "c"  # of ids, which must differ within a page

    @property
    def words(self) -> Words:
        """Of the view's language."""
        return WORDS[self.language]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """From ms and °C to px."""

    from_ms: int
    until_ms: int
    lowest_c: float
    highest_c: float
    view: View

    @property
    def right(self) -> float:
        return self.view.width - _RIGHT

    @property
    def bottom(self) -> float:
        return self.view.height - _BOTTOM

    def x(self, at_ms: float) -> float:
        share = (at_ms - self.from_ms) / (self.until_ms - self.from_ms)
        return round(_LEFT + min(max(share, 0.0), 1.0) * (self.right - _LEFT), 1)

    def y(self, temperature_c: float) -> float:
        share = (self.highest_c - temperature_c) / (self.highest_c - self.lowest_c)
        return round(_TOP + min(max(share, 0.0), 1.0) * (self.bottom - _TOP), 1)

    def points(self, segment: Segment) -> str:
        xs = _LEFT + (segment.t_ms - self.from_ms) * (
            (self.right - _LEFT) / (self.until_ms - self.from_ms)
        )
        ys = _TOP + (self.highest_c - segment.temperature_c) * (
            (self.bottom - _TOP) / (self.highest_c - self.lowest_c)
        )
        pairs = zip(np.round(xs, 1).tolist(), np.round(ys, 1).tolist(), strict=True)
        return " ".join(f"{x:g},{y:g}" for x, y in pairs)


def draw_order(curves: Sequence[ConsignmentCurve], view: View) -> str:
    """Return a document of its own with one chart below the other."""
    head_px = 24
    panels = []
    for index, curve in enumerate(curves):
        y = index * (view.height + head_px)
        title = f"{view.words.zones[curve.zone]} · {curve.consignment_id}"
        panels.append(
            f'<text class="fl-head" x="{_LEFT}" y="{y + 18}">{escape(title)}</text>'
            f'<g transform="translate(0 {y + head_px})">'
            f"{draw(curve, replace(view, prefix=f'{view.prefix}{index}'))}</g>"
        )
    height = max(len(curves) * (view.height + head_px), 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="fl-document" width="{view.width}" '
        f'height="{height}" viewBox="0 0 {view.width} {height}" xml:lang="{view.words.tag}">'
        f"<style>{STYLE}</style>"
        f'<rect class="fl-paper" width="{view.width}" height="{height}"/>'
        f"{''.join(panels)}</svg>"
    )


def draw(curve: ConsignmentCurve, view: View) -> str:
    """Return the chart of one consignment as an `svg` element."""
    frame = _frame(curve, view)
    prefix = view.prefix
    parts = [
        _definitions(curve.policy, frame),
        _band(curve.policy, frame),
        *(_excursion(excursion, frame) for excursion in curve.excursions),
        *_degree_axis(curve.policy, frame),
        *_time_axis(frame),
        *(_gap(gap, frame, has_readings=bool(curve.segments)) for gap in curve.gaps),
        _now(curve, frame),
        *(_line(segment, frame) for segment in curve.segments),
        _newest(curve, frame),
    ]
    if not curve.segments:
        middle = (frame.right + _LEFT) / 2
        parts.append(_text("fl-empty", middle, _TOP + 24, view.words.chart_empty, "middle"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="fl-chart" width="{view.width}" '
        f'height="{view.height}" viewBox="0 0 {view.width} {view.height}" role="img" '
        f'aria-labelledby="{prefix}-title {prefix}-desc">'
        f'<title id="{prefix}-title">{escape(_title(curve, view))}</title>'
        f'<desc id="{prefix}-desc">{escape(describe(curve, view))}</desc>'
        f"{''.join(parts)}</svg>"
    )


def describe(curve: ConsignmentCurve, view: View) -> str:
    """Say in words what the chart shows."""
    words = view.words
    extremes, newest = extremes_of(curve), newest_of(curve, now_ms=view.now_ms)
    said = [f"{words.range_label}: {range_words(curve.policy, words)}."]
    if extremes is None or newest is None:
        return " ".join([*said, words.chart_empty])
    first = min(int(segment.t_ms[0]) for segment in curve.segments)
    said.append(
        words.chart_span.format(start=clock(first, view), end=clock(newest.measured_at_ms, view))
    )
    lowest, highest = extremes
    said.append(
        words.chart_extremes.format(
            lowest=degrees_under(lowest, curve.policy), highest=degrees_under(highest, curve.policy)
        )
    )
    said.append(
        words.chart_newest.format(
            temperature=degrees_under(newest.temperature_c, curve.policy),
            time=clock(newest.measured_at_ms, view),
            verdict=words.verdicts[newest.verdict],
        )
    )
    if curve.gaps:
        phrase = words.gaps_one if len(curve.gaps) == 1 else words.gaps_many
        said.append(phrase.format(count=len(curve.gaps)))
    return " ".join(said)


def _title(curve: ConsignmentCurve, view: View) -> str:
    return view.words.chart_title.format(
        zone=view.words.zones[curve.zone], name=curve.consignment_id
    )


def clock(at_ms: int, view: View) -> str:
    """Write a time of the view's zone, with its date unless it is today."""
    at = datetime.fromtimestamp(at_ms / 1000, view.zone)
    today = datetime.fromtimestamp(view.now_ms / 1000, view.zone).date()
    return f"{at:%H:%M}" if at.date() == today else f"{at:%m-%d %H:%M}"


# Scales ----------------------------------------------------------------------------------------


def _frame(curve: ConsignmentCurve, view: View) -> _Frame:
    from_ms, until_ms = _time_span(curve, view.now_ms)
    lowest_c, highest_c = _degree_span(curve)
    return _Frame(
        from_ms=from_ms, until_ms=until_ms, lowest_c=lowest_c, highest_c=highest_c, view=view
    )


def _time_span(curve: ConsignmentCurve, now_ms: int) -> tuple[int, int]:
    edges = [int(t) for s in curve.segments for t in (s.t_ms[0], s.t_ms[-1])]
    seen = curve.seen or Window(from_ms=now_ms - _HOUR_MS, until_ms=None)
    from_ms = min([seen.from_ms, *edges]) if seen.from_ms else min(edges, default=now_ms)
    until_ms = max([now_ms if seen.until_ms is None else seen.until_ms, *edges])
    return from_ms, max(until_ms, from_ms + _SMALLEST_SPAN_MS)


def _degree_span(curve: ConsignmentCurve) -> tuple[float, float]:
    limits = [c for c in (curve.policy.lower_c, curve.policy.upper_c) if c is not None]
    values = [*limits, *(extremes_of(curve) or ())] or [0.0]
    lowest, highest = min(values), max(values)
    room = max(0.12 * (highest - lowest), (_SMALLEST_SPAN_C - (highest - lowest)) / 2, 0.3)
    return lowest - room, highest + room


# Parts -----------------------------------------------------------------------------------------


def _definitions(policy: Policy, frame: _Frame) -> str:
    """Clip for what lies out of range, and the gaps' hatching."""
    prefix, width = frame.view.prefix, frame.view.width
    outside = ""
    if policy.upper_c is not None:
        outside += f'<rect x="0" y="0" width="{width}" height="{frame.y(policy.upper_c)}"/>'
    if policy.lower_c is not None:
        y = frame.y(policy.lower_c)
        outside += f'<rect x="0" y="{y}" width="{width}" height="{frame.view.height - y}"/>'
    return (
        f'<defs><clipPath id="{prefix}-out">{outside}</clipPath>'
        f'<pattern id="{prefix}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line class="fl-hatch" x1="0" y1="0" x2="0" y2="6"/>'
        "</pattern></defs>"
    )


def _band(policy: Policy, frame: _Frame) -> str:
    top = _TOP if policy.upper_c is None else frame.y(policy.upper_c)
    bottom = frame.bottom if policy.lower_c is None else frame.y(policy.lower_c)
    lines = "".join(
        _rule("fl-limit", _LEFT, frame.y(c), frame.right, frame.y(c))
        for c in (policy.lower_c, policy.upper_c)
        if c is not None
    )
    return (
        f'<rect class="fl-band" x="{_LEFT}" y="{top}" width="{frame.right - _LEFT:g}" '
        f'height="{bottom - top:g}"/>{lines}'
    )


def _degree_axis(policy: Policy, frame: _Frame) -> Iterator[str]:
    limits = [c for c in (policy.lower_c, policy.upper_c) if c is not None]
    for value in limits:
        yield _text("fl-limit-label", _LEFT - 5, frame.y(value) + 4, f"{limit(value)}°", "end")
    most = max((frame.bottom - _TOP) / 30, 2)
    span = frame.highest_c - frame.lowest_c
    step = next((s for s in _DEGREE_STEPS if span / s <= most), _DEGREE_STEPS[-1])
    for index in range(math.ceil(frame.lowest_c / step), math.floor(frame.highest_c / step) + 1):
        value, y = index * step, frame.y(index * step)
        if all(abs(y - frame.y(other)) >= 14 for other in limits):
            yield _rule("fl-grid", _LEFT, y, frame.right, y)
            yield _text("fl-tick", _LEFT - 5, y + 4, f"{limit(value)}°", "end")
    yield _text("fl-unit", _LEFT - 5, _TOP - 5, "°C", "end")


def _time_axis(frame: _Frame) -> Iterator[str]:
    most = max((frame.right - _LEFT) / _LABEL_PX, 2)
    span_ms = frame.until_ms - frame.from_ms
    step_ms = next((s for s in _TIME_STEPS_MS if span_ms / s <= most), _TIME_STEPS_MS[-1])
    start = datetime.fromtimestamp(frame.from_ms / 1000, frame.view.zone)
    offset = start.utcoffset()
    offset_ms = int(offset.total_seconds() * 1000) if offset else 0
    tick_ms = -(-(frame.from_ms + offset_ms) // step_ms) * step_ms - offset_ms
    while tick_ms <= frame.until_ms:
        x = frame.x(tick_ms)
        at = datetime.fromtimestamp(tick_ms / 1000, frame.view.zone)
        label = f"{at:%m-%d}" if (at.hour, at.minute) == (0, 0) else f"{at:%H:%M}"
        yield _rule("fl-tick-mark", x, frame.bottom, x, frame.bottom + 4)
        yield _text("fl-tick", _inside(x, frame), frame.bottom + 16, label, "middle")
        tick_ms += step_ms


def _gap(gap: Window, frame: _Frame, *, has_readings: bool) -> str:
    until_ms = frame.until_ms if gap.until_ms is None else gap.until_ms
    if gap.until_ms is None:
        until_ms = min(max(frame.view.now_ms, gap.from_ms), frame.until_ms)
    left, right = frame.x(gap.from_ms), frame.x(until_ms)
    height = frame.bottom - _TOP
    box = f'x="{left}" y="{_TOP}" width="{right - left:g}" height="{height:g}"'
    drawn = f'<rect class="fl-gap" {box} fill="url(#{frame.view.prefix}-hatch)"/>'
    if right - left < _GAP_LABEL_PX or not has_readings:
        return drawn
    middle = (left + right) / 2
    return drawn + _text(
        "fl-gap-label", middle, frame.bottom - 6, frame.view.words.no_data, "middle"
    )


def _excursion(excursion: Window, frame: _Frame) -> str:
    until_ms = frame.view.now_ms if excursion.until_ms is None else excursion.until_ms
    left, right = frame.x(excursion.from_ms), frame.x(min(until_ms, frame.until_ms))
    size = f'width="{max(right - left, 0):g}" height="{frame.bottom - _TOP:g}"'
    return f'<rect class="fl-excursion" x="{left}" y="{_TOP}" {size}/>'


def _now(curve: ConsignmentCurve, frame: _Frame) -> str:
    now_ms = frame.view.now_ms
    is_open = curve.life is not None and curve.life.until_ms is None
    if not is_open or not frame.from_ms <= now_ms <= frame.until_ms:
        return ""
    x = frame.x(now_ms)
    label = _text("fl-now-label", _inside(x, frame), _TOP - 5, frame.view.words.now, "middle")
    return _rule("fl-now", x, _TOP, x, frame.bottom) + label


def _line(segment: Segment, frame: _Frame) -> str:
    kind = "fl-line" if segment.source.kind == "box" else "fl-line fl-place"
    if len(segment.t_ms) == 1:
        x, y = frame.x(int(segment.t_ms[0])), frame.y(float(segment.temperature_c[0]))
        return f'<circle class="fl-dot" cx="{x}" cy="{y}" r="2"/>'
    points = frame.points(segment)
    outside = f'clip-path="url(#{frame.view.prefix}-out)"'
    drawn = (
        f'<polyline class="{kind}" points="{points}"/>'
        f'<polyline class="{kind} fl-out" points="{points}" {outside}/>'
    )
    left, right = frame.x(int(segment.t_ms[0])), frame.x(int(segment.t_ms[-1]))
    if segment.source.place_name is None or right - left < _PLACE_LABEL_PX:
        return drawn
    y = min(frame.y(float(segment.temperature_c[0])) + 18, frame.bottom - 6)
    return drawn + _text("fl-place-label", left + 3, y, segment.source.place_name, "start")


def _newest(curve: ConsignmentCurve, frame: _Frame) -> str:
    newest = newest_of(curve, now_ms=frame.view.now_ms)
    if newest is None:
        return ""
    x, y = frame.x(newest.measured_at_ms), frame.y(newest.temperature_c)
    bad = newest.verdict in {Verdict.TOO_WARM, Verdict.TOO_COLD}
    kind = "fl-newest fl-newest-out" if bad else "fl-newest"
    return f'<circle class={quoteattr(kind)} cx="{x}" cy="{y}" r="4"/>'


def _inside(x: float, frame: _Frame) -> float:
    return min(max(x, _LEFT + 14), frame.right - 10)


def _rule(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _text(kind: str, x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
