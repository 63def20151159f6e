"""What is promised can be kept, and what can't is answered with what can."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.check import check
from routing.dispatch import greedy, promising
from routing.dispatch.decision import NewPromise
from routing.dispatch.keeping import promised_s, reserve_s
from routing.dispatch.problem_of import stand
from routing.dispatch.promising import Answers, Ask, answer
from routing.dispatch.replanning import Why, inserted, replan
from routing.dispatch.standing import Standing
from routing.dispatch.state import CityLocker, CityState, Offer, Shift
from routing.evaluate import Evaluation, evaluate
from routing.problem import Load, Problem
from tests.living_city import WAYS, at, city_state, later, with_plan

NEWS = Why(reason="orders")


def planned(**changes: Any) -> CityState:
    """Return a city with a plan."""
    state = city_state(**changes)
    return with_plan(state, replan(stand(state, WAYS), NEWS, seed=1, iterations=100))


def asking(state: CityState, like: int = 0, **changes: Any) -> CityState:
    """Return the state with one order more, near another, that waits for an answer."""
    values: dict[str, Any] = {
        "id": "new",
        "stage": "requested",
        "requested_at": state.now,
        "placed_at": state.now,
        "due_at": None,
        "depot_id": None,
        "alternates": (),
        "locker_id": None,
        "packed_at": None,
        "aboard": None,
        "departed_at": None,
        "delivered_at": None,
    }
    new = replace(state.orders[like], **(values | changes))
    return replace(state, orders=(*state.orders, new))


def answered(state: CityState) -> NewPromise:
    """Return the one answer."""
    (promise,) = answer(stand(state, WAYS)).promises
    return promise


CITY = planned(orders=20)
"""At 16:30, with its evening before it."""


def test_the_tier_runs_from_the_request() -> None:
    """A diamond member's 2 hours from 16:30."""
    promise = answered(asking(CITY, tier_h=2))
    assert promise.state == "promised"
    assert promise.due_at == at("18:30")
    assert promise.depot_id is not None
    assert promise.depot_id not in promise.alternates


def test_no_promise_goes_beyond_closing() -> None:
    promise = answered(asking(city_state(orders=20, now="21:30"), tier_h=6))
    assert promise.due_at in {None, at("23:00")}
    assert all(offer.due_at <= at("23:00") for offer in promise.offers)


def test_what_is_promised_is_in_the_next_plan_in_time() -> None:
    state = asking(CITY, like=3, tier_h=4)
    answers = answer(stand(state, WAYS))
    check(answers.standing.problem)
    plan = inserted(answers.standing, NEWS)
    assert plan is not None
    rows = [stop for stop in plan.stops if stop.order_id == "new"]
    assert len(rows) == 1
    due_at = answers.promises[0].due_at
    assert due_at is not None
    assert rows[0].arrives_at <= due_at - timedelta(minutes=5)
    assert [change.what for change in plan.changes if change.order_id == "new"] == ["planned"]


def test_first_come_first_served() -> None:
    """Two that ask are answered in the order of their requests, whatever their ids."""
    state = asking(CITY, id="z", requested_at=at("16:28"))
    state = asking(state, id="b", requested_at=at("16:29"))
    promises = answer(stand(state, WAYS)).promises
    assert [promise.order_id for promise in promises] == ["z", "b"]


@pytest.mark.parametrize("by", [answer, greedy.answer], ids=["search", "greedy"])
def test_a_look_answers_the_earliest_twenty(by: Callable[[Standing], Answers]) -> None:
    """Of 21 the one that asked last waits for the next look, whatever its id."""
    state = asking(CITY, id="a", requested_at=at("16:29"))
    for k in range(20):
        state = asking(state, id=f"n{k:02}", requested_at=at("16:28"))
    answers = by(stand(state, WAYS))
    assert [promise.order_id for promise in answers.promises] == [f"n{k:02}" for k in range(20)]


