"""The map and the Gantt chart: pictures of the right size that show what is in the plan.

Figures are looked into before they become pixels, so that no text is compared by its looks.
"""

import struct
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from routing.city import city_day
from routing.city_first_trips import first_trips
from routing.drawing import DPI, NothingToDraw, draw_gantt, draw_map
from routing.drawing_gantt import gantt_figure
from routing.drawing_map import attribution_of, map_figure
from routing.drawing_style import DEPOT_COLOURS
from routing.plan import Plan
from routing.problem import Problem
from routing.roads.travel import RoadTravel
from routing.solve import as_plan
from routing.weather import Weathered


def planned(problem: Problem) -> Plan:
    return as_plan(problem, first_trips(problem))


@pytest.fixture(scope="module")
def day() -> Problem:
    return city_day(orders=40, seed=1, scenario="shifts")


@pytest.fixture(scope="module")
def plan(day: Problem) -> Plan:
    return planned(day)


def size(png: bytes) -> tuple[int, int]:
    """Return a PNG's width and height: the first two words of its header."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def texts(figure: Figure) -> set[str]:
    """Return what a figure says, legends and all."""
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    legend = axes.get_legend() or next(iter(figure.legends), None)
    said = [axes.get_title(loc="left"), *(text.get_text() for text in axes.texts)]
    said += [text.get_text() for text in (legend.get_texts() if legend else [])]
    said += [label.get_text() for label in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    return set(said)


def test_pictures_are_png_of_the_figures_size(day: Problem, plan: Plan) -> None:
    assert size(draw_map(day, plan)) == (11 * DPI, 9 * DPI)
    width, height = size(draw_gantt(day, plan))
    assert width == 15 * DPI
    assert height > 3 * DPI


def test_the_map_names_depots_kinds_and_what_stays_behind(day: Problem, plan: Plan) -> None:
    said = texts(map_figure(day, plan))
    assert {"depot-1", "depot-2", "depot-3", "van", "tricycle", "courier"} <= said
    assert f"not served ({len(plan.unserved)})" in said
    assert any(text.endswith(" km") for text in said)
    everybody = replace(plan, unserved=())
    assert not any("not served" in text for text in texts(map_figure(day, everybody)))


def test_the_map_has_a_line_a_trip_and_equal_scales(day: Problem, plan: Plan) -> None:
    axes = map_figure(day, plan).axes[0]
    lines = [part for part in axes.collections if isinstance(part, LineCollection)]
    trips = sum(len(route.trips) for route in plan.routes)
    assert sum(len(part.get_paths()) for part in lines) == trips
    # a degree of longitude is shorter than one of latitude: 1 / cos(30.27 degrees) = 1.158
    assert axes.get_aspect() == pytest.approx(1.158, abs=0.002)


def test_every_colour_is_told_from_every_other() -> None:
    rgb = np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in DEPOT_COLOURS])
    apart = np.abs(rgb[:, None] - rgb[None]).sum(-1) + 999 * np.eye(len(rgb), dtype=int)
    assert apart.min() > 60


def test_the_chart_has_a_row_a_vehicle_and_a_clock(day: Problem, plan: Plan) -> None:
    said = texts(gantt_figure(day, plan))
    assert {route.vehicle for route in plan.routes} <= said
    assert {"14:00", "17:00", "20:00", "late", "break"} <= said


def test_labels_are_not_cut_off(day: Problem, plan: Plan) -> None:
    for figure in (map_figure(day, plan), gantt_figure(day, plan)):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        axes = figure.axes[0]
        legend = axes.get_legend() or figure.legends[0]
        assert legend is not None
        whole = figure.bbox
        for part in (*axes.get_yticklabels(), *axes.get_xticklabels(), axes.title, legend):
            box = part.get_window_extent(canvas.get_renderer())
            assert box.x0 >= whole.x0
            assert box.x1 <= whole.x1
            assert box.y0 >= whole.y0
            assert box.y1 <= whole.y1


def test_a_chart_of_many_vehicles_shows_the_first_and_says_so(
    day: Problem, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = len(plan.routes)
    monkeypatch.setattr("routing.drawing_gantt.MOST_ROWS", every)
    assert "not shown" not in gantt_figure(day, plan).axes[0].get_title(loc="left")
    monkeypatch.setattr("routing.drawing_gantt.MOST_ROWS", every - 2)
    axes = gantt_figure(day, plan).axes[0]
    assert "2 more vehicles are not shown" in axes.get_title(loc="left")
    assert len(axes.get_yticks()) == every - 2


def test_a_plan_without_a_route_has_no_chart_but_a_map(day: Problem) -> None:
    nobody = as_plan(day, tuple(() for _ in day.vehicles))
    assert size(draw_map(day, nobody)) == (11 * DPI, 9 * DPI)
    with pytest.raises(NothingToDraw):
        draw_gantt(day, nobody)


def test_openstreetmap_is_named_where_roads_are_from_it(day: Problem) -> None:
    roads = RoadTravel({}, day.places)
    assert "OpenStreetMap" in (attribution_of(roads) or "")
    assert attribution_of(day.travel) is None
    wet = Weathered(clear=roads, weather={})
    assert "OpenStreetMap" in (attribution_of(wet) or "")
