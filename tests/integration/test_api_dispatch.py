"""What a dispatcher sees of a city's plan and vehicles, over HTTP and a real database."""

from datetime import datetime

import pytest

from tests.api_world import BOX_LOGGER, T0, World, iso, minutes
from tests.dispatch_rows import CITY, CityRows

pytestmark = pytest.mark.usefixtures("city")

PLAN = f"/cities/{CITY}/plan"


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty, on a fixed morning."""
    wiped_world.fixed_now = T0 + minutes(30)
    return wiped_world


@pytest.fixture
def city(world: World) -> CityRows:
    """Write a city of two vans and no plan."""
    city = CityRows(world)
    city.vehicle("van-1")
    city.vehicle("van-2")
    return city


def planned(city: CityRows) -> None:
    """Plan order-1 on van-1 in version 1, and move it to van-2 in version 2."""
    city.order("order-1", due_at=T0 + minutes(120))
    city.plan(1)
    city.stop("van-1", None, arrives_at=T0 + minutes(40), to_version=2)
    city.stop("van-1", "order-1", to_version=2)
    city.plan(2, reason="breakdown")
    city.stop("van-2", None, arrives_at=T0 + minutes(40), from_version=2)
    city.stop("van-2", "order-1", arrives_at=T0 + minutes(64), from_version=2)
    city.change(2, "order-1")


def test_without_a_plan_the_version_is_0(world: World) -> None:
    plan = world.get(PLAN)
    assert (plan["version"], plan["made"], plan["trips"]) == (0, None, [])
    assert plan["is_newest"]
    assert not plan["dispatcher_lives"]


def test_a_city_that_is_not_there_is_404(world: World) -> None:
    for path in ("plan", "plan/versions", "vehicles", "rescues", "disruptions", "commands"):
        answer = world.client.get(f"/cities/nowhere/{path}")
        assert answer.status_code == 404, path
        assert "no city nowhere" in answer.json()["detail"]


def test_the_plan_that_stands_has_the_stops_that_no_version_ended(
    world: World, city: CityRows
) -> None:
    planned(city)
    plan = world.get(PLAN)
    assert plan["version"] == 2
    assert [(t["vehicle_id"], t["trip"]) for t in plan["trips"]] == [("van-2", 1)]
    assert [s["kind"] for s in plan["trips"][0]["stops"]] == ["load", "deliver"]
    assert plan["made"]["reason"] == "breakdown"
    assert plan["made"]["problem_sha256"] == "00"


def test_the_plan_says_where_two_vehicles_meet(world: World, city: CityRows) -> None:
    """A driver who reads the plan has to get there; elsewhere it is the door or the depot."""
    city.order("order-1", due_at=T0 + minutes(120))
    city.plan(1)
    city.stop("van-2", None, arrives_at=T0 + minutes(40))
    city.stop("van-2", "order-1", kind="meet", lat_deg=31.25, lon_deg=121.5)
    city.stop("van-2", "order-1", position=2, arrives_at=T0 + minutes(70))
    [trip] = world.get(PLAN)["trips"]
    depot, meeting, door = ((stop["lat_deg"], stop["lon_deg"]) for stop in trip["stops"])
    assert meeting == (31.25, 121.5)
    assert len({depot, meeting, door}) == 3
    assert None not in (*depot, *door)


def test_a_version_before_stays_as_it_was(world: World, city: CityRows) -> None:
    planned(city)
    plan = world.get(PLAN, version=1)
    assert [t["vehicle_id"] for t in plan["trips"]] == ["van-1"]
    assert not plan["is_newest"]


@pytest.mark.parametrize("version", [3, 2**31 - 1])
def test_a_version_to_come_is_404(world: World, city: CityRows, version: int) -> None:
    planned(city)
    for path in (f"{PLAN}?version={version}", f"{PLAN}/versions/{version}/changes"):
        assert world.client.get(path).status_code == 404


def test_versions_come_newest_first_with_what_they_changed(world: World, city: CityRows) -> None:
    planned(city)
    city.order("order-2")
    city.unserved("order-2", from_version=2)
    versions = world.get(f"{PLAN}/versions")
    assert [(v["version"], v["changed"], v["unserved"]) for v in versions] == [(2, 1, 1), (1, 0, 0)]
    assert [v["version"] for v in world.get(f"{PLAN}/versions", before=2)] == [1]


def test_what_is_done_counts_as_no_change(world: World, city: CityRows) -> None:
    planned(city)
    city.order("order-2")
    city.change(2, "order-2", "done")
    assert world.get(f"{PLAN}/versions")[0]["changed"] == 1


def test_each_change_says_why(world: World, city: CityRows) -> None:
    planned(city)
    (change,) = world.get(f"{PLAN}/versions/2/changes")
    assert (change["from_vehicle"], change["to_vehicle"]) == ("van-1", "van-2")
    assert change["why"] == "van-2 passes 400 m from here."
    assert world.get(f"{PLAN}/versions/1/changes") == []


@pytest.mark.parametrize(
    ("due_after_min", "outlook"),
    [
        (64, "at_risk"),  # to the minute: kept, and the interval reaches 8 minutes beyond
        (63, "late"),
        (71, "at_risk"),
        (72, "on_time"),  # the interval ends at 64 + 8 = 72 minutes
    ],
)
def test_a_stop_is_held_to_its_promise(
    world: World, city: CityRows, due_after_min: int, outlook: str
) -> None:
    city.order("order-1", due_at=T0 + minutes(due_after_min))
    city.plan(1)
    city.stop("van-1", "order-1", arrives_at=T0 + minutes(64))
    (stop,) = world.get(PLAN)["trips"][0]["stops"]
    assert stop["outlook"] == outlook


def test_the_plan_says_whether_a_dispatcher_lives(world: World, city: CityRows) -> None:
    other = CityRows(world, "suzhou")
    with other.dispatcher():
        assert not world.get(PLAN)["dispatcher_lives"]
        with city.dispatcher():
            assert world.get(PLAN)["dispatcher_lives"]
        assert not world.get(PLAN)["dispatcher_lives"]


# Vehicles ----------------------------------------------------------------------------------------


def test_a_vehicle_is_where_its_newest_fix_is_that_is_not_of_the_future(
    world: World, city: CityRows
) -> None:
    city.position("van-1", T0 + minutes(28), 31.20, 121.45)
    city.position("van-1", T0 + minutes(29), 31.21, 121.46)
    city.position("van-1", T0 + minutes(31), 31.99, 121.99)
    first, second = world.get(f"/cities/{CITY}/vehicles")
    assert first["position"]["lat_deg"] == 31.21
    assert first["shift"]["drivers"] == ["driver-van-1"]
    assert second["position"] is None


def test_what_was_loaded_last_on_a_vehicle_is_aboard_until_it_is_delivered(
    world: World, city: CityRows
) -> None:
    def load(vehicle_id: str, after_min: float) -> None:
        step = {"step": "loaded", "at": iso(T0 + minutes(after_min)), "person": "picker-1"}
        place = {"place_id": f"{vehicle_id}.chilled"}
        world.post("/orders/order-1/handovers", step | place)

    def aboard() -> list[tuple[list[str], int]]:
        vehicles = world.get(f"/cities/{CITY}/vehicles")
        return [(v["orders_aboard"], v["aboard"]["chilled_g"]) for v in vehicles]

    city.order("order-1")
    assert aboard() == [([], 0), ([], 0)]
    load("van-1", 10)
    assert aboard() == [(["order-1"], 3500), ([], 0)]
    load("van-2", 20)
    assert aboard() == [([], 0), (["order-1"], 3500)]
    signed = {"step": "signed", "at": iso(T0 + minutes(29)), "person": "m-1"}
    world.post("/orders/order-1/handovers", signed)
    assert aboard() == [([], 0), ([], 0)]


@pytest.mark.parametrize("step", ["refused", "returned"])
def test_what_went_back_is_neither_aboard_nor_to_be_delivered(
    world: World, city: CityRows, step: str
) -> None:
    city.order("order-1", due_at=T0 + minutes(120))
    city.plan(1)
    city.stop("van-1", "order-1")

    def hand_over(step: str, after_min: float, place_id: str | None = None) -> None:
        body = {"at": iso(T0 + minutes(after_min)), "person": "Li Wei", "place_id": place_id}
        world.post("/orders/order-1/handovers", {"step": step, **body})

    def van() -> tuple[list[str], int]:
        first, _ = world.get(f"/cities/{CITY}/vehicles")
        return first["orders_aboard"], len(first["next_stops"])

    hand_over("loaded", 10, "van-1.chilled")
    assert van() == (["order-1"], 1)
    hand_over(step, 20)
    assert van() == ([], 0)
    hand_over("loaded", 25, "van-1.chilled")
    assert van() == (["order-1"], 1)


def test_next_stops_are_those_of_the_plan_that_stands_and_not_made_yet(
    world: World, city: CityRows
) -> None:
    city.order("order-1", lat_deg=31.22, lon_deg=121.47)
    city.order("order-2")
    city.order("order-3")
    city.plan(1)
    for position, order_id in enumerate(("order-2", "order-3", "order-1"), start=1):
        city.stop("van-1", order_id, position=position, arrives_at=T0 + minutes(20 * position))
    world.put("/orders/order-2/milestones/packed", {"at": iso(T0)})
    world.put("/orders/order-2/milestones/delivered", {"at": iso(T0 + minutes(22))})
    world.sql(
        "INSERT INTO stop_visits (vehicle_id, stop_key, city_id, order_id, arrived_at, left_at, "
        "source) VALUES ('van-1', 'order:order-3', 'shanghai', 'order-3', %s, %s, 'position')",
        T0 + minutes(24),
        T0 + minutes(27),
    )
    van = world.get(f"/cities/{CITY}/vehicles")[0]
    assert van["stops_left"] == 1
    (stop,) = van["next_stops"]
    assert (stop["order_id"], stop["lat_deg"], stop["lon_deg"]) == ("order-1", 31.22, 121.47)
    assert stop["earliest_at"] == iso(T0 + minutes(56)).replace("+00:00", "Z")
    assert world.get(f"/cities/{CITY}/vehicles", next_stops=0)[0]["next_stops"] == []


def test_a_newer_estimate_moves_a_stop_and_an_older_one_does_not(
    world: World, city: CityRows
) -> None:
    def expected() -> list[str]:
        (stop,) = world.get(f"/cities/{CITY}/vehicles")[0]["next_stops"]
        names = ("arrives_at", "earliest_at", "latest_at", "leaves_at", "outlook")
        return [stop[name] for name in names]

    def estimate(made_min: float, arrives_min: float) -> None:
        world.sql(
            "INSERT INTO arrival_estimates (order_id, estimated_at, arrives_at, by, earliest_at, "
            "latest_at) VALUES ('order-1', %s, %s, 'dispatcher', %s, %s)",
            T0 + minutes(made_min),
            T0 + minutes(arrives_min),
            T0 + minutes(arrives_min - 2),
            T0 + minutes(arrives_min + 2),
        )

    def at(*after_min: float) -> list[str]:
        return [iso(T0 + minutes(m)).replace("+00:00", "Z") for m in after_min]

    city.order("order-1", due_at=T0 + minutes(80))
    city.plan(1, at=T0 + minutes(10))
    city.stop("van-1", "order-1")  # 60, between 56 and 68, until 63
    estimate(5, 90)  # before the plan was made
    estimate(31, 90)  # after now
    assert expected() == [*at(60, 56, 68, 63), "on_time"]
    estimate(20, 79)
    assert expected() == [*at(79, 77, 81, 82), "at_risk"]


def test_a_loading_that_is_over_is_no_stop_to_come(world: World, city: CityRows) -> None:
    city.plan(1)
    city.stop("van-1", None, arrives_at=T0 + minutes(26), locked=True)  # over at 29
    city.stop("van-2", None, arrives_at=T0 + minutes(28), locked=True)  # over at 31
    assert [v["stops_left"] for v in world.get(f"/cities/{CITY}/vehicles")] == [0, 1]


def test_a_meeting_lies_where_vehicles_meet_and_not_at_the_orders_door(
    world: World, city: CityRows
) -> None:
    city.order("order-1", lat_deg=31.25, lon_deg=121.55)
    city.plan(1)
    city.stop("van-1", "order-1", kind="meet", lat_deg=31.21, lon_deg=121.46)
    (stop,) = world.get(f"/cities/{CITY}/vehicles")[0]["next_stops"]
    assert (stop["lat_deg"], stop["lon_deg"]) == (31.21, 121.46)


def test_a_compartment_shows_what_was_measured_last(world: World) -> None:
    world.logger(BOX_LOGGER)
    world.bind(BOX_LOGGER, T0, place_id="van-1.chilled")
    world.hear(BOX_LOGGER, [(T0 + minutes(29), 2.75)])
    world.sql(
        "INSERT INTO latest (logger_key, measured_at, stored_at, boot_key, temperature_c) "
        "SELECT logger_key, %s, %s, 1, 2.75 FROM heard_loggers",
        T0 + minutes(29),
        T0 + minutes(29),
    )
    (compartment,) = world.get(f"/cities/{CITY}/vehicles")[0]["compartments"]
    assert (compartment["zone"], compartment["temperature_c"]) == ("chilled", 2.75)
    assert compartment["failed_since"] is None


def test_a_compartment_that_cools_no_more_says_since_when(world: World) -> None:
    world.sql(
        "INSERT INTO alerts (cause, kind, severity, place_id, level, raised_at) VALUES "
        "('reefer_failed:van-1.chilled', 'reefer_failed', 'critical', 'van-1.chilled', 1, %s)",
        T0 + minutes(20),
    )
    (compartment,) = world.get(f"/cities/{CITY}/vehicles")[0]["compartments"]
    assert datetime.fromisoformat(compartment["failed_since"]) == T0 + minutes(20)


# Rescues -----------------------------------------------------------------------------------------


def test_a_rescue_says_what_was_compared_and_chosen(world: World, city: CityRows) -> None:
    keep = {
        "action": "keep",
        "vehicle_id": "van-1",
        "arrives_at": "2026-11-21T02:52:00Z",
        "cost": 14100,
        "spoil_chance": 0.73,
    }
    city.order("order-1")
    city.order("order-2")
    city.rescue("order-1", [keep, {**keep, "action": "bring_forward", "cost": 4300}], "keep")
    city.rescue("order-2", [keep], "accept")
    newest, oldest = world.get(f"/cities/{CITY}/rescues")
    assert (newest["order_id"], newest["chosen"]) == ("order-2", "accept")
    assert [option["cost"] for option in oldest["options"]] == [14100, 4300]
    assert [r["order_id"] for r in world.get(f"/cities/{CITY}/rescues", order_id="order-1")] == [
        "order-1"
    ]
    before = world.get(f"/cities/{CITY}/rescues", before=newest["rescue_id"])
    assert [r["order_id"] for r in before] == ["order-1"]
