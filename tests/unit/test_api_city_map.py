"""East is right, north is up, and a kilometre is as long both ways."""

import math
import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dispatch.city_map import HEIGHT, WIDTH, draw, projection_of
from api.dispatch.resources import NextStop, Outlook, VehicleNow
from api.dispatch.store_console import Landmark
from schemas.ids import OrderId, VehicleId

T0 = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
DEPOT = Landmark(name="xuhui", kind="depot", lat_deg=31.19, lon_deg=121.44)
places = st.tuples(st.floats(-89, 89), st.floats(-179, 179))


def stop(order_id: str, outlook: Outlook | None, lat_deg: float, lon_deg: float) -> NextStop:
    return NextStop(
        position=1,
        kind="deliver",
        order_id=OrderId(order_id),
        depot_id=None,
        to_locker=False,
        arrives_at=T0,
        earliest_at=T0,
        latest_at=T0,
        leaves_at=T0,
        locked=False,
        due_at=T0 if outlook else None,
        outlook=outlook,
        trip=1,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
    )


def van(*stops: NextStop, vehicle_id: str = "van-1", seen: bool = True) -> VehicleNow:
    nothing = {"frozen_g": 0, "chilled_g": 0, "ambient_g": 0}
    return VehicleNow.model_validate(
        {
            "vehicle_id": VehicleId(vehicle_id),
            "kind": "van",
            "role": "regular",
            "depot_id": "xuhui",
            "shift": None,
            "position": {"at": T0, "lat_deg": 31.2, "lon_deg": 121.45, "speed_m_s": None}
            if seen
            else None,
            "capacity": nothing,
            "aboard": nothing,
            "orders_aboard": [],
            "compartments": [],
            "disruptions": [],
            "stops_left": len(stops),
            "next_stops": list(stops),
        }
    )


def drawn(*vehicles: VehicleNow, areas: dict[str, object] | None = None) -> ET.Element:
    svg = draw(vehicles, [DEPOT], areas or {}, title="Map", says="2 stops")
    return ET.fromstring(svg)  # noqa: S314  # drawn by us


@given(st.lists(places, min_size=1, max_size=20))
def test_every_place_lies_in_the_drawing(somewhere: list[tuple[float, float]]) -> None:
    projection = projection_of(somewhere)
    assert projection is not None
    for place in somewhere:
        x, y = projection.point(*place)
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def test_a_kilometre_is_as_long_east_as_north() -> None:
    """At 60 degrees a degree of longitude is half as long as one of latitude (cos 60 = 1/2)."""
    projection = projection_of([(59.95, 10.0), (60.05, 10.2)])
    assert projection is not None
    west, south = projection.point(59.95, 10.0)
    east, north = projection.point(60.05, 10.2)
    assert east > west
    assert north < south
    assert math.isclose(east - west, south - north, rel_tol=0.001)


def test_one_place_alone_lies_in_the_middle() -> None:
    projection = projection_of([(31.2, 121.4)])
    assert projection is not None
    assert projection.point(31.2, 121.4) == (WIDTH / 2, HEIGHT / 2)


def test_without_any_place_there_is_no_map_but_a_drawing() -> None:
    assert projection_of([]) is None
    assert "<rect" in draw([], [], {}, title="Map", says="nothing")


@pytest.mark.parametrize(
    ("outlook", "shape"),
    [(None, "circle"), (Outlook.ON_TIME, "circle"), (Outlook.AT_RISK, "path")],
)
def test_what_is_wrong_has_a_shape_of_its_own(outlook: Outlook | None, shape: str) -> None:
    svg = drawn(van(stop("order-1", outlook, 31.21, 121.46)))
    (mark,) = [g for g in svg.iter("g") if "stop" in g.attrib["class"].split()]
    assert mark.find(shape) is not None
    assert mark.findtext("title") == "order-1 · van-1"


def test_what_is_wrong_lies_above_all_else() -> None:
    late = stop("order-1", Outlook.LATE, 31.21, 121.46)
    fine = stop("order-2", Outlook.ON_TIME, 31.22, 121.46)
    classes = [g.attrib["class"].split()[0:2] for g in drawn(van(late, fine)).iter("g")]
    assert [first for first, *_ in classes] == ["mark", "stop", "vehicle", "stop", "scale"]
    assert classes[3] == ["stop", "late"]


def test_a_vehicle_that_was_never_seen_is_not_on_the_map() -> None:
    svg = drawn(van(seen=False))
    assert not [g for g in svg.iter("g") if "vehicle" in g.attrib["class"]]


def test_an_area_is_drawn_and_does_not_shrink_what_happens() -> None:
    ring = [[100.0, 20.0], [140.0, 20.0], [140.0, 40.0], [100.0, 40.0], [100.0, 20.0]]
    areas: dict[str, object] = {
        "features": [{"geometry": {"type": "MultiPolygon", "coordinates": [[ring]]}}]
    }
    bare = drawn(van(stop("order-1", None, 31.3, 121.5)))
    framed = drawn(van(stop("order-1", None, 31.3, 121.5)), areas=areas)
    assert [c.attrib for c in bare.iter("circle")] == [c.attrib for c in framed.iter("circle")]
    assert len(list(framed.iter("polygon"))) == 1


def test_the_scale_is_as_long_as_it_says() -> None:
    """0.1 degrees of latitude are 11.132 km; they fill the height but for the margins."""
    svg = drawn(van(stop("a", None, 31.15, 121.45), stop("b", None, 31.25, 121.45)))
    ys = [float(c.attrib["cy"]) for c in svg.iter("circle")]
    points_per_km = (max(ys) - min(ys)) / 11.132
    scale = next(g for g in svg.iter("g") if g.attrib["class"] == "scale")
    km = float((scale.findtext("text") or "").removesuffix(" km"))
    path = scale.find("path")
    assert path is not None
    length = float(re.findall(r"h([\d.]+)", path.attrib["d"])[0])
    assert math.isclose(length, km * points_per_km, rel_tol=0.01)
