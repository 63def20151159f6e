"""What is said about a plan: commands and disruptions, with a clear answer each."""

import threading
from typing import Any

import pytest

from api.dispatch import disruption_bodies
from schemas.disruptions import DETAILS
from tests.api_world import T0, World, iso, minutes
from tests.dispatch_rows import CITY, CityRows, city_with_an_order

COMMANDS = f"/cities/{CITY}/commands"
PIN = {"base_version": 1, "kind": "pin", "order_id": "order-1", "vehicle_id": "van-1"}


pytestmark = pytest.mark.usefixtures("city")


@pytest.fixture
def world(wiped_world: World) -> World:
    """Lend the module's api, empty, on a fixed morning."""
    wiped_world.fixed_now = T0 + minutes(30)
    return wiped_world


@pytest.fixture
def city(world: World) -> CityRows:
    return city_with_an_order(world)


def say(world: World, status: int, command_id: str = "cmd-1", **more: Any) -> Any:
    return world.post(COMMANDS, {"command_id": command_id, **PIN, **more}, status=status)


def decide_when_said(city: CityRows, *, accepted: bool, reason: str) -> threading.Thread:
    """Decide cmd-1 as soon as it stands in the database, as a dispatcher that is woken does."""
    connection = city.world_connection()
    connection.execute("LISTEN frostline")

    def decide() -> None:
        with connection:
            for _ in connection.notifies(timeout=5):
                if city.world.sql("SELECT 1 FROM dispatch_commands WHERE command_id = 'cmd-1'"):
                    city.outcome("cmd-1", accepted=accepted, reason=reason)
                    return

    thread = threading.Thread(target=decide)
    thread.start()
    return thread


# Commands ----------------------------------------------------------------------------------------


def test_without_a_dispatcher_a_command_waits_and_says_so_at_once(world: World) -> None:
    said = say(world, 202)
    assert said["outcome"] is None
    assert "No dispatcher runs" in said["waits_for"]
    assert said["commanded_by"] == "a test"
    assert world.get("/commands/cmd-1") == said
    assert world.get(COMMANDS) == [{**said, "waits_for": None}]


def test_a_command_that_is_decided_within_two_seconds_is_answered_with_its_price(
    world: World, city: CityRows
) -> None:
    with city.dispatcher():
        decider = decide_when_said(city, accepted=True, reason="order-1 stays on van-1.")
        said = say(world, 201)
        decider.join()
    assert said["outcome"]["accepted"]
    assert (said["outcome"]["version"], said["outcome"]["price"]) == (2, 260)


def test_a_command_that_the_dispatcher_refuses_is_409_with_its_reason(
    world: World, city: CityRows
) -> None:
    with city.dispatcher():
        decider = decide_when_said(city, accepted=False, reason="van-1 has left.")
        refused = say(world, 409)
        decider.join()
    assert refused["type"].endswith(":command-refused")
    assert "van-1 has left." in refused["detail"]
    assert not world.get("/commands/cmd-1")["outcome"]["accepted"]


def test_a_dispatcher_that_is_busy_is_waited_for_two_seconds_only(
    world: World, city: CityRows
) -> None:
    with city.dispatcher():
        said = say(world, 202)
    assert "not decided yet" in said["waits_for"]


def test_a_command_said_again_gives_the_same_and_stands_once(world: World, city: CityRows) -> None:
    say(world, 202)
    city.outcome("cmd-1", accepted=True, reason="order-1 stays on van-1.")
    city.plan(2)
    again = say(world, 200)
    assert again["outcome"]["accepted"]
    assert len(world.get(COMMANDS)) == 1


def test_an_id_that_stands_for_another_command_is_409(world: World) -> None:
    say(world, 202)
    refused = say(world, 409, vehicle_id="van-2")
    assert refused["type"].endswith(":already-exists")


