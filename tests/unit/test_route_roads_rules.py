import pytest

from routing.roads.rules import limit_kmh_of, speeds_of

CLOSED = (0, 0)


def road(highway="residential", **tags):
    return {"highway": highway, **{key.replace("__", ":"): value for key, value in tags.items()}}


@pytest.mark.parametrize(
    ("maxspeed", "kmh"),
    [
        ("50", 50),
        ("30 mph", 48.28032),  # 30 * 1.609344
        ("30mph", 48.28032),
        ("50 km/h", 50),
        ("50;30", 30),
        ("walk", 5),
        ("none", None),
        ("RU:urban", None),
        ("", None),
        ("0", None),
        ("-5", None),
        ("1000", None),  # below 1000 is "999"; four digits are no speed
    ],
)
def test_limits_are_read_as_they_are_signed(maxspeed, kmh):
    assert limit_kmh_of(maxspeed) == (None if kmh is None else pytest.approx(kmh))


def test_a_van_drives_a_share_of_the_limit_or_its_road_s_own_speed():
    assert speeds_of(road(maxspeed="50"), "van") == (40, 40)
    assert speeds_of(road("primary"), "van") == (45, 45)


def test_a_limit_may_hold_one_way_only():
    assert speeds_of(road(maxspeed="50", maxspeed__backward="30"), "van") == (40, 24)


def test_a_mode_is_no_quicker_than_itself():
    assert speeds_of(road(maxspeed="50"), "tricycle") == (25, 25)
    assert speeds_of(road(maxspeed="50"), "bicycle") == (15, 15)
    assert speeds_of(road(maxspeed="50"), "foot") == (5, 5)
    assert speeds_of(road(maxspeed="50"), "bicycle", 22) == (22, 22)


@pytest.mark.parametrize(
    ("oneway", "speeds"),
    [
        ("yes", (25, 0)),
        ("1", (25, 0)),
        ("-1", (0, 25)),
        ("reverse", (0, 25)),
        ("no", (25, 25)),
        ("reversible", CLOSED),
    ],
)
def test_one_way_streets_of_vans(oneway, speeds):
    assert speeds_of(road(oneway=oneway), "van") == speeds


def test_roundabouts_and_motorways_are_one_way_unless_they_say_otherwise():
    assert speeds_of(road(junction="roundabout"), "van") == (25, 0)
    assert speeds_of(road("motorway"), "van") == (90, 0)
    assert speeds_of(road("motorway", oneway="no"), "van") == (90, 90)


def test_bicycles_may_have_a_lane_against_one_way_streets():
    assert speeds_of(road(oneway="yes"), "bicycle") == (15, 0)
    assert speeds_of(road(oneway="yes", oneway__bicycle="no"), "bicycle") == (15, 15)
    assert speeds_of(road(oneway="yes", cycleway="opposite_lane"), "bicycle") == (15, 15)
    assert speeds_of(road(oneway="yes", oneway__bicycle="no"), "tricycle") == (25, 0)


def test_one_way_does_not_bind_who_walks():
    assert speeds_of(road(oneway="yes"), "foot") == (5, 5)


@pytest.mark.parametrize(
    ("highway", "kinds"),
    [
        ("motorway", {"van"}),
        ("residential", {"van", "tricycle", "bicycle", "foot"}),
        ("cycleway", {"tricycle", "bicycle", "foot"}),
        ("path", {"bicycle", "foot"}),
        ("footway", {"foot"}),
        ("steps", {"foot"}),
        ("proposed", set()),
        ("", set()),
    ],
)
def test_who_may_use_which_way(highway, kinds):
    every = ("van", "tricycle", "bicycle", "foot")
    assert {kind for kind in every if speeds_of(road(highway), kind)[0] > 0} == kinds


def test_access_closes_and_the_own_key_opens_again():
    assert speeds_of(road(access="private"), "van") == CLOSED
    assert speeds_of(road(access="private", motor_vehicle="delivery"), "van") == (25, 25)
    assert speeds_of(road(access="no"), "foot") == CLOSED
    assert speeds_of(road(access="no", foot="yes"), "foot") == (5, 5)
    assert speeds_of(road("pedestrian", motor_vehicle="delivery"), "van") == (6, 6)
    assert speeds_of(road("footway", bicycle="designated"), "bicycle") == (6, 6)
    assert speeds_of(road("footway", access="yes"), "van") == CLOSED


def test_the_closest_key_decides():
    assert speeds_of(road(vehicle="no", motor_vehicle="yes"), "van") == (25, 25)
    assert speeds_of(road(vehicle="no", motor_vehicle="yes"), "bicycle") == CLOSED
    assert speeds_of(road(motor_vehicle="private;delivery"), "van") == (25, 25)


def test_a_tricycle_is_a_bicycle_on_a_cycleway_and_a_motor_vehicle_on_a_road():
    assert speeds_of(road("cycleway", motor_vehicle="no"), "tricycle") == (25, 25)
    assert speeds_of(road("cycleway", bicycle="no"), "tricycle") == CLOSED
    assert speeds_of(road(motor_vehicle="no"), "tricycle") == CLOSED
    assert speeds_of(road(bicycle="no"), "tricycle") == (25, 25)
