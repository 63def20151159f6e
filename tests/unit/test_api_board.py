"""What the console says of a city: values in, words out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.dispatch.board import Board, CityLook, board_of
from api.dispatch.console_words import CONSOLE_WORDS
from api.dispatch.disruption_bodies import Disruption
from api.dispatch.outlook import outlook_of
from api.dispatch.resources import Pin, Rescue, Unserved, VehicleNow
from api.dispatch.store_plan import City, Standing
from api.store_events import Position
from api.words import Language
from schemas.ids import CityId

# 10:00 in Shanghai.
T0 = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def stop(order_id: str, arrives_min: float, due_min: float | None) -> dict[str, Any]:
    """Return a delivery that is expected within 4 minutes before and 8 after."""
    arrives_at = T0 + minutes(arrives_min)
    times: dict[str, Any] = {
        "arrives_at": arrives_at,
        "earliest_at": arrives_at - minutes(4),
        "latest_at": arrives_at + minutes(8),
        "leaves_at": arrives_at + minutes(3),
        "due_at": None if due_min is None else T0 + minutes(due_min),
    }
    return {
        **times,
        "outlook": outlook_of(times),
        "position": 1,
        "kind": "deliver",
        "order_id": order_id,
        "depot_id": None,
        "to_locker": False,
        "locked": False,
        "trip": 1,
        "lat_deg": 31.2,
        "lon_deg": 121.45,
    }


def van(vehicle_id: str, *stops: dict[str, Any], **more: Any) -> VehicleNow:
    nothing = {"frozen_g": 0, "chilled_g": 0, "ambient_g": 0}
    shift = {"from_at": T0 - minutes(60), "until_at": T0 + minutes(60), "drivers": ["a"]}
    values: dict[str, Any] = {
        "vehicle_id": vehicle_id,
        "kind": "van",
        "role": "regular",
        "depot_id": "xuhui",
        "shift": shift,
        "position": None,
        "capacity": nothing,
        "aboard": nothing,
        "orders_aboard": [],
        "compartments": [],
        "disruptions": [],
        "stops_left": len(stops),
        "next_stops": list(stops),
    }
    return VehicleNow.model_validate(values | more)


def disruption(kind: str, **details: Any) -> Disruption:
    return Disruption.model_validate(
        {
            "disruption_id": "d-1",
            "city_id": "shanghai",
            "kind": kind,
            "vehicle_id": None if kind in {"weather", "road_closed"} else "van-1",
            "details": details,
            "from_at": T0,
            "until_at": None,
            "recorded_at": T0,
            "recorded_by": "a test",
        }
    )


def board(*vehicles: VehicleNow, language: Language = Language.ENGLISH, **more: Any) -> Board:
    values: dict[str, Any] = {
        "city": City(
            city_id=CityId("shanghai"), name="Shanghai", time_zone="Asia/Shanghai", policy={}
        ),
        "now": T0,
        "position": Position(1, 0),
        "version": 0,
        "dispatcher_lives": True,
        "standing": standing(),
        "vehicles": vehicles,
        "changes": [],
        "rescues": [],
        "disruptions": [],
        "landmarks": [],
        "asking": 0,
    }
    return board_of(CityLook(**(values | more)), language)


def standing(**more: Any) -> Standing:
    return Standing(**({"made": None, "stops": [], "unserved": [], "pins": []} | more))


LEFT = Unserved.model_validate(
    {"order_id": "order-9", "reason": "shift", "sentence": "Too late.", "remedy": "A shift."}
)


def test_all_is_well_only_where_nothing_is_late_at_risk_or_left_behind() -> None:
    fine = board(van("van-1", stop("order-1", 30, 60)))
    assert (fine.headline, fine.mood) == ("Everything is on time.", "fine")
    behind = board(van("van-1"), standing=standing(unserved=[LEFT]))
    assert (behind.headline, behind.mood) == ("1 left behind", "warn")


def test_without_a_dispatcher_nothing_else_is_said() -> None:
    assert board(dispatcher_lives=False).headline.startswith("No dispatcher runs")


def test_late_orders_come_first_each_the_most_urgent_first() -> None:
    """Late: expected after the promise. At risk: the interval reaches 8 minutes beyond."""
    shown = board(
        van("van-1", stop("soon-at-risk", 20, 25), stop("later-late", 50, 49)),
        van("van-2", stop("late", 40, 30), stop("fine", 20, 29), stop("no-promise", 20, None)),
    )
    assert [row.order_id for row in shown.warnings] == ["late", "later-late", "soon-at-risk"]
    assert shown.headline == "2 late · 1 at risk"
    assert shown.warnings[0].due == "10:30"
    assert shown.warnings[0].expected == "10:40 (10:36–10:48)"
    figures = {figure.name: figure.number for figure in shown.figures}
    assert (figures["to_come"], figures["late"], figures["at_risk"]) == (5, 2, 1)


def test_thirty_warnings_are_shown_and_the_others_counted() -> None:
    shown = board(van("van-1", *(stop(f"order-{n}", 40, 30) for n in range(33))))
    assert len(shown.warnings) == 30
    assert shown.more_warnings == "and 3 more"
    assert board(van("van-1", *(stop(f"o-{n}", 40, 30) for n in range(30)))).more_warnings is None


def test_a_time_of_another_day_has_its_date() -> None:
    """15 hours after 10:00 it is 01:00 of the next day, in the city's own zone."""
    shown = board(van("van-1", stop("order-1", 15 * 60, 14 * 60)))
    assert shown.warnings[0].due == "11-22 00:00"


