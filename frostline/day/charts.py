"""How are a report's charts drawn? As SVG, in the page itself; colours are the page's classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH: Final = 720.0
_HEIGHT: Final = 240.0
_LEFT: Final = 48.0
_BOTTOM: Final = 28.0
_TOP: Final = 24.0
_STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one colour: `css` is a class of the page."""

    name: str
    css: str
    values: Sequence[float]


def bars(names: Sequence[str], series: Sequence[Series], line: Series | None = None) -> str:
    """Draw groups of bars, and a line over them."""
    drawn = [*series, *([line] if line else [])]
    most = max((value for each in drawn for value in each.values), default=0.0) or 1.0
    group = (_WIDTH - _LEFT) / max(1, len(names))
    wide = 0.8 * group / max(1, len(series))
    parts = [_axis(0.0, most)]
    for number, each in enumerate(series):
        for k, value in enumerate(each.values):
            x = _LEFT + k * group + 0.1 * group + number * wide
            y = _y(value, 0.0, most)
            tall = _HEIGHT - _BOTTOM - y
            parts.append(
                f'<rect class="{each.css}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
                f'height="{tall:.1f}"><title>{escape(each.name)}: {value:g}</title></rect>'
            )
    if line:
        points = " ".join(
            f"{_LEFT + (k + 0.5) * group:.1f},{_y(value, 0.0, most):.1f}"
            for k, value in enumerate(line.values)
        )
        parts.append(f'<polyline class="{line.css}" points="{points}"/>')
    parts += [_below(_LEFT + (k + 0.5) * group, name) for k, name in enumerate(names)]
    return _svg(parts + _legend(drawn))


def dots(names: Sequence[str], across: Sequence[float], up: Sequence[float]) -> str:
    """Draw named points."""
    if not names:
        return ""
    left, right = min([0.0, *across]), max([0.0, *across])
    room = (right - left) or 1.0
    low, most = min([0.0, *up]), max([1.0, *up])
    parts = [_axis(low, most)]
    for name, x_value, y_value in zip(names, across, up, strict=True):
        x = _LEFT + 20 + (x_value - left) / room * (_WIDTH - _LEFT - 80)
        y = _y(y_value, low, most)
        parts.append(
            f'<circle class="with" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
            f'<text x="{x + 8:.1f}" y="{y + 4:.1f}">{escape(name)}</text>'
        )
        parts.append(_below(x, f"{x_value:+.2f}"))
    return _svg(parts)


def _y(value: float, low: float, most: float) -> float:
    share = (value - low) / ((most - low) or 1.0)
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _axis(low: float, most: float) -> str:
    lines = []
    for step in range(_STEPS + 1):
        value = low + (most - low) * step / _STEPS
        y = _y(value, low, most)
        lines.append(
            f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>'
        )
    return "".join(lines)


def _below(x: float, name: str) -> str:
    return f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(name)}</text>'


def _legend(series: Sequence[Series]) -> list[str]:
    return [
        f'<g transform="translate({_LEFT + 140 * k:.0f} 12)">'
        f'<rect class="{"without" if each.css == "line" else each.css}" width="10" height="10" '
        f'y="-9"/><text x="14">{escape(each.name)}</text></g>'
        for k, each in enumerate(series)
    ]


def _svg(parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )
