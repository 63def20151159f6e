"""The curve of an order, in its formats, over a real database."""

import csv
import io
import time
import xml.etree.ElementTree as ET
from datetime import timedelta

import numpy as np
import pytest

from tests.api_world import (
    BOX_LOGGER,
    OTHER_LOGGER,
    T0,
    World,
    every,
    iso,
    minutes,
    ms,
)

HALF_MINUTE = timedelta(seconds=30)


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty."""
    return wiped_world


def test_a_stored_reading_is_a_point_at_its_millisecond(world: World) -> None:
    world.shipped_order()
    measured_at = T0 + timedelta(milliseconds=1234)
    world.hear(BOX_LOGGER, [(measured_at, 2.31)])
    (consignment,) = world.get("/orders/order-1/curve", raw=True)["consignments"]
    (segment,) = consignment["segments"]
    assert segment["points"] == {"t_ms": [ms(T0) + 1234], "temperature_c": [2.31]}
    assert segment["source"]["kind"] == "box"
    assert segment["source"]["logger_id"] == BOX_LOGGER
    assert consignment["readings"] == 1


def test_one_measurement_heard_by_two_gateways_is_one_point(world: World) -> None:
    world.shipped_order()
    late = T0 + minutes(1) + timedelta(milliseconds=40)
    world.hear(BOX_LOGGER, [(T0, 2.0), (T0 + minutes(1), 2.1)], sequences=[1, 2])
    world.hear(BOX_LOGGER, [(late, 2.1)], sequences=[2], heard_by=2)
    (consignment,) = world.get("/orders/order-1/curve")["consignments"]
    assert consignment["segments"][0]["points"]["temperature_c"] == [2.0, 2.1]


def test_only_readings_within_the_binding_belong_to_the_box(world: World) -> None:
    world.shipped_order()
    world.order("order-2")
    world.bind(BOX_LOGGER, T0 + minutes(2), consignment_id="order-2.chilled")
    world.hear(BOX_LOGGER, every(minutes(1), 5, start=T0 - minutes(1)))
    first = world.get("/orders/order-1/curve", raw=True)["consignments"][0]
    second = world.get("/orders/order-2/curve", raw=True)["consignments"][0]
    assert first["segments"][0]["points"]["t_ms"] == [ms(T0), ms(T0 + minutes(1))]
    assert second["segments"][0]["points"]["t_ms"] == [ms(T0 + minutes(m)) for m in (2, 3)]


def test_a_place_fills_what_the_box_left_open_and_says_so(world: World) -> None:
    world.shipped_order()
    world.place()
    world.logger(OTHER_LOGGER)
    world.bind(OTHER_LOGGER, T0, place_id="van-1")
    stay = {"consignment_id": "order-1.chilled", "place_id": "van-1", "from_at": iso(T0)}
    world.post("/stays", stay)
    world.fixed_now = T0 + minutes(30)
    world.hear(BOX_LOGGER, every(HALF_MINUTE, 21))  # to T0 + 10 min
    world.hear(OTHER_LOGGER, every(HALF_MINUTE, 41, temperature_c=3.0))  # to T0 + 20 min
    (consignment,) = world.get("/orders/order-1/curve", raw=True)["consignments"]
    box, van = consignment["segments"]
    assert (box["readings"], box["source"]["kind"]) == (21, "box")
    assert (van["readings"], van["source"]["place_name"]) == (20, "Van 1")
    assert van["points"]["t_ms"][0] == ms(T0 + minutes(10.5))
    assert consignment["gaps"] == [{"from_ms": ms(T0 + minutes(20)), "until_ms": None}]
    assert consignment["newest"]["verdict"] == "unknown"


def test_a_place_of_another_zone_fills_nothing(world: World) -> None:
    world.shipped_order()
    world.place(zone="ambient")
    world.logger(OTHER_LOGGER)
    world.bind(OTHER_LOGGER, T0, place_id="van-1")
    stay = {"consignment_id": "order-1.chilled", "place_id": "van-1", "from_at": iso(T0)}
    world.post("/stays", stay)
    world.fixed_now = T0 + minutes(30)
    world.hear(BOX_LOGGER, every(HALF_MINUTE, 21))  # to T0 + 10 min
    world.hear(OTHER_LOGGER, every(HALF_MINUTE, 41, temperature_c=16.0))
    (consignment,) = world.get("/orders/order-1/curve", raw=True)["consignments"]
    assert [segment["source"]["kind"] for segment in consignment["segments"]] == ["box"]
    assert consignment["gaps"] == [{"from_ms": ms(T0 + minutes(10)), "until_ms": None}]


def test_from_and_to_cut_the_curve(world: World) -> None:
    world.shipped_order()
    world.hear(BOX_LOGGER, every(minutes(1), 10))
    asked = {"from": iso(T0 + minutes(2)), "to": iso(T0 + minutes(5)), "raw": True}
    (consignment,) = world.get("/orders/order-1/curve", **asked)["consignments"]
    assert consignment["segments"][0]["points"]["t_ms"] == [ms(T0 + minutes(m)) for m in (2, 3, 4)]


def test_fewer_points_keep_the_extremes(world: World) -> None:
    world.shipped_order()
    readings = every(HALF_MINUTE, 600)
    readings[123] = (readings[123][0], 9.99)
    readings[456] = (readings[456][0], -3.21)
    world.hear(BOX_LOGGER, readings)
    (consignment,) = world.get("/orders/order-1/curve", points=20)["consignments"]
    (segment,) = consignment["segments"]
    temperatures = segment["points"]["temperature_c"]
    assert len(temperatures) <= 20
    assert (min(temperatures), max(temperatures)) == (-3.21, 9.99)
    assert segment["readings"] == consignment["readings"] == 600


def test_an_order_without_bindings_has_an_empty_curve(world: World) -> None:
    world.order("order-1", "frozen", "chilled")
    curve = world.get("/orders/order-1/curve")
    assert [c["zone"] for c in curve["consignments"]] == ["frozen", "chilled"]
    assert all(c["segments"] == c["gaps"] == [] for c in curve["consignments"])


def test_csv_has_a_line_for_each_point(world: World) -> None:
    world.shipped_order()
    world.hear(BOX_LOGGER, [(T0, 2.0), (T0 + minutes(1), -0.5)])
    answer = world.client.get("/orders/order-1/curve", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["measured_at"], row["temperature_c"]) for row in rows] == [
        ("2026-11-21T02:00:00.000Z", "2.00"),
        ("2026-11-21T02:01:00.000Z", "-0.50"),
    ]
    assert {row["consignment_id"] for row in rows} == {"order-1.chilled"}
    assert world.client.get("/orders/order-1/curve.csv").text == answer.text


def test_svg_is_a_document_with_no_script_and_its_style_allowed(world: World) -> None:
    world.shipped_order()
    world.hear(BOX_LOGGER, every(minutes(1), 5))
    answer = world.client.get("/orders/order-1/curve.svg", params={"lang": "zh"})
    root = ET.fromstring(answer.text)  # noqa: S314  # our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "冷藏" in answer.text
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]


def test_an_unchanged_curve_is_not_sent_again(world: World) -> None:
    world.shipped_order()
    world.fixed_now = T0 + minutes(30)
    world.hear(BOX_LOGGER, every(minutes(1), 5))
    first = world.client.get("/orders/order-1/curve")
    again = {"If-None-Match": f'"other", W/{first.headers["etag"]}'}
    second = world.client.get("/orders/order-1/curve", headers=again)
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]
    world.hear(BOX_LOGGER, [(T0 + minutes(5), 2.5)])
    third = world.client.get("/orders/order-1/curve", headers=again)
    assert third.status_code == 200
    assert third.headers["etag"] != first.headers["etag"]


def test_time_alone_does_not_change_a_curve_that_is_silent(world: World) -> None:
    world.shipped_order()
    world.hear(BOX_LOGGER, every(minutes(1), 5))
    etags = set()
    for later in (60, 600):
        world.fixed_now = T0 + minutes(later)
        etags.add(world.client.get("/orders/order-1/curve").headers["etag"])
    assert len(etags) == 1


def test_one_consignment_can_be_asked_for(world: World) -> None:
    world.order("order-1", "frozen", "chilled")
    curve = world.get("/orders/order-1/curve", consignment_id="order-1.chilled")
    assert [c["zone"] for c in curve["consignments"]] == ["chilled"]
    answer = world.client.get("/orders/order-1/curve", params={"consignment_id": "order-2.x"})
    assert answer.status_code == 404


def test_ten_thousand_points_come_in_a_blink(world: World) -> None:
    """Measured at 25 ms; a quarter of a second leaves room for a busy machine."""
    world.shipped_order()
    temperatures = np.round(2 + np.sin(np.arange(10_000) / 500), 2)
    readings = [
        (T0 + index * HALF_MINUTE, float(temperature))
        for index, temperature in enumerate(temperatures)
    ]
    world.hear(BOX_LOGGER, readings)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        answer = world.client.get("/orders/order-1/curve", params={"raw": True})
        seconds.append(time.perf_counter() - began)
    points = answer.json()["consignments"][0]["segments"][0]["points"]
    assert points["temperature_c"] == temperatures.tolist()
    assert min(seconds) < 0.25