@pytest.mark.parametrize(
    ("more", "state", "mood"),
    [
        ({}, "free", "free"),
        ({"orders_aboard": ["order-1", "order-2"]}, "2 aboard", "out"),
        ({"shift": None}, "off shift", "off"),
        (
            {
                "shift": {
                    "from_at": T0 + minutes(30),
                    "until_at": T0 + minutes(60),
                    "drivers": ["a"],
                }
            },
            "from 10:30",
            "off",
        ),
        (
            {"orders_aboard": ["order-1"], "disruptions": [disruption("cooling_failed")]},
            "cooling failed",
            "late",
        ),
    ],
)
def test_what_is_wrong_with_a_vehicle_comes_before_what_it_does(
    more: dict[str, Any], state: str, mood: str
) -> None:
    (row,) = board(van("van-1", **more)).vehicles
    assert (row.state, row.mood) == (state, mood)


def test_a_load_is_that_of_the_fullest_compartment() -> None:
    """30 of 40 kg are 75 %; 10 of 100 kg are 10 %; there is no frozen room."""
    full = van(
        "van-1",
        capacity={"frozen_g": 0, "chilled_g": 40_000, "ambient_g": 100_000},
        aboard={"frozen_g": 0, "chilled_g": 30_000, "ambient_g": 10_000},
    )
    assert [row.load_percent for row in board(full, van("van-2")).vehicles] == [75, 0]


def test_a_vehicle_shows_the_worst_of_its_stops_and_the_next_of_them() -> None:
    (row,) = board(van("van-1", stop("first", 20, 60), stop("second", 50, 40))).vehicles
    assert (row.next_stop, row.expected) == ("first", "10:20 (10:16–10:28)")
    assert (row.outlook, row.stops_left) == ("late", 2)


def test_of_a_box_in_question_the_chosen_way_comes_first() -> None:
    options = [
        {
            "action": action,
            "vehicle_id": "van-1",
            "arrives_at": T0 + minutes(5),
            "cost": cost,
            "spoil_chance": 0.184,
        }
        for action, cost in (("keep", 14_100), ("bring_forward", -250))
    ]
    rescue = Rescue.model_validate(
        {
            "rescue_id": 1,
            "version": 1,
            "order_id": "order-1",
            "consignment_id": "order-1.chilled",
            "cause": "forecast",
            "options": options,
            "chosen": "bring_forward",
            "why": "It is sooner there.",
            "decided_at": T0,
        }
    )
    (row,) = board(rescues=[rescue]).rescues
    assert [(option.words, option.is_chosen) for option in row.options] == [
        ("bring it forward", True),
        ("go on as planned", False),
    ]
    assert row.options[0].details == "van-1 · 10:05 · costs 2.50 less · spoils with 18 %"
    assert row.options[1].details == "van-1 · 10:05 · costs 141.00 more · spoils with 18 %"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (disruption("delay", delay_s=1800), "30 min"),
        (disruption("cooling_failed", zone=None), "all compartments"),
        (disruption("cooling_failed", zone="frozen"), "frozen"),
        (disruption("breakdown", lat_deg=None, lon_deg=None), ""),
        (
            disruption("road_closed", lat_deg=31.2, lon_deg=121.4, radius_m=300),
            "within 300 m of 31.2, 121.4",
        ),
        (
            disruption(
                "weather", weather="snow", speed_percent=60, extra_service_s=90, hold_percent=130
            ),
            "snow: speed 60 %, 90 s longer at each stop, boxes hold 130 %",
        ),
        (
            disruption("weather", weather="fog"),
            "fog: speed – %, – s longer at each stop, boxes hold – %",
        ),
    ],
)
def test_a_disruption_is_said_in_words(said: Disruption, words: str) -> None:
    (line,) = board(disruptions=[said]).disruptions
    assert line.why == words
    assert line.words.endswith("10:00 · until it is ended")


def test_pins_and_holds_say_what_they_cost() -> None:
    pins = [
        Pin.model_validate(
            {
                "order_id": "order-1",
                "kind": kind,
                "vehicle_id": vehicle_id,
                "hold_until": hold_until,
                "price": 260,
                "by": "dispatcher-1",
            }
        )
        for kind, vehicle_id, hold_until in (("pin", "van-5", None), ("hold", None, T0))
    ]
    lines = board(standing=standing(pins=pins)).pins
    assert [line.words for line in lines] == ["order-1 stays on van-5", "order-1 waits until 10:00"]
    assert {line.why for line in lines} == {"costs 2.60 more"}


@pytest.mark.parametrize("language", list(Language))
def test_each_language_has_a_word_for_each_thing(language: Language) -> None:
    words, other = CONSOLE_WORDS[language], CONSOLE_WORDS[Language.ENGLISH]
    for name in ("figures", "columns", "states", "actions", "causes", "whats", "kinds", "reasons"):
        assert getattr(words, name).keys() == getattr(other, name).keys()
    assert board(language=language).headline == words.all_well