def test_the_nearest_depot_that_has_the_goods() -> None:
    """Without its chilled stock another depot brings it; without any stock nobody does."""
    load = Load(chilled_g=5000)
    near = answered(asking(CITY, load=load)).depot_id
    empty = tuple(
        replace(depot, stock_g={"chilled": 4999}) if depot.id == near else depot
        for depot in CITY.depots
    )
    other = answered(asking(replace(CITY, depots=empty), load=load))
    assert other.depot_id != near
    assert near not in other.alternates
    enough = tuple(replace(depot, stock_g={"chilled": 5000}) for depot in CITY.depots)
    assert answered(asking(replace(CITY, depots=enough), load=load)).depot_id == near
    none = tuple(replace(depot, stock_g={"chilled": 4999}) for depot in CITY.depots)
    promise = answered(asking(replace(CITY, depots=none), load=load))
    assert (promise.state, promise.reason) == ("impossible", "No depot has the goods.")


def test_stock_is_promised_only_once() -> None:
    """Goods for one order at each depot: as many promises as depots, and no more."""
    depots = tuple(replace(depot, stock_g={"chilled": 5000}) for depot in CITY.depots)
    state = replace(CITY, depots=depots)
    for k in range(len(depots) + 1):
        state = asking(state, id=f"n{k}", load=Load(chilled_g=5000), tier_h=6)
    promises = answer(stand(state, WAYS)).promises
    given_by = [promise.depot_id for promise in promises if promise.state == "promised"]
    assert len(given_by) == len(set(given_by))
    assert promises[-1].state != "promised"


def test_a_window_is_promised_as_booked() -> None:
    window = at("19:00"), at("21:00")
    promise = answered(asking(CITY, wish="window", window=window))
    assert (promise.state, promise.not_before, promise.due_at) == ("promised", *window)


def test_a_window_that_is_over_gets_offers() -> None:
    window = at("13:00"), at("15:00")
    promise = answered(asking(CITY, wish="window", window=window))
    assert promise.state == "offered"
    assert promise.reason == "It is too late for that today."
    assert all(offer.due_at > CITY.now for offer in promise.offers)


@pytest.mark.parametrize(("hours", "offered"), [(("19:00", "21:00"), 1), (("13:00", "15:00"), 0)])
def test_a_window_of_tomorrow_is_offered_at_its_hours_today(
    hours: tuple[str, str], offered: int
) -> None:
    """It is 16:30: 19:00 to 21:00 is still ahead, 13:00 to 15:00 is over."""
    window = tomorrow(hours[0]), tomorrow(hours[1])
    promise = answered(asking(CITY, wish="window", window=window))
    assert (promise.state, promise.reason) == ("offered", "That window is not today.")
    windows = [(offer.window_from, offer.due_at) for offer in promise.offers if offer.window_from]
    assert windows == [(at(hours[0]), at(hours[1]))] * offered


def test_an_hour_that_cannot_be_kept_is_answered_with_one_that_can() -> None:
    """A tier of no hours at all: whatever is offered comes later, and is kept."""
    state = asking(CITY, tier_h=0)
    promise = answered(state)
    assert promise.state == "offered"
    assert promise.due_at is None
    for offer in promise.offers:
        assert promise_of(state, promise.offers, offer).state == "promised"


def promise_of(state: CityState, offers: tuple[Offer, ...], offer: Offer) -> NewPromise:
    """Return the answer to a member who takes an offer."""
    taken = tuple(
        replace(order, offers=offers, accepted_offer=offers.index(offer))
        if order.id == "new"
        else order
        for order in state.orders
    )
    promise = answered(replace(state, orders=taken))
    if promise.state == "promised":
        assert promise.due_at == offer.due_at
        assert promise.not_before == offer.window_from
    return promise