@pytest.mark.parametrize("base_version", [0, 2])
def test_a_version_that_does_not_stand_is_409_and_nothing_is_written(
    world: World, base_version: int
) -> None:
    refused = say(world, 409, base_version=base_version)
    assert refused["type"].endswith(":stale-plan")
    assert f"at version 1, and you saw {base_version}" in refused["detail"]
    assert world.get(COMMANDS) == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"vehicle_id": None}, "pin needs vehicle_id"),
        ({"order_id": None}, "pin needs order_id"),
        ({"hold_until": iso(T0 + minutes(60))}, "pin has no hold_until"),
        ({"kind": "hold", "vehicle_id": None}, "hold needs hold_until"),
        ({"kind": "release"}, "release has no vehicle_id"),
        ({"kind": "undo", "order_id": None, "vehicle_id": None}, "undo needs undo_version"),
        (
            {"kind": "undo", "order_id": None, "vehicle_id": None, "undo_version": 2},
            "undo_version is newer than base_version",
        ),
        ({"kind": "push"}, "'pin', 'move', 'hold', 'release' or 'undo'"),
        ({"base_version": -1}, "greater than or equal to 0"),
        ({"speed": 3}, "not permitted"),
    ],
)
def test_a_command_that_lacks_something_says_what(
    world: World, more: dict[str, Any], says: str
) -> None:
    assert says in say(world, 422, **more)["detail"]


@pytest.mark.parametrize(
    ("more", "says"),
    [({"order_id": "order-9"}, "order order-9"), ({"vehicle_id": "van-9"}, "van-9")],
)
def test_a_command_about_what_is_not_in_the_city_is_404(
    world: World, more: dict[str, Any], says: str
) -> None:
    assert says in say(world, 404, **more)["detail"]


def test_a_vehicle_of_another_city_is_404(world: World) -> None:
    CityRows(world, "suzhou").vehicle("van-7")
    say(world, 404, vehicle_id="van-7")


def test_a_hold_until_a_time_that_is_over_is_400(world: World) -> None:
    hold = {"kind": "hold", "vehicle_id": None}
    assert "is over" in say(world, 400, **hold, hold_until=iso(T0 + minutes(30)))["detail"]
    say(world, 202, **hold, hold_until=iso(T0 + minutes(31)))


def test_a_hold_that_no_day_can_keep_is_400(world: World) -> None:
    hold = {"kind": "hold", "vehicle_id": None}
    week = T0 + minutes(30 + 7 * 24 * 60)
    for until in ("2099-01-01T00:00:00Z", iso(week + minutes(1))):
        detail = say(world, 400, **hold, hold_until=until)["detail"]
        assert f"give {week.isoformat()} at the latest" in detail
    assert world.get(COMMANDS) == []
    say(world, 202, **hold, hold_until=iso(week))


def test_a_command_needs_the_scope_to_write(world: World) -> None:
    answer = world.client.post(
        COMMANDS, json={"command_id": "cmd-1", **PIN}, headers=world.bearer("dispatch:read")
    )
    assert answer.status_code == 403
    assert "dispatch:write" in answer.json()["detail"]


# Disruptions -------------------------------------------------------------------------------------

SINCE = {"city_id": CITY, "from_at": iso(T0)}
STORM = {**SINCE, "kind": "weather", "details": {"weather": "storm", "speed_percent": 70}}
DELAY = {**SINCE, "kind": "delay", "vehicle_id": "van-1", "details": {"delay_s": 900}}
FAILED = {**SINCE, "kind": "cooling_failed", "vehicle_id": "van-1"}


def disrupt(world: World, body: dict[str, Any], status: int = 201, name: str = "d-1") -> Any:
    return world.put(f"/disruptions/{name}", body, status=status)


def test_a_disruption_is_kept_with_all_details_of_its_kind(world: World) -> None:
    storm = disrupt(world, STORM)
    assert storm["details"] == {
        "weather": "storm",
        "speed_percent": 70,
        "extra_service_s": 0,
        "hold_percent": 100,
    }
    assert world.get("/disruptions/d-1") == storm
    assert world.get(f"/cities/{CITY}/disruptions") == [storm]
    assert disrupt(world, FAILED, name="d-2")["details"] == {"zone": None}


