"""What does a consignment's temperature look like over time?"""

import xml.etree.ElementTree as ET
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import chart
from api.chart import View
from api.curve import ConsignmentCurve, Policy
from api.words import Language
from schemas.ids import ConsignmentId, LoggerId, PlaceId
from schemas.reading import Zone
from schemas.segments import Segment, Source, Window

SVG = "{http://www.w3.org/2000/svg}"
MIN = 60_000
# 2026-11-21 02:00 UTC, which is 10:00 in Shanghai.
T0 = 1_795_226_400_000
BOX = Source(kind="box", logger_id=LoggerId("C4:A5:E3:00:00:01"))
VAN = replace(BOX, kind="place", place_id=PlaceId("van-1"), place_name="Van <1> & Co")
VIEW = View(now_ms=T0 + 60 * MIN, zone=ZoneInfo("Asia/Shanghai"), language=Language.ENGLISH)


def segment(from_min: int, until_min: int, *temperatures_c: float, source: Source = BOX) -> Segment:
    t_ms = np.linspace(T0 + from_min * MIN, T0 + until_min * MIN, len(temperatures_c))
    return Segment(
        source=source,
        gap_limit_ms=15 * MIN,
        readings=len(temperatures_c),
        t_ms=t_ms.astype(np.int64),
        temperature_c=np.array(temperatures_c, dtype=np.float64),
    )


def curve(
    *segments: Segment,
    gaps: tuple[Window, ...] = (),
    lower_c: float | None = 0.0,
    upper_c: float | None = 4.0,
) -> ConsignmentCurve:
    life = Window(from_ms=T0, until_ms=None)
    return ConsignmentCurve(
        consignment_id=ConsignmentId("order-1.chilled"),
        zone=Zone.CHILLED,
        policy=Policy(policy_id="chilled", version=1, lower_c=lower_c, upper_c=upper_c),
        life=life,
        seen=life,
        segments=segments,
        gaps=gaps,
    )


def drawn(shown: ConsignmentCurve, view: View = VIEW) -> ET.Element:
    return ET.fromstring(chart.draw(shown, view))  # noqa: S314  # our own


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [e for e in root.iter() if name in (e.get("class") or "").split()]


def texts(root: ET.Element) -> list[str]:
    return [e.text or "" for e in root.iter(f"{SVG}text")]


def test_each_segment_is_a_line_of_its_own_so_gaps_are_never_bridged() -> None:
    root = drawn(curve(segment(0, 20, 2, 3), segment(40, 60, 3, 2)))
    lines = [line for line in of_class(root, "fl-line") if "fl-out" not in line.get("class", "")]
    assert [len((line.get("points") or "").split()) for line in lines] == [2, 2]


def test_a_gap_is_hatched_from_its_start_to_its_end_and_labelled() -> None:
    gap = Window(from_ms=T0 + 20 * MIN, until_ms=T0 + 40 * MIN)
    root = drawn(curve(segment(0, 20, 2, 3), segment(40, 60, 3, 2), gaps=(gap,)))
    (box,) = of_class(root, "fl-gap")
    # The plot is 720 - 38 - 12 = 670 px wide for 60 minutes; a third of it is 223.3 px.
    assert float(box.get("width") or 0) == pytest.approx(670 / 3, abs=0.1)
    assert "no data" in texts(root)


def test_a_places_line_is_dashed_and_bears_its_name() -> None:
    root = drawn(curve(segment(0, 60, 2, 3, source=VAN)))
    assert of_class(root, "fl-place")
    assert "Van <1> & Co" in texts(root)


def test_the_limits_are_labelled_and_bound_the_band() -> None:
    root = drawn(curve(segment(0, 60, 2, 3)))
    (band,) = of_class(root, "fl-band")
    upper, lower = sorted(float(line.get("y1") or 0) for line in of_class(root, "fl-limit"))
    assert float(band.get("y") or 0) == upper
    assert float(band.get("height") or 0) == pytest.approx(lower - upper, abs=0.11)
    assert {"0°", "4°"} <= set(texts(root))


def test_without_a_lower_limit_the_band_reaches_the_ground() -> None:
    root = drawn(curve(segment(0, 60, -20, -21), lower_c=None, upper_c=-18.0))
    (band,) = of_class(root, "fl-band")
    bottom = float(band.get("y") or 0) + float(band.get("height") or 0)
    assert bottom == VIEW.height - 22  # the room below the plot
    assert "−18°" in texts(root)


def test_times_are_local() -> None:
    assert {"10:10", "10:30", "10:50"} <= set(texts(drawn(curve(segment(0, 60, 2, 3)))))
    london = replace(VIEW, zone=ZoneInfo("Europe/London"))
    assert {"02:10", "02:30"} <= set(texts(drawn(curve(segment(0, 60, 2, 3)), london)))


def test_the_present_is_marked_while_the_consignment_is_open() -> None:
    shown = curve(segment(0, 60, 2, 3))
    assert of_class(drawn(shown), "fl-now")
    closed = replace(shown, life=Window(from_ms=T0, until_ms=T0 + 30 * MIN))
    assert not of_class(drawn(closed), "fl-now")


def test_the_chart_says_in_words_what_it_shows() -> None:
    root = drawn(curve(segment(0, 60, 2, 5.25)))
    described = root.findtext(f"{SVG}desc")
    assert described == (
        "Range: 0 to 4 °C. From 10:00 to 11:00. Lowest 2.0 °C, highest 5.2 °C. "
        "Newest reading 5.2 °C at 11:00: Too warm."
    )
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "c-title c-desc"


def test_the_chart_speaks_chinese() -> None:
    root = drawn(curve(), replace(VIEW, language=Language.CHINESE))
    assert "尚无读数。" in texts(root)


@given(
    temperatures=st.lists(st.floats(-100, 100), max_size=30),
    minutes=st.integers(0, 100_000),
    limits=st.sampled_from([(0.0, 4.0), (None, -18.0), (15.0, None)]),
    now_min=st.integers(-10_000, 200_000),
)
def test_any_curve_can_be_drawn_within_its_frame(
    temperatures: list[float],
    minutes: int,
    limits: tuple[float | None, float | None],
    now_min: int,
) -> None:
    segments = [segment(0, minutes, *temperatures)] if temperatures else []
    shown = curve(*segments, lower_c=limits[0], upper_c=limits[1])
    view = replace(VIEW, now_ms=T0 + now_min * MIN)
    for line in of_class(drawn(shown, view), "fl-line"):
        for point in (line.get("points") or "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= view.width
            assert 0 <= y <= view.height


def test_a_document_holds_one_chart_below_the_other_and_its_one_style() -> None:
    document = chart.draw_order([curve(segment(0, 60, 2, 3))] * 2, VIEW)
    root = ET.fromstring(document)  # noqa: S314  # our own
    assert len(of_class(root, "fl-chart")) == 2
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert [style.text for style in root.iter(f"{SVG}style")] == [chart.STYLE]
