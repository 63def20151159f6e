"""A plan as GeoJSON: RFC 7946, longitude first, and everything of the plan in it."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from routing.city import city_day
from routing.city_first_trips import first_trips
from routing.evaluate import evaluate
from routing.geojson import write_geojson
from routing.plan import Plan, Unserved
from routing.problem import Problem
from routing.tracks import NoCoordinates, check_mappable


def planned(problem: Problem) -> Plan:
    """Return the plan of simple first trips; what they leave out stays behind."""
    draft = first_trips(problem)
    found = evaluate(problem, draft)
    served = {visit.order for tours in draft for tour in tours for visit in tour.visits}
    return Plan(
        draft=draft,
        routes=found.routes,
        unserved=tuple(
            Unserved(order=order.id, reason="shift", sentence="Too late.", remedy="None.")
            for k, order in enumerate(problem.orders)
            if k not in served
        ),
        cost=found.cost,
        totals=found.totals,
        engine="",
        seed=0,
        iterations=0,
    )


def features(problem: Problem) -> list[dict[str, Any]]:
    document = json.loads(write_geojson(problem, planned(problem)))
    assert set(document) == {"type", "features"}
    assert document["type"] == "FeatureCollection"
    listed: list[dict[str, Any]] = document["features"]
    return listed


def test_every_feature_is_a_point_or_a_line_of_positions_in_hangzhou() -> None:
    """Longitude about 120 stands first, latitude about 30 second."""
    for feature in features(city_day(orders=60, seed=1)):
        assert set(feature) == {"type", "geometry", "properties"}
        assert feature["type"] == "Feature"
        geometry = feature["geometry"]
        positions = geometry["coordinates"]
        if geometry["type"] == "Point":
            positions = [positions]
        else:
            assert geometry["type"] == "LineString"
            assert len(positions) >= 2
        assert all(119.5 < lon < 121 and 29.5 < lat < 31 for lon, lat in positions)


def test_every_order_is_a_stop_or_left_behind_and_every_trip_a_line() -> None:
    day = city_day(orders=60, seed=1)
    what = Counter(feature["properties"]["feature"] for feature in features(day))
    plan = planned(day)
    assert what["stop"] + what["unserved"] == 60
    assert what["unserved"] == len(plan.unserved) > 0
    assert what["trip"] == sum(len(route.trips) for route in plan.routes)
    assert what["depot"] == 3


def test_a_line_goes_from_the_depot_by_its_stops_and_home() -> None:
    day = city_day(orders=30, seed=1)
    listed = features(day)
    depots = {
        one["properties"]["depot"]: one["geometry"]["coordinates"]
        for one in listed
        if one["properties"]["feature"] == "depot"
    }
    trip = next(one for one in listed if one["properties"]["feature"] == "trip")
    stops = [
        one["geometry"]["coordinates"]
        for one in listed
        if one["properties"]["feature"] == "stop"
        and one["properties"]["vehicle"] == trip["properties"]["vehicle"]
        and one["properties"]["trip"] == trip["properties"]["trip"]
    ]
    home = depots[trip["properties"]["depot"]]
    assert trip["properties"]["kind"] == "van"
    assert trip["geometry"]["coordinates"] == [home, *stops, home]


def test_a_trip_under_way_begins_where_the_vehicle_is() -> None:
    day = city_day(orders=200, seed=1, scenario="replan")
    vehicle = next(v for v in day.vehicles if v.current and v.current.aboard)
    assert vehicle.current is not None
    places = {place.id: [place.lon_deg, place.lat_deg] for place in day.places}
    [line, *_] = [
        one["geometry"]["coordinates"]
        for one in features(day)
        if one["properties"]["feature"] == "trip" and one["properties"]["vehicle"] == vehicle.id
    ]
    assert line[0] == places[vehicle.current.place]


def test_a_place_without_coordinates_is_named() -> None:
    day = city_day(orders=5, seed=1)
    check_mappable(day)
    bare = replace(day, places=(*day.places[:-1], replace(day.places[-1], lat_deg=None)))
    for ask in (check_mappable, features):
        with pytest.raises(NoCoordinates, match="home-5"):
            ask(bare)