def test_details_are_those_that_routing_reads() -> None:
    bodies = {
        "weather": disruption_bodies.WeatherDetails,
        "road_closed": disruption_bodies.RoadClosedDetails,
        "breakdown": disruption_bodies.BreakdownDetails,
        "delay": disruption_bodies.DelayDetails,
        "cooling_failed": disruption_bodies.CoolingFailedDetails,
    }
    fields = {kind: set(body.model_fields) for kind, body in bodies.items()}
    assert fields == {kind: set(read.__dataclass_fields__) for kind, read in DETAILS.items()}


def test_said_again_it_changes_nothing_and_with_more_known_it_is_changed(world: World) -> None:
    first = disrupt(world, STORM)
    world.fixed_now = T0 + minutes(40)
    assert disrupt(world, STORM, 200) == first
    worse = {**STORM, "details": {"weather": "storm", "speed_percent": 50}}
    assert disrupt(world, worse, 200)["details"]["speed_percent"] == 50
    assert len(world.get(f"/cities/{CITY}/disruptions")) == 1


@pytest.mark.parametrize("other", [FAILED, {**DELAY, "vehicle_id": "van-2"}])
def test_an_id_that_stands_for_another_disruption_is_409(
    world: World, other: dict[str, Any]
) -> None:
    disrupt(world, DELAY)
    disrupt(world, other, 409)


def test_the_end_of_a_disruption_stands(world: World) -> None:
    disrupt(world, DELAY)
    end = {"at": iso(T0 + minutes(20))}
    assert world.post("/disruptions/d-1/end", {"at": iso(T0)}, status=409)["type"].endswith(
        ":ends-before-start"
    )
    ended = world.post("/disruptions/d-1/end", end, status=200)
    assert world.post("/disruptions/d-1/end", end, status=200) == ended
    later = world.post("/disruptions/d-1/end", {"at": iso(T0 + minutes(25))}, status=409)
    assert later["type"].endswith(":already-closed")
    assert world.get(f"/cities/{CITY}/disruptions", open=True) == []
    assert world.post("/disruptions/d-9/end", end, status=404)


def test_an_end_that_is_still_to_come_may_be_moved(world: World) -> None:
    disrupt(world, {**DELAY, "until_at": iso(T0 + minutes(90))})
    ended = world.post("/disruptions/d-1/end", {"at": iso(T0 + minutes(29))}, status=200)
    assert ended["until_at"] == iso(T0 + minutes(29)).replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({**STORM, "details": {"weather": "fog"}}, "details.weather"),
        ({**STORM, "details": {"weather": "snow", "speed_percent": 0}}, "details.speed_percent"),
        ({**STORM, "vehicle_id": "van-1"}, "vehicle_id: Extra inputs are not permitted"),
        ({**DELAY, "vehicle_id": None}, "vehicle_id"),
        ({**DELAY, "details": {}}, "delay_s: Field required"),
        ({**DELAY, "details": {"delay_s": 0}}, "greater than or equal to 1"),
        ({**FAILED, "details": {"zone": "warm"}}, "details.zone"),
        (
            {**FAILED, "kind": "breakdown", "details": {"lat_deg": 31.2}},
            "lat_deg and lon_deg belong together",
        ),
        (
            {
                **SINCE,
                "kind": "road_closed",
                "details": {"lat_deg": 91, "lon_deg": 0, "radius_m": 9},
            },
            "details.lat_deg",
        ),
        ({**SINCE, "kind": "strike", "details": {}}, "'weather', 'road_closed'"),
        ({**STORM, "until_at": iso(T0)}, "until_at must come after from_at"),
        ({**STORM, "from_at": "2026-11-21T10:00:00"}, "has no time zone"),
    ],
)
def test_a_disruption_that_is_wrong_says_where(
    world: World, body: dict[str, Any], says: str
) -> None:
    assert says in disrupt(world, body, 422)["detail"]
    assert world.get(f"/cities/{CITY}/disruptions") == []


def test_a_disruption_of_what_is_not_there_is_404(world: World) -> None:
    disrupt(world, {**DELAY, "vehicle_id": "van-9"}, 404)
    disrupt(world, {**STORM, "city_id": "nowhere"}, 404)