def with_locker(state: CityState, free: int) -> CityState:
    """Return the state with a locker beside the first order."""
    beside = state.orders[0]
    locker = CityLocker(id="L1", lat_deg=beside.lat_deg, lon_deg=beside.lon_deg, free=free)
    return replace(state, lockers=(locker,))


def test_a_locker_too_far_to_walk_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.02° further north are 2.2 km: no plan is asked whether it could be brought there."""
    near = with_locker(CITY, 1)
    far = replace(near.lockers[0], lat_deg=near.lockers[0].lat_deg + 0.02)
    tried: list[Ask] = []
    places = promising._Desk.places

    def noted(desk: promising._Desk, ask: Ask, *args: Any, **more: Any) -> Any:
        tried.append(ask)
        return places(desk, ask, *args, **more)

    monkeypatch.setattr(promising._Desk, "places", noted)
    answered(
        asking(
            replace(near, lockers=(far,)),
            tier_h=0,
            load=Load(chilled_g=5000),
            requested_at=at("16:31"),
        )
    )
    assert tried
    assert {ask.locker_id for ask in tried} == {None}


@pytest.mark.parametrize(("free", "state"), [(1, "promised"), (0, "offered")])
def test_a_locker_takes_what_it_has_room_for(free: int, state: str) -> None:
    wish: dict[str, Any] = {"wish": "locker", "locker_id": "L1", "load": Load(chilled_g=5000)}
    promise = answered(asking(with_locker(CITY, free), **wish))
    assert promise.state == state


def test_two_do_not_get_the_last_compartment() -> None:
    wish: dict[str, Any] = {"wish": "locker", "locker_id": "L1", "load": Load(chilled_g=5000)}
    state = asking(with_locker(CITY, 1), id="n1", **wish)
    state = asking(state, id="n2", **wish)
    promises = answer(stand(state, WAYS)).promises
    assert [promise.state for promise in promises] == ["promised", "offered"]
    assert promises[1].reason == "Locker L1 is full."


def test_frozen_goods_go_into_no_locker() -> None:
    wish: dict[str, Any] = {"wish": "locker", "locker_id": "L1", "load": Load(frozen_g=5000)}
    promise = answered(asking(with_locker(CITY, 5), **wish))
    assert promise.reason == "A locker is chilled: it can't take frozen goods."
    assert all(offer.locker_id is None for offer in promise.offers)


def test_what_no_vehicle_can_carry_is_impossible() -> None:
    promise = answered(asking(CITY, load=Load(chilled_g=900_000)))
    assert promise.state == "impossible"
    assert "900" in promise.reason


def test_at_night_nothing_is_promised() -> None:
    promise = answered(asking(city_state(orders=5, now="23:30")))
    assert (promise.state, promise.offers) == ("impossible", ())


def tomorrow(clock: str) -> datetime:
    """Return a time of the day after."""
    return at(clock) + timedelta(days=1)


def night(now: datetime, *, hours: Sequence[int] = (8, 15, 23), **policy: Any) -> CityState:
    """Return a city at night that opens at 8:00, with shifts between these hours on two days."""
    state = city_state(orders=20)
    shifts = tuple(
        Shift(
            from_at=at(f"{24 * day + from_h}:00"),
            until_at=at(f"{24 * day + until_h}:00"),
            drivers=("Wang",),
        )
        for day in (0, 1)
        for from_h, until_h in pairwise(hours)
    )
    return replace(
        state,
        now=now,
        city=replace(state.city, policy=replace(state.city.policy, **policy)),
        vehicles=tuple(replace(vehicle, shifts=shifts) for vehicle in state.vehicles),
        orders=tuple(replace(order, stage="delivered") for order in state.orders),
    )


@pytest.mark.parametrize("now", [at("23:30"), tomorrow("01:00"), tomorrow("04:01")])
def test_at_night_the_day_that_comes_is_asked_for(now: datetime) -> None:
    """From closing on a tier's hours run from the next opening, 8:00, and nobody comes before."""
    state = night(now)
    promise = answered(asking(state, tier_h=4))
    assert (promise.state, promise.not_before, promise.due_at) == (
        "promised",
        tomorrow("08:00"),
        tomorrow("12:00"),
    )
    window = tomorrow("18:00"), tomorrow("20:00")
    promise = answered(asking(state, wish="window", window=window))
    assert (promise.state, promise.not_before, promise.due_at) == ("promised", *window)


def test_at_night_the_first_window_of_the_day_that_comes_is_offered() -> None:
    """A window from before opening is not offered: 8:00 to 10:00 is the first."""
    over = at("21:00"), at("23:00")
    promise = answered(asking(night(tomorrow("01:00")), wish="window", window=over))
    assert promise.state == "offered"
    froms = [offer.window_from for offer in promise.offers if offer.window_from is not None]
    assert froms == [tomorrow("08:00")]


def test_greedy_asks_for_the_day_that_comes_too() -> None:
    state = asking(night(tomorrow("01:00")), tier_h=4)
    (promise,) = greedy.answer(stand(state, WAYS)).promises
    assert promise.due_at == tomorrow("12:00")


@pytest.mark.parametrize(
    ("now", "due_at"),
    [(at("23:00"), tomorrow("03:00")), (tomorrow("01:00"), tomorrow("05:00"))],
)
def test_a_city_open_around_the_clock_promises_at_any_hour(now: datetime, due_at: datetime) -> None:
    """Four hours from then, with vehicles on shift all the time."""
    state = night(now, hours=(0, 12, 24), opens_s=0, closes_s=86_400)
    promise = answered(asking(state, tier_h=4))
    assert (promise.state, promise.not_before, promise.due_at) == ("promised", None, due_at)


@pytest.mark.parametrize(
    ("away_min", "reserve_min"), [(0, 5), (30, 5), (60, 9), (120, 18), (300, 20)]
)
def test_a_promise_keeps_a_reserve(away_min: int, reserve_min: int) -> None:
    """15 % of the time until then, 5 minutes at least and 20 at most."""
    assert reserve_s(away_min * 60) == reserve_min * 60


def promises_broken_s(problem: Problem, plan: Evaluation) -> int:
    """Return by how much promises are broken in all; plans aim earlier than they are due."""
    due_s = {order.id: promised_s(order) for order in problem.orders}
    stops = [stop for route in plan.routes for trip in route.trips for stop in trip.stops]
    return sum(max(0, stop.starts_s - due_s[stop.order]) for stop in stops)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(1, 6),
    count=st.integers(1, 5),
    like=st.integers(0, 29),
    tier_h=st.sampled_from([2, 4, 6]),
    driven_min=st.integers(0, 120),
)
def test_a_promise_breaks_no_other(
    seed: int, count: int, like: int, tier_h: int, driven_min: int
) -> None:
    """Who was in time before some orders more were promised is in time after it."""
    state = planned(orders=30, seed=seed)
    state = later(state, state.now + timedelta(minutes=driven_min))
    for k in range(count):
        state = asking(state, like=(like + k) % 30, id=f"n{k}", tier_h=tier_h)
    standing = stand(state, WAYS)
    answers = answer(standing)
    check(answers.standing.problem)
    before = evaluate(standing.problem, standing.start)
    after = evaluate(answers.standing.problem, answers.standing.start)
    assert after.feasible
    assert promises_broken_s(answers.standing.problem, after) == promises_broken_s(
        standing.problem, before
    )
    assert answers == answer(standing)


def test_each_order_gets_one_answer() -> None:
    state: CityState = CITY
    for k in range(4):
        state = asking(state, like=k, id=f"n{k}")
    promises = answer(stand(state, WAYS)).promises
    assert [promise.order_id for promise in promises] == ["n0", "n1", "n2", "n3"]
    for promise in promises:
        assert promise.reason
        assert (promise.due_at is not None) == (promise.state == "promised")
